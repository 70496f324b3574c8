"""The tables that a command reads or writes: in a home, or in Unity Catalog."""

from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import UserError

if TYPE_CHECKING:  # engines load only when a command uses one
    from pyspark.sql import SparkSession

    from pipeline.answers.questions import Questions
    from pipeline.engine.session import Engine
    from pipeline.lakehouse.protocol import Lakehouse
    from pipeline.tables.declaration import Table


def opened(home: Path, engine: str) -> "tuple[SparkSession, Lakehouse]":
    """The tables of a home of this release that has some; UserError where there are none yet."""
    from pipeline.nightly.schema_versions import refuse_other_release
    from pipeline.tables import ops

    spark, lakehouse = holding(home, engine, ops.POSITIONS)
    refuse_other_release(lakehouse)
    return spark, lakehouse


def holding(home: Path, engine: str, *any_of: "Table") -> "tuple[SparkSession, Lakehouse]":
    """The tables of a home of any release that has one of these; UserError where it has none yet."""
    from pipeline.engine.session import Engine, connect

    chosen = engine_of(Engine, engine)
    nothing = UserError(
        f"{where(home, engine)} holds no tables yet: run rightrun nightly first, or name another"
        + (" setting catalog" if chosen is Engine.DATABRICKS else " --home")
    )
    # A folder is looked at before an engine is started for it.
    logs = [home / table.layer.schema / table.name / "_delta_log" for table in any_of]
    if chosen is not Engine.DATABRICKS and not any(log.exists() for log in logs):
        raise nothing
    spark = connect(chosen)
    lakehouse = lakehouse_of(home, engine, spark)
    if not any(map(lakehouse.exists, any_of)):
        raise nothing
    return spark, lakehouse


def lakehouse_of(home: Path, engine: str, spark: "SparkSession") -> "Lakehouse":
    """Where the tables are: in Unity Catalog on Databricks, else in the home."""
    from pipeline.engine.session import Engine
    from pipeline.lakehouse.catalog.tables import DeltaCatalog
    from pipeline.settings import load_settings

    if engine_of(Engine, engine) is Engine.DATABRICKS:
        return DeltaCatalog(load_settings(home).catalog, spark)
    # delta-rs is not on a Databricks runtime.
    from pipeline.lakehouse.folder.tables import DeltaFolder

    return DeltaFolder(home, spark)


def writing(home: Path, engine: str, spark: "SparkSession") -> "Lakehouse":
    """The lakehouse as its one writer finds it: what died with an earlier one is removed."""
    from pipeline.lakehouse.catalog.tables import DeltaCatalog

    lakehouse = lakehouse_of(home, engine, spark)
    if isinstance(lakehouse, DeltaCatalog):
        # A folder's leftovers go with taking its lock.
        lakehouse.clear_staging()
    return lakehouse


def where(home: Path, engine: str) -> str:
    from pipeline.engine.session import Engine
    from pipeline.settings import load_settings

    if engine_of(Engine, engine) is Engine.DATABRICKS:
        return f"{load_settings(home).catalog}.<schema>.<table>"
    return f"{home}/<schema>/<table>"


def questions_of(home: Path, engine: str, team: str | None, owner: str | None) -> "Questions":
    """The questions that can be asked of a home, about the jobs of a team or an owner."""
    from pipeline.answers.questions import Filter, Questions

    _, lakehouse = opened(home, engine)
    return Questions(lakehouse, Filter.among(lakehouse, team, owner))


def engine_of(engines: "type[Engine]", name: str) -> "Engine":
    """The engine called so; UserError with all names where there is none."""
    try:
        return engines(name)
    except ValueError as error:
        raise UserError(f"there is no engine {name!r}; engines are {', '.join(engines)}") from error
