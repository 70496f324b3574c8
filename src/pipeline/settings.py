"""What a user may set: on the command line, before RIGHTRUN_* variables, before `<home>/rightrun.yml`."""

import re
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from pipeline.alert_settings import AlertSettings
from pipeline.channel_settings import ChannelSettings
from pipeline.errors import UserError
from pipeline.expressions.run_names import DEFAULT_RUN_NAMES, RUN_NAME_RULES, refuse_pattern
from pipeline.near_names import did_you_mean
from pipeline.steps.given import LeftOut


class Days(BaseModel):
    """Days in a row, both ends included, of some jobs or of all."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    first_day: date = Field(alias="from")
    last_day: date = Field(alias="to")
    jobs: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _is_in_order(self) -> "Days":
        if self.last_day < self.first_day:
            raise ValueError(f"to {self.last_day} is before from {self.first_day}")
        for key in self.jobs:
            if "/" not in key:
                raise ValueError(f"jobs names {key!r}, which is no key: write workspace_id/job_id")
        return self


ChannelName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$")]


class Settings(BaseSettings):
    """Settings of a home; every field has a default that suits a first night."""

    model_config = SettingsConfigDict(
        env_prefix="RIGHTRUN_", extra="forbid", frozen=True, hide_input_in_errors=True
    )

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
    system_catalog: str | dict[str, str] = Field(
        default="system",
        description="Catalog that the source databricks reads system tables from. For several regions a"
        " catalog by the region's name, this workspace's own first; `CATALOG.SCHEMA` where one schema has"
        " all tables, as the bronze of a region's own nights.",
    )
    jobs_api: bool = Field(
        default=True,
        description="Whether the source databricks asks the Jobs API how jobs are set up: retries, queue,"
        " notifications and clusters, which no system table tells.",
    )
    experiment: str = Field(
        default="/Shared/rightrun",
        min_length=1,
        description="MLflow experiment that nights are logged to; evaluations are logged to one of this name"
        " with -evaluations behind it.",
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
    holidays: tuple[date, ...] = Field(
        default=(),
        description="Dates on which jobs do what they do on a Sunday, by each job's own clock:"
        " `[2026-12-25, 2026-12-26]`.",
    )
    freezes: tuple[Days, ...] = Field(
        default=(),
        description="Days whose runs are neither judged nor learned from, of all jobs or of some by key:"
        ' `[{from: 2026-12-21, to: 2027-01-03}, {from: 2026-06-01, to: 2026-06-02, jobs: ["1/2"]}]`.',
    )
    backfills: tuple[Days, ...] = Field(
        default=(),
        description="The same for days on which jobs catch up on old data.",
    )
    alert_floor_minutes: float = Field(
        default=5.0,
        ge=0,
        description="What an unusual run must take longer or shorter than usual, or wait longer, for"
        " anybody to be alerted: below it is only listed.",
    )
    alert_floor_cost: float = Field(
        default=1.0,
        ge=0,
        description="What an unusual run must cost more than usual, in currency_code, likewise.",
    )
    channels: dict[ChannelName, ChannelSettings] = Field(
        default={},
        description="Channels that messages leave by, each by a name of yours: `{team-data: {kind: slack, url:"
        " '${env:SLACK_URL}'}}`. What is secret is only referred to: [alerts](alerts.md#channels).",
    )
    alerts: AlertSettings = Field(
        default=AlertSettings(),
        description="Who is told of what: `{to: [team-data], tiers: {1/2: P1}, pages_a_week: 20}`; the whole policy"
        " is in [alerts](alerts.md#policy).",
    )
    watch_workspaces: tuple[str, ...] = Field(
        default=(),
        description="Workspaces that `rightrun watch` asks, each by an address (`https://...`) or by a profile of the"
        " Databricks CLI; by default the one that the environment names.",
    )
    watch_requests: int = Field(
        default=60,
        ge=5,
        description="Requests that one look of `rightrun watch` may make of a workspace; critical jobs come first:"
        " [between nights](alerts.md#between-nights).",
    )
    model_prefix: str = Field(
        default="rightrun.model",
        min_length=1,
        description="Catalog and schema that registered models live in.",
    )
    model_versions_kept: int = Field(
        default=30,
        ge=1,
        description="Versions of each registered model that are kept, the newest; older ones are deleted,"
        " save the champion and any other that an alias names.",
    )

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """Freezes and backfills as steps take them."""
        return tuple(
            LeftOut(days.first_day, days.last_day, days.jobs)
            for days in (*self.freezes, *self.backfills)
        )

    @field_validator("system_catalog")
    @classmethod
    def _catalogs_are_named(cls, catalogs: str | dict[str, str]) -> str | dict[str, str]:
        places = {"": catalogs} if isinstance(catalogs, str) else catalogs
        if not places:
            raise ValueError("no region is named: write `region: catalog`")
        for place in places.values():
            if not 1 <= len(parts := place.split(".")) <= 2 or not all(parts):
                raise ValueError(f"{place!r} is not CATALOG or CATALOG.SCHEMA")
        return catalogs

    @field_validator("watch_workspaces")
    @classmethod
    def _addresses_are_safe(cls, places: tuple[str, ...]) -> tuple[str, ...]:
        for place in places:
            if not place or ("://" in place and not place.startswith("https://")):
                raise ValueError(
                    "a workspace is an address that begins with https://, or a profile"
                )
        return places

    @field_validator("run_name_rules")
    @classmethod
    def _rules_are_understood(cls, rules: dict[str, str]) -> dict[str, str]:
        for pattern, replacement in rules.items():
            refuse_pattern(pattern)
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
            refuse_pattern(pattern)
        return names


def load_settings(home: Path) -> Settings:
    """Settings of `home`; UserError naming the field that cannot be used and where it is set.

    A variable stands for the whole value: the file's SLAs do not count beside those of the variable.
    """
    file = home / "rightrun.yml"
    written = _written(file)
    # Refused out of the handlers: what pydantic keeps with its errors are the values, a secret perhaps.
    try:
        exported = EnvSettingsSource(Settings)()
    except SettingsError as error:
        named = re.search(r'field "(\w+)"', str(error))
        variable = f"RIGHTRUN_{named[1].upper()}" if named else "a variable RIGHTRUN_*"
        refusal = f"{variable} is not readable JSON: write it as it would stand in rightrun.yml"
    else:
        try:
            return Settings(**{**written, **exported})
        except ValidationError as error:
            refusal = _refusal(error, file, exported)
    raise UserError(refusal)


def _refusal(error: ValidationError, file: Path, exported: dict[str, Any]) -> str:
    """Which setting is wrong, where and how, without its value unless a rule of ours tells it."""
    first = error.errors(include_input=False, include_context=False)[0]
    name = str(first["loc"][0])
    if first["type"] == "extra_forbidden" and len(first["loc"]) == 1:
        every = f"settings are {', '.join(Settings.model_fields)}"
        hint = did_you_mean(name, Settings.model_fields, otherwise=every)
        return f"there is no setting {name!r}, as in {file}: {hint}"
    place = f"RIGHTRUN_{name.upper()}" if name in exported else str(file)
    spelled = ".".join(str(part) for part in first["loc"])
    quotes = ": put it in quotes" if first["type"] == "string_type" else ""
    reason = first["msg"].removeprefix("Value error, ")
    return f"setting {spelled} in {place}: {reason}{quotes}"


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
