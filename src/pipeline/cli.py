"""The command line: `rightrun`. It parses, connects and prints; the work is done elsewhere.

Exit codes: 0 done; 1 done, and what was asked about is not in order; 2 the user can mend it.
"""

import json
import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from pipeline.errors import UserError
from pipeline.reports import brief
from pipeline.reports.terminal import as_json, console, facts, table

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Says each night which Databricks jobs will miss their deadline, which behave unlike"
    " themselves, what each costs, and which cluster would do the same work for less.",
)
show = typer.Typer(no_args_is_help=True, help="Read the answers of the last night.")
app.add_typer(show, name="show")

NOT_IN_ORDER = 1
USER_ERROR = 2

Home = Annotated[
    Path, typer.Option(envvar="RIGHTRUN_HOME", help="Folder of the Delta tables and of MLflow.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
Limit = Annotated[int, typer.Option(min=1, help="Rows at the most.")]
Team = Annotated[str | None, typer.Option(help="Only jobs of this team.")]
Owner = Annotated[str | None, typer.Option(help="Only jobs of this owner.")]
EngineName = Annotated[
    str, typer.Option("--engine", envvar="RIGHTRUN_ENGINE", help="embedded, spark or databricks.")
]
HOME = Path(".rightrun")
ENGINE = "embedded"


def main() -> None:
    """Entry point: what the user can mend is one sentence and exit code 2, never a traceback."""
    logging.getLogger("py4j").setLevel(logging.ERROR)
    try:
        app()
    except UserError as error:
        console(stderr=True).print(f"rightrun: {error}", style="red", markup=False)
        sys.exit(USER_ERROR)


@app.command()
def simulate(
    out: Annotated[Path, typer.Option(help="Folder to write the simulated account into.")] = HOME
    / "simulated",
    jobs: Annotated[int, typer.Option(min=1, max=200_000, help="Jobs.")] = 1000,
    days: Annotated[int, typer.Option(min=1, max=400, help="Days of history.")] = 30,
    seed: Annotated[int, typer.Option(help="Same seed, same rows.")] = 7,
    from_log: Annotated[
        Path | None, typer.Option(help="Drive it by a real run log (Parquet).")
    ] = None,
    end: Annotated[
        str | None,
        typer.Option(help="Last moment of the history, ISO 8601; today 00:00 UTC by default."),
    ] = None,
    quirks: Annotated[
        str, typer.Option(help="all, none, or names with commas; docs/settings.md lists them.")
    ] = "all",
    append: Annotated[
        bool, typer.Option("--append-day", help="Give the account in --out one more day.")
    ] = False,
    json_: Json = False,
) -> None:
    """Write a simulated Databricks account as an export, with the truth beside it."""
    from pipeline.sources.simulator import SimulatorConfig, append_day
    from pipeline.sources.simulator import from_log as simulate_log
    from pipeline.sources.simulator import simulate as simulate_account
    from pipeline.sources.simulator.quirks import parsed

    last = (
        _moment(end)
        if end
        else datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    )
    with _progress(json_) as bar:
        task = bar.add_task("simulating", total=1.0)

        def progress(what: str, share: float) -> None:
            bar.update(task, description=what, completed=share)

        if append:
            done = append_day(out, progress=progress)
        elif from_log is not None:
            done = simulate_log(from_log, out, end=last, seed=seed, progress=progress)
        else:
            config = SimulatorConfig(
                jobs=jobs, days=days, seed=seed, end=last, quirks=parsed(quirks)
            )
            done = simulate_account(config, out, progress=progress)
    rows = pd.DataFrame(sorted(done.rows.items()), columns=["table", "rows"])
    _print(f"Simulated account in {out} ({done.seconds:.1f} s)", rows, json_)


@app.command()
def check(
    source: Annotated[str, typer.Option(help="export:DIR, simulated:DIR or databricks.")],
    engine: EngineName = ENGINE,
    json_: Json = False,
) -> None:
    """Verify a source: which tables are there, what they lack, and what each missing one switches off."""
    from pipeline.engine.session import Engine, connect
    from pipeline.sources.chosen import chosen_source
    from pipeline.tables.source import SOURCE_TABLES

    spark = connect(_engine(Engine, engine))
    found = chosen_source(source, spark)
    rows = []
    blocked = False
    for declared in SOURCE_TABLES:
        presence = found.inspect(declared)
        usable = presence.found and not presence.problem
        blocked |= bool(presence.problem and presence.found) or (declared.required and not usable)
        rows.append(
            {
                "table": declared.system_name,
                "found": "yes" if usable else ("damaged" if presence.found else "no"),
                "where": presence.where,
                "columns absent": ", ".join(presence.columns_missing),
                "switched off": "" if usable else declared.switches_off,
                "problem": presence.problem,
            }
        )
    _print(f"Source {found.name}", pd.DataFrame(rows), json_)
    if blocked:
        raise typer.Exit(NOT_IN_ORDER)


@app.command()
def nightly(
    source: Annotated[
        str, typer.Option(help="export:DIR, simulated:DIR or databricks.")
    ] = f"simulated:{HOME / 'simulated'}",
    as_of: Annotated[
        str | None, typer.Option(help="Time to speak of, ISO 8601; the newest seen by default.")
    ] = None,
    only: Annotated[str | None, typer.Option(help="Run one stage.")] = None,
    from_: Annotated[
        str | None, typer.Option("--from", help="Run this stage and later ones.")
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait while another night holds the home.")
    ] = False,
    home: Home = HOME,
    engine: EngineName = ENGINE,
    json_: Json = False,
) -> None:
    """Run the night: ingest what is new, bring every table up to date, track the models."""
    from pipeline.engine.session import Engine, connect
    from pipeline.lakehouse.lock import home_lock
    from pipeline.night import run_night
    from pipeline.positions import Positions
    from pipeline.reports import night as night_report
    from pipeline.reports.questions import Filter, Questions
    from pipeline.scoring.tracking import WORKSPACE, store_of, track_night
    from pipeline.settings import load_settings
    from pipeline.sources.chosen import chosen_source

    settings = load_settings(home)
    moment = _moment(as_of) if as_of else None
    with home_lock(home, wait=wait):
        spark = connect(_engine(Engine, engine))
        lakehouse = _writing(home, engine, spark)
        with _progress(json_) as bar:
            task = bar.add_task("starting", total=None)

            def progress(name: str, number: int, total: int) -> None:
                bar.update(task, description=name, completed=number - 1, total=total + 1)

            done = run_night(
                spark,
                lakehouse,
                chosen_source(source, spark),
                settings,
                now=datetime.now(UTC),
                as_of=moment,
                only=only,
                start=from_,
                progress=progress,
            )
            bar.update(task, description="mlflow")
            on_databricks = _engine(Engine, engine) is Engine.DATABRICKS
            store = WORKSPACE if on_databricks else store_of(home)
            track_night(store, lakehouse, Positions(spark, lakehouse), settings, done)
        if json_:
            typer.echo(as_json(night_report.steps(done)))
            return
        out = console()
        out.print(
            table(
                f"Night as of {done.as_of:%Y-%m-%d %H:%M} UTC, {done.seconds:.1f} s",
                night_report.stages(done),
            )
        )
        night_report.summary(out, Questions(lakehouse, Filter()))
    out.print(f"Tables: {_where(home, engine)} (Delta). MLflow: {store.shown}.", markup=False)
    out.print(
        "Look further: rightrun show jobs | show job KEY | show sla | show costs | show rightsizing |"
        ' show quality; rightrun sql "select ..."; rightrun tables',
        markup=False,
    )


@app.command()
def tables(
    lineage: Annotated[
        bool, typer.Option("--lineage", help="Which table is made from which.")
    ] = False,
    json_: Json = False,
) -> None:
    """List the tables, or what each is made from."""
    if lineage:
        from pipeline.graph import GRAPH

        pairs = pd.DataFrame(GRAPH.lineage(), columns=["input", "output"])
        _print("Lineage", pairs, json_)
        return
    from pipeline.tables.catalogue import TABLES

    rows = pd.DataFrame(
        [
            {
                "table": t.full_name,
                "one row": t.grain,
                "keys": ", ".join(t.keys),
                "columns": len(t.columns),
            }
            for t in TABLES
        ]
    )
    _print("Tables", rows, json_)


@app.command()
def sql(
    query: Annotated[
        str, typer.Argument(help="One SELECT over schema.table names; see rightrun tables.")
    ],
    home: Home = HOME,
    engine: EngineName = ENGINE,
    limit: Limit = 100,
    json_: Json = False,
) -> None:
    """Ask the tables anything; nothing can be changed this way."""
    from pipeline.reports.query import run_query

    spark, lakehouse = _open(home, engine)
    _print("Result", run_query(spark, lakehouse, query, limit=limit), json_)


@app.command()
def history(
    name: Annotated[str, typer.Argument(help="A table, such as gold.job_daily.")],
    home: Home = HOME,
    engine: EngineName = ENGINE,
    limit: Limit = 20,
    json_: Json = False,
) -> None:
    """Show the newest commits of a table."""
    from pipeline.reports.query import known_table

    _, lakehouse = _open(home, engine)
    commits = lakehouse.history(known_table(name), limit)
    rows = pd.DataFrame(
        [
            {
                "version": commit.version,
                "at": commit.at,
                "operation": commit.operation,
                **_counts(commit.metrics),
            }
            for commit in commits
        ]
    )
    _print(f"History of {name}", rows, json_)


@app.command()
def maintain(
    retain_hours: Annotated[
        int, typer.Option(min=168, help="Keep what versions younger than this need.")
    ] = 168,
    home: Home = HOME,
    engine: EngineName = ENGINE,
    json_: Json = False,
) -> None:
    """Compact small files and remove old ones; not part of a night."""
    from pipeline.lakehouse.lock import home_lock
    from pipeline.tables.catalogue import TABLES

    with home_lock(home):
        _, lakehouse = _open(home, engine)
        rows = []
        with _progress(json_) as bar:
            for declared in bar.track(TABLES, description="maintaining"):
                before = lakehouse.version(declared)
                lakehouse.maintain(declared, retain_hours=retain_hours)
                rows.append(
                    {
                        "table": declared.full_name,
                        "version before": before,
                        "version": lakehouse.version(declared),
                    }
                )
    _print("Maintained", pd.DataFrame(rows), json_)


@app.command()
def ddl(
    catalog: Annotated[
        str | None, typer.Option(help="Catalog; the setting of the home by default.")
    ] = None,
    name: Annotated[str | None, typer.Option("--table", help="Only this table.")] = None,
    home: Home = HOME,
    json_: Json = False,
) -> None:
    """Print the DDL of the tables in Unity Catalog, in an order that runs; nights run it themselves."""
    from pipeline.lakehouse.statements import all_ddl, create_schema, target
    from pipeline.reports.query import known_table
    from pipeline.settings import load_settings
    from pipeline.tables.derive import ddl as table_ddl

    chosen = catalog or load_settings(home).catalog
    if name is None:
        texts = all_ddl(chosen)
    else:
        wanted = known_table(name)
        texts = [
            create_schema(chosen, wanted.layer.schema),
            table_ddl(wanted, target(chosen, wanted)),
        ]
    typer.echo(json.dumps(texts) if json_ else "\n\n".join(f"{text};" for text in texts))


@app.command()
def migrate(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")
    ] = False,
    home: Home = HOME,
    engine: EngineName = ENGINE,
    json_: Json = False,
) -> None:
    """Bring the tables of an older release to this one; a new night refuses them until then."""
    from pipeline.engine.session import Engine, connect
    from pipeline.lakehouse.lock import home_lock
    from pipeline.schema_versions import migrate as run_migrations
    from pipeline.schema_versions import planned

    with home_lock(home):
        spark = connect(_engine(Engine, engine))
        if dry_run:
            done = planned(_lakehouse(home, engine, spark))
        else:
            done = run_migrations(spark, _writing(home, engine, spark))
    rows = pd.DataFrame(
        [
            {
                "table": migration.table,
                "to version": migration.to,
                "changes": "; ".join(map(str, migration.changes)),
            }
            for migration in done
        ],
        columns=["table", "to version", "changes"],
    )
    _print("To be migrated" if dry_run else "Migrated", rows, json_)


@show.command("jobs")
def show_jobs(
    home: Home = HOME,
    engine: EngineName = ENGINE,
    limit: Limit = 50,
    team: Team = None,
    owner: Owner = None,
    json_: Json = False,
) -> None:
    """List jobs with who they belong to."""
    _print("Jobs", _questions(home, engine, team, owner).jobs(limit), json_, brief.jobs)


@show.command("job")
def show_job(
    key: Annotated[str, typer.Argument(help="workspace_id/job_id, a job id, or a name.")],
    home: Home = HOME,
    engine: EngineName = ENGINE,
    limit: Limit = 15,
    json_: Json = False,
) -> None:
    """Show all about one job."""
    questions = _questions(home, engine, None, None)
    found = questions.job(questions.key_of(key), runs=limit)
    if json_:
        typer.echo(as_json(found))
        return
    for name, frame in found.items():
        console().print(facts(name, frame))


@show.command("failing")
def show_failing(
    home: Home = HOME,
    engine: EngineName = ENGINE,
    limit: Limit = 50,
    team: Team = None,
    owner: Owner = None,
    json_: Json = False,
) -> None:
    """List the jobs that are failing now; exits 1 when there are any."""
    rows = _questions(home, engine, team, owner).failing(limit)
    _print("Jobs failing now", rows, json_, brief.failing)
    if len(rows):
        raise typer.Exit(NOT_IN_ORDER)


@show.command("costs")
def show_costs(
    home: Home = HOME, engine: EngineName = ENGINE, team: Team = None, json_: Json = False
) -> None:
    """Show list cost by team over the last 30 days."""
    rows = _questions(home, engine, team, None).cost_by_team()
    _print("List cost by team, last 30 days with usage", rows, json_, brief.costs)
    if not json_ and team is None:
        typer.echo(brief.coverage(rows))


@show.command("sla")
def show_sla(
    home: Home = HOME,
    engine: EngineName = ENGINE,
    limit: Limit = 50,
    team: Team = None,
    owner: Owner = None,
    json_: Json = False,
) -> None:
    """Show SLA compliance, and the probability that the next run misses."""
    questions = _questions(home, engine, team, owner)
    answers = {"next runs": questions.likely_to_miss(limit), "compliance": questions.sla(limit)}
    cut = {"next runs": brief.likely_to_miss, "compliance": brief.sla}
    _print_all(answers if json_ else {n: cut[n](rows) for n, rows in answers.items()}, json_)


@show.command("baselines")
def show_baselines(
    home: Home = HOME,
    engine: EngineName = ENGINE,
    limit: Limit = 50,
    team: Team = None,
    owner: Owner = None,
    json_: Json = False,
) -> None:
    """Show the jobs whose last run was unlike themselves."""
    rows = _questions(home, engine, team, owner).unlike_themselves(limit)
    _print("Last runs unlike their job", rows, json_, brief.unlike_themselves)


@show.command("rightsizing")
def show_rightsizing(
    home: Home = HOME,
    engine: EngineName = ENGINE,
    limit: Limit = 50,
    team: Team = None,
    owner: Owner = None,
    all_: Annotated[
        bool, typer.Option("--all", help="Also those to keep and those not assessed.")
    ] = False,
    json_: Json = False,
) -> None:
    """Show recommended cluster sizes."""
    rows = _questions(home, engine, team, owner).rightsizing(limit, changes_only=not all_)
    _print(
        "Right-sizing (saving is the DBU part, 80 % interval)",
        rows,
        json_,
        partial(brief.sizes, reasons=True),
    )


@show.command("quality")
def show_quality(home: Home = HOME, engine: EngineName = ENGINE, json_: Json = False) -> None:
    """Show broken rules, quarantined rows and jobs without an answer; exits 1 when a rule is broken."""
    answers = _questions(home, engine, None, None).quality()
    _print_all(answers, json_)
    if len(answers["rules broken"]):
        raise typer.Exit(NOT_IN_ORDER)


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


def _open(home: Path, engine: str):  # type: ignore[no-untyped-def]  # engines load only when used
    from pipeline.engine.session import Engine, connect
    from pipeline.schema_versions import refuse_other_release
    from pipeline.tables import ops

    chosen = _engine(Engine, engine)
    nothing = UserError(
        f"{_where(home, engine)} holds no tables yet: run rightrun nightly first, or name another"
        + (" setting catalog" if chosen is Engine.DATABRICKS else " --home")
    )
    # A folder is looked at before an engine is started for it.
    log = home / ops.POSITIONS.layer.schema / ops.POSITIONS.name / "_delta_log"
    if chosen is not Engine.DATABRICKS and not log.exists():
        raise nothing
    spark = connect(chosen)
    lakehouse = _lakehouse(home, engine, spark)
    if not lakehouse.exists(ops.POSITIONS):
        raise nothing
    refuse_other_release(lakehouse)
    return spark, lakehouse


def _lakehouse(home: Path, engine: str, spark):  # type: ignore[no-untyped-def]
    """Where the tables are: in Unity Catalog on Databricks, else in the home."""
    from pipeline.engine.session import Engine
    from pipeline.lakehouse.catalog import DeltaCatalog
    from pipeline.settings import load_settings

    if _engine(Engine, engine) is Engine.DATABRICKS:
        return DeltaCatalog(load_settings(home).catalog, spark)
    # delta-rs is not on a Databricks runtime.
    from pipeline.lakehouse.folder import DeltaFolder

    return DeltaFolder(home, spark)


def _writing(home: Path, engine: str, spark):  # type: ignore[no-untyped-def]
    """The lakehouse as its one writer finds it: what died with an earlier one is removed."""
    from pipeline.lakehouse.catalog import DeltaCatalog

    lakehouse = _lakehouse(home, engine, spark)
    if isinstance(lakehouse, DeltaCatalog):
        # A folder's leftovers go with taking its lock.
        lakehouse.clear_staging()
    return lakehouse


def _where(home: Path, engine: str) -> str:
    from pipeline.engine.session import Engine
    from pipeline.settings import load_settings

    if _engine(Engine, engine) is Engine.DATABRICKS:
        return f"{load_settings(home).catalog}.<schema>.<table>"
    return f"{home}/<schema>/<table>"


def _questions(home: Path, engine: str, team: str | None, owner: str | None):  # type: ignore[no-untyped-def]
    from pipeline.reports.questions import Filter, Questions

    _, lakehouse = _open(home, engine)
    return Questions(lakehouse, Filter(team, owner))


def _engine(engines, name: str):  # type: ignore[no-untyped-def]
    try:
        return engines(name)
    except ValueError as error:
        raise UserError(f"there is no engine {name!r}; engines are {', '.join(engines)}") from error


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UserError(f"{text!r} is no time: write it as 2026-01-31T02:00:00Z") from error
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


@contextmanager
def _progress(quiet: bool) -> Iterator[Progress]:
    with Progress(
        TextColumn("{task.description:<18}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console(stderr=True),
        disable=quiet,
        transient=True,
    ) as bar:
        yield bar


def _print(
    title: str,
    frame: pd.DataFrame,
    json_: bool,
    cut: Callable[[pd.DataFrame], pd.DataFrame] = lambda frame: frame,
) -> None:
    """The whole answer as JSON, or `cut` to what a person reads."""
    if json_:
        typer.echo(as_json(frame))
    else:
        console().print(table(title, cut(frame)))


def _print_all(answers: dict[str, pd.DataFrame], json_: bool) -> None:
    if json_:
        typer.echo(as_json(answers))
        return
    for name, frame in answers.items():
        console().print(table(name, frame))


if __name__ == "__main__":
    main()
