"""The tables themselves: what they are, what is in them, how they are kept."""

import json
from collections.abc import Mapping
from typing import Annotated

import typer

from pipeline.cli.homes import holding, opened, truth_of, writing
from pipeline.cli.options import ENGINE, HOME, Csv, EngineName, Home, Json, Limit, Wait
from pipeline.cli.printing import Form, print_records, print_rows, progress_bar
from pipeline.errors import UserError

commands = typer.Typer()

_QUERIED_ROWS = 100
"""Rows of a query on a terminal where nobody has said how many."""


@commands.command()
def tables(
    lineage: Annotated[
        bool, typer.Option("--lineage", help="Which table is made from which.")
    ] = False,
    json_: Json = False,
) -> None:
    """List the tables, or what each is made from."""
    if lineage:
        from pipeline.graph.graph import GRAPH

        pairs = [{"input": read, "output": written} for read, written in GRAPH.lineage()]
        print_records("Lineage", pairs, Form(json_))
        return
    from pipeline.tables.catalogue import TABLES

    rows = [
        {
            "table": table.full_name,
            "one_row": table.grain,
            "keys": ", ".join(table.keys),
            "columns": len(table.columns),
        }
        for table in TABLES
    ]
    print_records("Tables", rows, Form(json_))


@commands.command()
def sql(
    query: Annotated[
        str, typer.Argument(help="One SELECT over schema.table names; see rightrun tables.")
    ],
    home: Home = HOME,
    engine: EngineName = ENGINE,
    limit: Limit = None,
    json_: Json = False,
    csv_: Csv = False,
) -> None:
    """Ask the tables anything; nothing can be changed this way."""
    from pipeline.answers.query import run_query
    from pipeline.answers.selection import Rows
    from pipeline.answers.terminal.views import as_queried

    form = Form(json_, csv_)
    spark, lakehouse = opened(home, engine)
    most = form.limit(limit, _QUERIED_ROWS)
    result = run_query(spark, lakehouse, query, limit=most, truth=truth_of(home, lakehouse))
    records = result.records
    print_rows("Result", Rows(result.names, records, len(records)), form, as_queried)
    if result.has_more:
        typer.echo(f"The first {most:,} rows; more with --limit.", err=True)


@commands.command()
def history(
    name: Annotated[str, typer.Argument(help="A table, such as gold.job_daily.")],
    home: Home = HOME,
    engine: EngineName = ENGINE,
    limit: Annotated[int, typer.Option(min=1, help="Commits at the most.")] = 20,
    json_: Json = False,
) -> None:
    """Show the newest commits of a table."""
    from pipeline.answers.query import known_table

    _, lakehouse = opened(home, engine)
    commits = lakehouse.history(known_table(name), limit)
    rows = [
        {
            "version": commit.version,
            "committed_at": commit.at,
            "operation": commit.operation,
            **_counts(commit.metrics),
        }
        for commit in commits
    ]
    print_records(f"History of {name}", rows, Form(json_))


@commands.command()
def maintain(
    retain_hours: Annotated[
        int, typer.Option(min=168, help="Keep what versions younger than this need.")
    ] = 168,
    wait: Wait = False,
    home: Home = HOME,
    engine: EngineName = ENGINE,
    json_: Json = False,
) -> None:
    """Compact small files and remove old ones; not part of a night."""
    from pipeline.tables.catalogue import TABLES
    from pipeline.tables.declaration import Part

    # Looked at first: a lock is not taken, nor a folder made, for a home that holds nothing.
    opened(home, engine)
    rows = []
    with progress_bar(json_) as bar:
        task = bar.add_task("maintaining", total=len(TABLES))
        for part in Part:
            with writing(home, engine, part, wait=wait) as (_, lakehouse):
                for declared in (table for table in TABLES if table.part is part):
                    before = lakehouse.version(declared)
                    lakehouse.maintain(declared, retain_hours=retain_hours)
                    rows.append(
                        {
                            "table": declared.full_name,
                            "version_before": before,
                            "version": lakehouse.version(declared),
                        }
                    )
                    bar.advance(task)
    print_records("Maintained", rows, Form(json_))


@commands.command()
def ddl(
    catalog: Annotated[
        str | None, typer.Option(help="Catalog; the setting of the home by default.")
    ] = None,
    name: Annotated[str | None, typer.Option("--table", help="Only this table.")] = None,
    home: Home = HOME,
    json_: Json = False,
) -> None:
    """Print the DDL of the tables in Unity Catalog. In an order that runs; nights run it themselves."""
    from pipeline.answers.query import known_table
    from pipeline.lakehouse.catalog.statements import all_ddl, create_schema, target
    from pipeline.settings import load_settings
    from pipeline.tables.derive import ddl as table_ddl

    if home != HOME and not home.is_dir():
        raise UserError(f"there is no home {home}: name another --home, or leave it out")
    chosen = catalog or load_settings(home).catalog
    if name is None:
        texts = all_ddl(chosen)
    else:
        table = known_table(name)
        texts = [
            create_schema(chosen, table.layer.schema),
            table_ddl(table, target(chosen, table)),
        ]
    typer.echo(json.dumps(texts) if json_ else "\n\n".join(f"{text};" for text in texts))


@commands.command()
def migrate(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")
    ] = False,
    wait: Wait = False,
    home: Home = HOME,
    engine: EngineName = ENGINE,
    json_: Json = False,
) -> None:
    """Bring the tables of an older release to this one. A new night refuses them until then."""
    from pipeline.graph.graph import GRAPH
    from pipeline.nightly.schema_versions import migrate as run_migrations
    from pipeline.nightly.schema_versions import planned
    from pipeline.tables import ops

    _, lakehouse = holding(home, engine, ops.SCHEMA_VERSIONS, ops.POSITIONS)
    if dry_run:
        migrations = planned(lakehouse)
    else:
        with writing(home, engine, wait=wait) as (spark, lakehouse):
            migrations = run_migrations(spark, lakehouse, GRAPH)
    rows = [
        {
            "table": migration.table,
            "to_version": migration.to,
            "changes": "; ".join(map(str, migration.changes)),
        }
        for migration in migrations
    ]
    title = "To be migrated" if dry_run else "Migrated"
    print_records(title, rows, Form(json_), names=("table", "to_version", "changes"))


def _counts(metrics: Mapping[str, object]) -> dict[str, object]:
    """Rows a commit touched, out of the many numbers it reports."""
    names = {
        "inserted": (
            "num_target_rows_inserted",
            "num_added_rows",
            "numTargetRowsInserted",
            "numOutputRows",
        ),
        "updated": ("num_target_rows_updated", "numTargetRowsUpdated"),
        "deleted": ("num_target_rows_deleted", "numTargetRowsDeleted"),
    }
    return {
        ours: next((metrics[name] for name in theirs if name in metrics), None)
        for ours, theirs in names.items()
    }
