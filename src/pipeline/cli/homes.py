"""The tables that a command reads or writes: in a home, or in Unity Catalog."""

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.engine.names import Engine, engine_named
from pipeline.errors import UserError

if TYPE_CHECKING:  # engines load only when a command uses one
    from pyspark.sql import SparkSession

    from pipeline.answers.reader import Reader
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
    from pipeline.engine.session import connect

    chosen = engine_named(engine)
    nothing = _nothing_yet(home, engine)
    # A folder is looked at before an engine is started for it.
    logs = [home / table.layer.schema / table.name / "_delta_log" for table in any_of]
    if chosen is not Engine.DATABRICKS and not any(log.exists() for log in logs):
        raise nothing
    spark = connect(chosen)
    lakehouse = lakehouse_of(home, engine, spark)
    if not any(map(lakehouse.exists, any_of)):
        raise nothing
    return spark, lakehouse


def _nothing_yet(home: Path, engine: str) -> UserError:
    is_databricks = engine_named(engine) is Engine.DATABRICKS
    return UserError(
        f"{where(home, engine)} holds no tables yet: run rightrun nightly first, or name another"
        + (" setting catalog" if is_databricks else " --home")
    )


def lakehouse_of(home: Path, engine: str, spark: "SparkSession") -> "Lakehouse":
    """Where the tables are: in Unity Catalog on Databricks, else in the home."""
    from pipeline.lakehouse.catalog.tables import DeltaCatalog
    from pipeline.settings import load_settings

    if engine_named(engine) is Engine.DATABRICKS:
        return DeltaCatalog(load_settings(home).catalog, spark)
    # delta-rs is not on a Databricks runtime.
    from pipeline.lakehouse.folder.tables import DeltaFolder

    return DeltaFolder(home, spark)


def sole_writer(home: Path, engine: str, *, wait: bool = False) -> AbstractContextManager[None]:
    """Nobody else writes the tables until the block ends; UserError where somebody does.

    On Databricks nothing is written in the home, which holds settings only: there a file locks nobody
    out, and the Workflow sees to it that one night runs at a time.
    """
    if engine_named(engine) is Engine.DATABRICKS:
        return nullcontext()
    from pipeline.lakehouse.folder.lock import home_lock

    return home_lock(home, wait=wait)


def writing(home: Path, engine: str, spark: "SparkSession") -> "Lakehouse":
    """The lakehouse as its one writer finds it: what died with an earlier one is removed."""
    from pipeline.lakehouse.catalog.tables import DeltaCatalog

    lakehouse = lakehouse_of(home, engine, spark)
    if isinstance(lakehouse, DeltaCatalog):
        # A folder's leftovers go with taking its lock.
        lakehouse.clear_staging()
    return lakehouse


def where(home: Path, engine: str) -> str:
    from pipeline.settings import load_settings

    if engine_named(engine) is Engine.DATABRICKS:
        return f"{load_settings(home).catalog}.<schema>.<table>"
    return f"{home}/<schema>/<table>"


def truth_of(home: Path, lakehouse: "Lakehouse") -> Path | None:
    """Where the truth of the simulated account lies that the home is fed from; None for another source."""
    from pipeline.sources.address import parse_address
    from pipeline.sources.home_source import stored_source

    source = stored_source(lakehouse)
    kind, folder = parse_address(source.address(home)) if source is not None else ("", None)
    if kind != "simulated" or folder is None:
        return None
    return folder / "truth"


def reader_of(home: Path, engine: str) -> "Reader":
    """Whoever reads answers from the tables of a home of this release; UserError where there are none yet.

    A folder is read without an engine, whichever one is asked for.
    """
    from pipeline.answers.reader import records
    from pipeline.tables.releases import refuse_other

    if engine_named(engine) is Engine.DATABRICKS:
        from pipeline.answers.engine_reader import EngineReader

        return EngineReader(*opened(home, engine))
    from pipeline.answers.delta_reader import DeltaReader

    if not (home / "ops" / "positions" / "_delta_log").exists():
        raise _nothing_yet(home, engine)
    reader = DeltaReader(home)
    versions = records(reader, "nights", "releases")
    refuse_other({row["table_name"]: row["version"] for row in versions})
    return reader
