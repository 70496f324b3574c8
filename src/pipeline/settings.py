"""What a user may set: by `<home>/rightrun.yml`, by RIGHTRUN_* variables, by the command line."""

from pathlib import Path

import yaml
from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from pipeline.errors import UserError


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
    model_prefix: str = Field(
        default="rightrun.model",
        min_length=1,
        description="Catalog and schema that registered models live in.",
    )


def load_settings(home: Path) -> Settings:
    """Settings of `home`; UserError naming the file and the field that cannot be used."""
    file = home / "rightrun.yml"
    try:
        values = yaml.safe_load(file.read_text()) if file.exists() else {}
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{file} is not readable YAML: {str(error).splitlines()[0]}") from error
    if values is None:
        values = {}
    if not isinstance(values, dict):
        raise UserError(f"{file} must hold settings as `name: value` lines")
    try:
        return Settings(**values)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"]) or "settings"
        raise UserError(f"setting {name} in {file} or RIGHTRUN_*: {first['msg']}") from error
