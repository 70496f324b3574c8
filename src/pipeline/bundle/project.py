"""A bundle's folder as its files are generated from: what `databricks.yml` and `rightrun.yml` say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pipeline.bundle.names import (
    catalog_name,
    experiment_name,
    holds_reference,
    literal_name,
    target_name,
)
from pipeline.errors import UserError
from pipeline.settings import Settings, load_settings

ROOT = "databricks.yml"
SETTINGS = "rightrun.yml"
# The one in C, where pyyaml was built with it, takes a tenth of the time.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Target:
    """A target with what its files need to know of its variables: None where only a deployment knows."""

    name: str
    catalog: str
    run_as: str | None
    readers: str | None
    groups_of_team: Mapping[str, Sequence[str]]
    catalog_of_region: Mapping[str, str]
    """Where system tables are read from; empty where the setting says it."""
    has_warehouse: bool
    has_alert_subscribers: bool


@dataclass(frozen=True, slots=True)
class Project:
    """What everything in `resources` is made from."""

    settings: Mapping[str, Any]
    """`rightrun.yml` as it is written, which Settings has accepted."""
    targets: tuple[Target, ...]

    def setting(self, name: str) -> Any:
        return self.settings.get(name, Settings.model_fields[name].default)


def read_project(folder: Path) -> Project:
    """UserError for a folder without a bundle, and for a name that a bundle or its SQL cannot hold."""
    root = read_yaml(folder / ROOT)
    variables = _mapping(root.get("variables"), "variables")
    targets = _mapping(root.get("targets"), "targets")
    if not targets:
        raise UserError(f"{ROOT} has no targets: write at least one below `targets:`")
    return Project(
        settings=written_settings(folder),
        targets=tuple(_target(name, value, variables) for name, value in targets.items()),
    )


def written_settings(folder: Path) -> dict[str, Any]:
    """`rightrun.yml` as it is written; variables of this shell have no say in what is deployed."""
    file = folder / SETTINGS
    load_settings(folder)
    settings = read_yaml(file) if file.exists() else {}
    if "catalog" in settings:
        catalog_name(settings["catalog"], f"catalog in {SETTINGS}")
    if "experiment" in settings:
        experiment_name(settings["experiment"], f"experiment in {SETTINGS}")
    return settings


def read_yaml(file: Path) -> dict[str, Any]:
    """What a file of YAML maps; UserError where it cannot be read or maps nothing."""
    try:
        document = yaml.load(file.read_text(encoding="utf-8"), Loader=_LOADER)
    except FileNotFoundError as error:
        raise UserError(
            f"there is no {file}: run rightrun bundle init first, or name the folder"
        ) from error
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{file} is not readable YAML: {_first_line(error)}") from error
    return _mapping(document, str(file))


def assigned(value: object) -> object:
    """What a target's variable is assigned: it may be written as it is, or as a declaration's default."""
    return value.get("default") if isinstance(value, Mapping) and "default" in value else value


def _target(name: object, declared: object, variables: Mapping[str, Any]) -> Target:
    own = _mapping(
        _mapping(declared, f"targets.{name}").get("variables"), f"targets.{name}.variables"
    )

    def value(variable: str) -> tuple[object, str]:
        if variable in own:
            return assigned(own[variable]), f"targets.{name}.variables.{variable} in {ROOT}"
        return assigned(variables.get(variable)), f"variables.{variable} in {ROOT}"

    teams, place = value("team_groups")
    regions, place_of_regions = value("sources")
    return Target(
        name=target_name(name),
        catalog=catalog_name(*value("catalog")),
        run_as=_known_now(*value("run_as")),
        readers=_known_now(*value("readers")),
        groups_of_team={
            literal_name(team, place): _groups(groups, f"{place}, team {team!r}")
            for team, groups in _mapping(teams, place).items()
        },
        catalog_of_region={
            literal_name(region, place_of_regions): literal_name(catalog, place_of_regions)
            for region, catalog in _mapping(regions, place_of_regions).items()
        },
        has_warehouse=bool(value("warehouse_id")[0]),
        has_alert_subscribers=bool(value("alert_subscribers")[0]),
    )


def _known_now(name: object, place: str) -> str | None:
    """The principal, or None where it is a reference that only a deployment can follow."""
    if isinstance(name, str) and holds_reference(name):
        return None
    return literal_name(name, place)


def _groups(groups: object, place: str) -> tuple[str, ...]:
    several = groups if isinstance(groups, list) else [groups]
    if not several:
        raise UserError(f"{place} has no group: name one, or leave the team out")
    return tuple(literal_name(group, place) for group in several)


def _mapping(value: object, place: str) -> dict[Any, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise UserError(f"{place} must hold `name: value` lines")
    return value


def _first_line(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    where = f" in line {mark.line + 1}" if mark is not None else ""
    return f"{getattr(error, 'problem', None) or type(error).__name__}{where}"
