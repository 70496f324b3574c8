"""Homes of a few rows, of the two weeks from tests.strategies.tables.EPOCH on, whose last night spoke of the Tuesday
after."""

from decimal import Decimal
from importlib.resources import files
from pathlib import Path

from pipeline.answers.answer import Answer
from pipeline.reports.facts import Account, account_of
from pipeline.reports.period import Rhythm
from pipeline.tables import gold, ops
from pipeline.tables.declaration import Table
from tests.answers.homes import reader_of
from tests.strategies.tables import Row, at, on

LAST_WEEK = 7
"""Its Monday, in days after EPOCH."""
_NEWEST = 15
_SUBJECTS = {"jobs": ("failing",), "sla": ("next_runs", "growing"), "nights": ("given",)}
_PERIODS = files("pipeline.answers").joinpath("periods").iterdir()
_READ = {
    table
    for subject, names in {
        **_SUBJECTS,
        "periods": tuple(f.name[:-4] for f in _PERIODS if f.name.endswith(".sql")),
    }.items()
    for name in names
    for table in Answer.of_file(subject, name).tables
}
"""What the reports read."""


def job(number: int, **columns: object) -> Row:
    return {"workspace_id": "w", "series_key": f"w/{number}", "name": f"job {number}"} | columns


def account(
    home: Path,
    rows: dict[Table, list[Row]],
    *,
    newest: int = _NEWEST,
    last_cost_day: int | None = _NEWEST - 1,
    rhythm: Rhythm = Rhythm.WEEKLY,
) -> Account:
    """What the reports of a home with these rows are read from."""
    cost_day = "None" if last_cost_day is None else str(on(last_cost_day))
    given = [
        {"reader": "run_forecast", "input": "as_of", "position": at(newest).isoformat()},
        {"reader": "job_trends", "input": "last_cost_day", "position": cost_day},
    ]
    nights = [
        {"night_id": str(day), "step": "job_verdicts", "table_name": "x", "as_of": at(day)}
        for day in (LAST_WEEK + 1, newest)
    ]
    tables = {gold.NIGHT_STEPS: nights, ops.POSITIONS: given} | rows
    return account_of(reader_of(home, tables, _READ), rhythm)


def runs(number: int, day: int, **counts: int) -> Row:
    """A day of a job's runs."""
    return {
        "workspace_id": "w",
        "series_key": f"w/{number}",
        "run_date": on(day),
        "runs": sum(counts.values()),
    } | counts


def slas(number: int, day: int, **counts: int) -> Row:
    return {"workspace_id": "w", "series_key": f"w/{number}", "run_date": on(day)} | counts


def cost(team: str, day: int, amount: str, **columns: object) -> Row:
    return {
        "usage_date": on(day),
        "team": team,
        "currency_code": "EUR",
        "list_cost": Decimal(amount),
    } | columns


def job_cost(number: int, day: int, amount: str) -> Row:
    return {
        "usage_date": on(day),
        "workspace_id": "w",
        "job_id": str(number),
        "currency_code": "EUR",
        "price_status": "priced",
        "attribution": "job_tag",
        "list_cost": Decimal(amount),
    }
