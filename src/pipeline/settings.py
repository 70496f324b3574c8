"""What a user may set: on the command line, before RIGHTRUN_* variables, before `<home>/rightrun.yml`."""

import re
from pathlib import Path
from typing import Annotated, Any, Final

import yaml
from pydantic import Field, TypeAdapter, ValidationError, field_validator
from pydantic_core import SchemaError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from pipeline.errors import UserError
from pipeline.near_names import did_you_mean

_SEPARATORS: Final = "[-_ .:#,@=(\\[{]"
_CLOSED: Final = "[)\\]}]?"
_YEAR: Final = "(?:19|20)[0-9]{2}"
_MONTH: Final = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_CLOCK: Final = "[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?(?:[.,][0-9]+)?(?: ?[ap]m)?(?: ?z| ?utc|[-+][0-9]{2}:?[0-9]{2})?"
_COMPACT_CLOCK: Final = "[0-9]{2}[-_.h]?[0-9]{2}(?:[-_.m]?[0-9]{2})?(?:[.,][0-9]+)?z?"
_COMPACT_DATE: Final = f"{_YEAR}[01][0-9][0-3][0-9](?:[t_-]?[0-9]{{4,6}}z?)?"
_WEEKDAY: Final = "(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,? +)?"

RUN_NAME_RULES: Final = {
    f"(?i){_SEPARATORS}*{pattern}{_CLOSED}": ""
    for pattern in (
        # A GUID, then a long hash.
        "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        "[0-9a-f]{32,64}",
        # Dates, with a time of day or without: 2026-11-01T03:00:00Z, Sun Nov 1, 2026, 01.11.2026.
        f"{_YEAR}[-/._][01]?[0-9][-/._][0-3]?[0-9](?:[t _-]*(?:{_CLOCK}|{_COMPACT_CLOCK}))?",
        _CLOCK,
        f"{_WEEKDAY}{_MONTH}[ ._-]*[0-9]{{1,2}}(?:st|nd|rd|th)?,?[ ._-]*{_YEAR}",
        f"{_WEEKDAY}[0-9]{{1,2}}[ ._-]*{_MONTH}[ ._-]*{_YEAR}",
        f"[0-3]?[0-9][-/._][0-3]?[0-9][-/._]{_YEAR}",
        f"{_YEAR}-?w[0-9]{{2}}(?:-[1-7])?",
    )
} | {
    # 20261101, 20261101T0300; at the beginning seconds since 1970, at the end a month.
    f"(?i){_SEPARATORS}+{_COMPACT_DATE}": "",
    f"(?i)^(?:{_COMPACT_DATE}|1[5-9][0-9]{{8}}(?:[0-9]{{3}}){{0,3}})(?:{_SEPARATORS}+|$)": "",
    f"{_SEPARATORS}+{_YEAR}[-_./][01][0-9]{_CLOSED}$": "",
    # A ULID of these decades.
    f"(?i){_SEPARATORS}*01[0-9a-hjkmnp-tv-z]{{24}}{_CLOSED}": "",
    # At the end a short hash, a number of five digits or more, and a shorter one that counts runs.
    f"(?i){_SEPARATORS}+[0-9a-f]{{7,31}}{_CLOSED}$": "",
    f"(?:{_SEPARATORS}+[0-9]{{5,}}(?:[.][0-9]+)?{_CLOSED})+$": "",
    f"(?i)(?:^|{_SEPARATORS}+)(?:run|attempt|try|retry|build|iteration|execution|no|nr)"
    f"(?:{_SEPARATORS}*(?:number|no|nr))?{_SEPARATORS}*[0-9]+(?: ?(?:of|/) ?[0-9]+)?{_CLOSED}$": "",
    f"{_SEPARATORS}*# ?[0-9]+{_CLOSED}$": "",
}
"""What is new in a name each time. Shorter numbers stay: `shard_3` is not `shard_4`."""

DEFAULT_RUN_NAMES: Final = (
    "untitled|unnamed|no[-_]?name|new|my|default|tests?|temp|tmp|debug|demo|main|model",
    "manual|once|ad[-_]?hoc|one[-_]?(?:time|off)|scheduled|submit(?:ted)?|execut(?:e|ion)",
    "(?:(?:asset|dataset)[-_])?triggered|backfill",
    "(?:run|job|task|notebook|pipeline|workflow|script|query|command|process|batch|flow|dag|step)s?",
    "api|etl|elt|python|sql|spark|dbt|adf|airflow|databricks|azure",
)


class Settings(BaseSettings):
    """Settings of a home; every field has a default that suits a first night."""

    model_config = SettingsConfigDict(env_prefix="RIGHTRUN_", extra="forbid", frozen=True)

    currency_code: str = Field(
        default="USD",
        pattern="^[A-Z]{3}$",
        description="Currency whose prices costs are computed in; amounts are never mixed.",
    )
    catalog: str = Field(
        default="rightrun",
        min_length=1,
        description="Catalog of Unity Catalog that the engine databricks keeps the tables in.",
    )
    experiment: str = Field(
        default="/Shared/rightrun",
        min_length=1,
        description="MLflow experiment that nights are logged to.",
    )
    slas: dict[str, str] = Field(
        default={},
        description="SLAs by the job's key (workspace_id/job_id, or workspace_id/name for submitted"
        " runs): `45m`, or `06:30 Europe/Berlin`. They count before what the job declares.",
    )
    most_quarantined: float = Field(
        default=0.01,
        ge=0,
        le=1,
        description="Share of the rows that a table delivers beyond which a night is not in order"
        " (exit code 1) when they could not be kept, or not with all their values.",
    )
    run_name_rules: dict[str, str] = Field(
        default=RUN_NAME_RULES,
        description="What is replaced in the names of submitted runs, one after another, before runs"
        " of one name are taken for one series: regular expressions and what stands for them, by"
        " default nothing for a GUID, a ULID, a hash, a date, a time, a run's number. Yours take their place.",
    )
    default_run_names: tuple[str, ...] = Field(
        default=DEFAULT_RUN_NAMES,
        description="Words (regular expressions, in any case) that say nothing of what runs. Runs with"
        " a name of nothing else are told apart by their first tasks.",
    )
    model_prefix: str = Field(
        default="rightrun.model",
        min_length=1,
        description="Catalog and schema that registered models live in.",
    )

    @field_validator("run_name_rules")
    @classmethod
    def _rules_are_understood(cls, rules: dict[str, str]) -> dict[str, str]:
        for pattern, replacement in rules.items():
            _refuse_pattern(pattern)
            if "$" in replacement or "\\" in replacement:
                raise ValueError(
                    f"what stands for {pattern!r} holds $ or a backslash, which engines read as a"
                    " group: use plain text"
                )
        return rules

    @field_validator("default_run_names")
    @classmethod
    def _names_are_understood(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in names:
            _refuse_pattern(pattern)
        return names


def _refuse_pattern(pattern: str) -> None:
    """ValueError for what one of the engines cannot read (Rust's expressions or Java's), and for what
    they read differently."""
    try:
        re.compile(pattern)
        TypeAdapter(Annotated[str, Field(pattern=pattern)])
    except (re.error, SchemaError) as error:
        why = str(error).strip().splitlines()[-1].strip()
        raise ValueError(
            f"{pattern!r} is no regular expression that both engines read ({why}): look-around and"
            " back-references are none"
        ) from error
    if "(?P<" in pattern or "[[" in pattern:
        raise ValueError(
            f"{pattern!r} names a group or nests a class: the engines read it differently"
        )
    if re.search(pattern, ""):
        raise ValueError(f"{pattern!r} matches where there is nothing: say what it must find")


def load_settings(home: Path) -> Settings:
    """Settings of `home`; UserError naming the field that cannot be used and where it is set.

    A variable stands for the whole value: the file's SLAs do not count beside those of the variable.
    """
    file = home / "rightrun.yml"
    written = _written(file)
    try:
        exported = EnvSettingsSource(Settings)()
    except SettingsError as error:
        named = re.search(r'field "(\w+)"', str(error))
        variable = f"RIGHTRUN_{named[1].upper()}" if named else "a variable RIGHTRUN_*"
        raise UserError(
            f"{variable} is not readable JSON: write it as it would stand in rightrun.yml"
        ) from error
    try:
        return Settings(**{**written, **exported})
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        if first["type"] == "extra_forbidden":
            every = f"settings are {', '.join(Settings.model_fields)}"
            hint = did_you_mean(name, Settings.model_fields, otherwise=every)
            raise UserError(f"there is no setting {name!r}, as in {file}: {hint}") from error
        place = f"RIGHTRUN_{name.upper()}" if name in exported else str(file)
        spelled = ".".join(str(part) for part in first["loc"])
        quotes = ": put it in quotes" if first["type"] == "string_type" else ""
        reason = first["msg"].removeprefix("Value error, ")
        raise UserError(f"setting {spelled} in {place}: {reason}{quotes}") from error


def _written(file: Path) -> dict[str, Any]:
    """What the file sets."""
    try:
        values = yaml.safe_load(file.read_text(encoding="utf-8")) if file.exists() else {}
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{file} is not readable YAML: {str(error).splitlines()[0]}") from error
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise UserError(f"{file} must hold settings as `name: value` lines")
    return {str(name): value for name, value in values.items()}
