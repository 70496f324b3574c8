"""The tables that a command reads or writes: in a home, or in Unity Catalog."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.engine.names import Engine, engine_named
from pipeline.errors import UserError
from pipeline.tables.declaration import Part

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


@contextmanager
def writing(
    home: Path, engine: str, part: Part = Part.TABLES, *, wait: bool = False
) -> "Iterator[tuple[SparkSession, Lakehouse]]":
    """The tables as the one writer of `part` finds them: what died with an earlier one is removed.

    UserError saying who else writes it, or with `wait` wait for them. A home is held by a file's lock,
    Unity Catalog by a lease, and nothing is written in the home. Of other parts nothing may be written.
    """
    from pipeline.engine.session import connect

    chosen = engine_named(engine)
    if chosen is Engine.DATABRICKS:
        from pipeline.lakehouse.catalog.lease import leased
        from pipeline.lakehouse.catalog.tables import DeltaCatalog
        from pipeline.settings import load_settings

        spark, catalog = connect(chosen), load_settings(home).catalog
        with leased(DeltaCatalog(catalog, spark), spark, part, wait=wait) as lease:
            lakehouse = DeltaCatalog(catalog, spark, lease.check, part=part)
            lakehouse.clear_staging()
            yield spark, lakehouse
        return
    # delta-rs is not on a Databricks runtime.
    from pipeline.lakehouse.folder.lock import home_lock
    from pipeline.lakehouse.folder.tables import DeltaFolder

    # A folder's leftovers go with taking its lock.
    with home_lock(home, part, wait=wait):
        spark = connect(chosen)
        yield spark, DeltaFolder(home, spark, part)


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
