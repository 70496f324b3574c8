"""The pages made from committed results: how fast a night is, how true its figures, how good its forecasts.

`python -m benchmarks.pages` writes them; with `--check` it names those that are not current, and
exits 1.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from benchmarks.quality.alerts_page import alerts_parts
from benchmarks.quality.anomalies_page import anomalies_parts
from benchmarks.quality.page import quality_parts
from benchmarks.scale.page import scale_parts
from tests.e2e.truth import EVERY
from tools.markdown import rows_of_table
from tools.pages import keep_pages

_RESULTS = Path("benchmarks/results")
_NOTE = "<!-- Made by `make docs` from `benchmarks/results/{file}`; measure again, do not edit. -->"


def _result(name: str) -> dict[str, Any]:
    result: dict[str, Any] = json.loads((_RESULTS / name).read_text(encoding="utf-8"))
    return result


def _machine(machine: dict[str, Any]) -> str:
    return f"{machine['cores']} cores, {machine['memory_gib']:.0f} GiB, Python {machine['python']}"


def performance_page(_: str) -> str:
    """docs/performance.md: a first night, a night with nothing new, and one with a day's news."""
    night, scale = _result("night.json"), _result("scale.json")
    parts = [
        "# How long a night takes",
        "",
        _NOTE.format(file="night.json, scale.json, answers.json, dashboard.json, forecast.json"),
        "",
        f"Measured by `make bench` on {_machine(night['machine'])}. Timings of such a machine vary;"
        " read them as ratios.",
        "",
        "## A first night, when everything is new",
        "",
        "DuckDB makes the same core tables of silver and gold from the same Parquet by SQL written for"
        " it alone (`benchmarks/speed/reference.sql`), without keys checked, history or change feed."
        " Ours is the time for these tables and for those they are made from.",
        "",
        *rows_of_table(
            ("jobs x days", "source rows", "seconds", "peak memory", "same tables, against DuckDB"),
            (
                (
                    _account(size),
                    f"{sum(size['source_rows'].values()):,}",
                    f"{_seconds(size['first']):.0f}",
                    f"{max(part['peak_mb'] for part in size['first'].values()):,} MB",
                    f"{size['same_tables_over_duckdb']:.2f} times {size['duckdb']['seconds']:.1f} s",
                )
                for size in night["sizes"]
            ),
        ),
        "In its parts, one after the other:",
        "",
        *rows_of_table(
            ("jobs x days", "part", "rows read", "rows written", "seconds", "peak memory"),
            (
                (
                    _account(size),
                    name,
                    f"{part['rows_read']:,}",
                    f"{part['rows_written']:,}",
                    f"{part['seconds']:.1f}",
                    f"{part['peak_mb']:,} MB",
                )
                for size in night["sizes"]
                for name, part in size["first"].items()
            ),
        ),
        "A second night over the same export writes "
        + ", ".join(f"{size['nothing_new']['rows_written']:,}" for size in night["sizes"])
        + " rows, in "
        + ", ".join(f"{size['nothing_new']['seconds']:.1f}" for size in night["sizes"])
        + " seconds.",
        "",
        "## A night with one day's news",
        "",
        "One day is appended to the history, with every quirk of the source on: rows that come late or"
        " twice, corrections of days weeks ago. Data is bronze, silver and gold facts; the rest are the"
        " statistics, which look at all jobs anew.",
        "",
        *rows_of_table(
            ("jobs x days", "a day's news", "of a first night", "its data", "of a first night's data"),
            (
                (
                    _account(size),
                    f"{_seconds(size['a_days_news']):.1f} s",
                    f"{size['news_over_first']:.1%}",
                    f"{next(iter(size['a_days_news'].values()))['seconds']:.1f} s",
                    f"{size['news_over_first_data']:.1%}",
                )
                for size in night["sizes"]
            ),
        ),
        "## On Apache Spark with Delta Lake",
        "",
        *scale_parts(scale, _machine(scale["machine"])),
        "## An answer",
        "",
        *_answers(_result("answers.json")),
        "",
        "## A page of the dashboards at home",
        "",
        *_dashboard(_result("dashboard.json")),
        "## The statistics of a job",
        "",
        *_statistics(_result("forecast.json")),
    ]  # fmt: skip
    return _page(parts)


def _answers(result: dict[str, Any]) -> Iterable[str]:
    """How long a command that reads an answer takes."""
    yield (
        f"Whole processes over a home of {result['jobs']:,} jobs and {result['days']} days, with bytecode"
        f" cached: the median of {result['runs']} runs."
    )
    yield ""
    yield from rows_of_table(
        ("command", "seconds", "of processor time"),
        (
            (
                f"`rightrun {command['command']}`",
                f"{command['seconds']:.2f}",
                f"{command['processor_seconds']:.2f}",
            )
            for command in result["commands"]
        ),
    )


def _dashboard(result: dict[str, Any]) -> Iterable[str]:
    """How long a page takes in Chromium, and what a filter changes of it."""
    yield (
        f"`rightrun dashboard` over a home of {result['jobs']:,} jobs and {result['days']} days, in Chromium at"
        f" 1440 x 900; the machine's load was {result['load']:g} when it began. First is the first time since the"
        f" start; a filter is one team of {result['changes']}, none of which was asked for before, and the median"
        " counts: what is in view comes first, the rest of the page after it."
    )
    yield ""
    yield from rows_of_table(
        ("page", "first", "again", "filter, in view", "filter, all of the page"),
        (
            (
                page["page"],
                *(
                    f"{page[name]:,} ms"
                    for name in ("first_ms", "again_ms", "change_in_view_ms", "change_ms")
                ),
            )
            for page in result["pages"]
        ),
    )


def _statistics(result: dict[str, Any]) -> Iterable[str]:
    """What a job's statistics cost, by the number of jobs and beside AutoETS."""
    rival = result["autoets"]
    yield (
        f"`make bench-speed` on {_machine(result['machine'])}: the baseline of every run, the forecast and the"
        f" backtest of the latest 100, of jobs with {result['runs_per_job']} runs, in the buckets of a night. A"
        f" single fit of AutoETS takes {rival['weekly_ms'] / rival['ours_ms']:.0f} times as long with a season"
        f" of a week, {rival['plain_ms'] / rival['ours_ms']:.1f} times without one."
    )
    yield ""
    yield from rows_of_table(
        ("jobs", "runs", "one core, a job", "all runs in memory", "peak memory"),
        (
            (
                f"{size['jobs']:,}",
                f"{size['jobs'] * result['runs_per_job']:,}",
                f"{size['ms_per_job']:.2f} ms",
                f"{size['before_mb']:,} MB",
                f"{size['peak_mb']:,} MB",
            )
            for size in result["sizes"]
        ),
    )


def _account(size: dict[str, Any]) -> str:
    return f"{size['jobs']:,} x {size['days']}"


def _seconds(parts: dict[str, dict[str, Any]]) -> float:
    return float(sum(part["seconds"] for part in parts.values()))


def truth_page(_: str) -> str:
    """docs/truth.md: every figure against the simulator's truth, and what a soak found."""
    truth, soak = _result("truth.json"), _result("soak.json")
    parts = [
        "# How true it is",
        "",
        _NOTE.format(file="truth.json, soak.json"),
        "",
        f"A simulated account of {truth['jobs']} jobs and {truth['days']} days with every quirk of the"
        f" system tables on, a night over it, then {truth['appended_days']} appended days with a night"
        f" after each: {truth['runs']:,} runs. Beside the tables the simulator writes what really"
        " happened and which quirk touched what. `python -m benchmarks.truth` compares; each cell"
        " below is the number of entities compared, and how many of them are told wrongly.",
        "",
        f"Wrong altogether: **{truth['wrong']}**. List cost of bronze usage times price"
        f" {truth['list_cost_of_bronze']}, of Gold {truth['list_cost_of_gold']} USD. Rows received"
        f" {truth['rows']['rows_read']:,} = kept {truth['rows']['inserted']:,} + replaced by a stronger"
        f" one {truth['rows']['updated']:,} + quarantined {truth['rows']['rejected']:,} + received before"
        f" {truth['rows']['duplicates']:,} + of dropped days {truth['rows']['expired']:,}.",
        "",
    ]
    by_entity: dict[str, dict[str, dict[str, str]]] = defaultdict(lambda: defaultdict(dict))
    for each in truth["figures"]:
        cell = f"{each['compared']:,}" + (f" (**{each['wrong']:,}**)" if each["wrong"] else "")
        by_entity[each["entity"]][each["quirk"]][each["figure"]] = cell
    for entity, quirks in by_entity.items():
        names = tuple(sorted({figure for cells in quirks.values() for figure in cells}))
        parts += [
            f"## {entity.replace('_', ' ').capitalize()}s",
            "",
            *rows_of_table(
                ("quirk", *names),
                (
                    (quirk if quirk == EVERY else f"`{quirk}`", *(cells.get(n, "") for n in names))
                    for quirk, cells in sorted(quirks.items())
                ),
            ),
        ]
    parts += [
        "## Soaked",
        "",
        "`make soak` on " + _machine(soak["machine"]) + f": {soak['laws_broken']} laws broken.",
        "",
        *(
            f"- **{law}**"
            for part in soak.values()
            if isinstance(part, dict)
            for law in part.get("broken", ())
        ),
        *([""] if soak["laws_broken"] else []),
        *rows_of_table(("what", "how often", "outcome"), _soaked(soak)),
    ]
    return _page(parts)


def _soaked(soak: dict[str, Any]) -> Iterable[tuple[str, ...]]:
    """A row for each part that the soak came to."""
    if kills := soak.get("kills"):
        last = Counter(str(kill["last_commit"]).partition(".")[0] for kill in kills["nights"])
        by_schema = ", ".join(f"{schema} ({n})" for schema, n in sorted(last.items()))
        yield (
            "nights killed at a random moment, then run again",
            f"{len(kills['nights'])}",
            f"tables and models equal undisturbed ones; last commit before the kill in: {by_schema}",
        )
    if interrupts := soak.get("interrupts"):
        slowest = max(night["seconds_to_end"] for night in interrupts["nights"])
        yield (
            "nights interrupted at a random moment, then run again",
            f"{len(interrupts['nights'])}",
            f"ended within {slowest:.1f} s with exit code 130; tables and models equal undisturbed ones",
        )
    if damages := soak.get("damages"):
        became = ", ".join(f"{n:,} {what}" for what, n in damages["outcomes"].items())
        yield ("damaged exports", f"{damages['exports']:,}", became)
        by_command = damages["through_the_command"]
        codes = ", ".join(f"{n} {code}" for code, n in by_command.items())
        yield ("of them through the command", f"{sum(by_command.values())}", codes)
    if grown := soak.get("appended_days"):
        yield (
            "days appended one by one, a night after each",
            f"{sum(each['appended_days'] for each in grown['lengths'])}",
            "every table equals that of a home built at once; no row written that does not differ",
        )
    if soak.get("two_nights_at_once"):
        yield ("two nights at once", "2", "one waits, or says who holds the home; nothing is lost")


def quality_page(_: str) -> str:
    """docs/quality.md: forecasts beside every peer, and where they lose."""
    result = _result("quality.json")
    note = _NOTE.format(
        file="quality.json, published.json, anomalies.json, alerts.json, alerts_logs.json"
    )
    machine = _machine(result["machine"])
    anomalies, alerts = _result("anomalies.json"), _result("alerts.json")
    parts = quality_parts(result, _result("published.json"), anomalies, note, machine)
    logs = _result("alerts_logs.json")
    return _page([*parts, *alerts_parts(alerts, logs, _machine(alerts["machine"]))])


def anomalies_page(_: str) -> str:
    """docs/anomalies.md: what is flagged as slow, beside the all-knowing test and what people use."""
    result = _result("anomalies.json")
    note = _NOTE.format(file="anomalies.json, incidents.json")
    machine = _machine(result["machine"])
    return _page(anomalies_parts(result, _result("incidents.json"), note, machine))


def _page(parts: list[str]) -> str:
    return "\n".join(parts).rstrip("\n") + "\n"


PAGES: dict[str, Callable[[str], str]] = {
    "docs/anomalies.md": anomalies_page,
    "docs/performance.md": performance_page,
    "docs/quality.md": quality_page,
    "docs/truth.md": truth_page,
}


if __name__ == "__main__":
    keep_pages(PAGES, prog="python -m benchmarks.pages", about=__doc__ or "")
