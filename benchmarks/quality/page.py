"""docs/quality.md from benchmarks/results: how good forecasts are, and where they and our flags lose."""

from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from typing import Any

from benchmarks.quality.anomalies_page import lost_parts
from optimizer.evaluation.methods import OURS, RULE, SIMPLE
from pipeline.evaluation.page import losses, rivals
from pipeline.evaluation.plots import named
from pipeline.evaluation.sample import EVERY_JOB, REFITTED, TRAINED
from tools.markdown import rows_of_table

CRPS_TARGET, BEST_TARGET, COVERAGE_TARGET = 0.86, 0.95, 0.015
WORST_SHOWN = 6
# Where a log came from, and on what terms.
SOURCES = {
    "azure_vm_noise": "40 benchmark jobs on cloud machines (Freischuetz et al., TUNA, EuroSys 2025; CC-BY 4.0)",
    "gitlab_dune": "247 CI jobs of one project",
    "kth_sp2": "jobs of a supercomputer, by user and shape (Parallel Workloads Archive, KTH SP2)",
    "cea_curie_sample": "47 days of another (Parallel Workloads Archive, CEA Curie)",
}

Log = Mapping[str, Any]


def quality_parts(
    result: Mapping[str, Any],
    published: Mapping[str, Any],
    anomalies: Mapping[str, Any],
    note: str,
    machine: str,
) -> list[str]:
    """The lines of the page."""
    logs = result["logs"]
    return [
        "# How good the forecasts are",
        "",
        note,
        "",
        f"Measured by `make bench-quality` on {machine}, with the code of `rightrun evaluate`: how runs are"
        " forecast and scored is in [evaluate.md](evaluate.md). Below 1 we are better, above 1 the other"
        " method is. Constants of the method were chosen with these logs in view"
        " ([decision 9](decisions/0009-forecast.md)): they are no unseen test. Yours is, and running it takes one"
        " command.",
        "",
        *rows_of_table(
            ("log", "what", "runs", "jobs", "runs scored at the start"),
            (
                (
                    name,
                    SOURCES.get(name, ""),
                    f"{log['log']['runs']:,}",
                    f"{log['log']['jobs']:,}",
                    f"{_horizons(log)['start']['runs']:,}",
                )
                for name, log in logs.items()
            ),
        ),
        "## Against the targets",
        "",
        f"Means over the logs. Wanted: CRPS at most {CRPS_TARGET} of the 7-day rule and {BEST_TARGET} of the best"
        " single simple method (one for all logs, chosen in hindsight at each horizon), coverage within"
        f" {100 * COVERAGE_TARGET:.1f} points, Brier below every simple method's.",
        "",
        *rows_of_table(
            ("forecast", "of the 7-day rule", "of the best single simple method", "worst coverage",
             "logs where a simple method has a lower Brier"),
            _targets(logs),
        ),
        "## At the start of a run",
        "",
        "With the 95 % interval over jobs.",
        "",
        *rows_of_table(
            ("log", "of the 7-day rule", "of mean ± kσ", "of the best simple method",
             "held by the 50 / 80 / 90 / 95 / 99 % quantile", "Brier of the best simple"),
            (_at_start(name, log) for name, log in logs.items()),
        ),
        "## Beside LightGBM, AutoETS and Prophet",
        "",
        "Each on the same runs as ours: LightGBM on up to 100,000 runs, the others on the last 1,000 runs of ten"
        " drawn jobs, as they come, on log durations. A few jobs are few: read the intervals.",
        "",
        *rows_of_table(
            ("log", "forecast", "runs", "of LightGBM", "runs", "of AutoETS", "of Prophet"),
            (row for name, log in logs.items() for row in _peers(name, log)),
        ),
        "## Do probabilities hold?",
        "",
        "All logs at the start, four limits a run (1.1, 1.25, 1.5 and 2 times its job's median): of the times that"
        " an overrun was said to have such a probability, how often it came.",
        "",
        *rows_of_table(
            ("said", "ours: came", "times", "7-day rule: came", "times"), _reliability(logs)
        ),
        "## What a night said of the week to come",
        "",
        *_published(published),
        "## Where we lose",
        "",
        *_losses(logs),
        "### Strange runs",
        "",
        *lost_parts(anomalies),
        "## Simulated kinds",
        "",
        "20 jobs of each kind, of 300 runs, and of six weeks where they run often; simple methods only. What real logs at hand do not show: where a kind"
        " is simple, a method made for it is better.",
        "",
        *rows_of_table(
            ("kind", "start: of the 7-day rule", "of the best simple method", "midnight: of the 7-day rule",
             "of the best simple method", "worst coverage, start"),
            (_kind(name, horizons) for name, horizons in result["kinds"].items()),
        ),
    ]  # fmt: skip


def _published(published: Mapping[str, Any]) -> Iterator[str]:
    """gold.run_forecast of one night against the seven days after it."""
    durations, misses = published["durations"], published["misses"]
    ours = durations[OURS]["pinball_log1p"]
    yield (
        f"A simulated account of {published['jobs']} jobs and {published['days']} days with every quirk: what"
        f" `gold.run_forecast` said on one night of {published['expected']:,} runs, of which {published['came']:,} came in the"
        f" seven days after it and {published['runs']:,} succeeded at once. All forecasts are of that night. Loss is the mean quantile loss of"
        " log1p(duration) at the published levels."
    )
    yield ""
    yield from rows_of_table(
        ("forecast", "ours over it", "held by the 5 / 50 / 80 / 90 / 95 / 99 % quantile"),
        (
            (
                named(name),
                "" if name == OURS else f"{ours / each['pinball_log1p']:.3f}",
                " / ".join(f"{100 * share:.1f}" for share in each["held"].values()),
            )
            for name, each in durations.items()
        ),
    )
    yield (
        f"Of {misses['runs']:,} of its runs with an SLA {misses['came']:.1%} missed, and {misses['said']:.1%}"
        f" were said to. Brier {misses['brier']:.4f}, of the share itself {misses['brier_of_the_share']:.4f}."
    )
    yield ""
    yield from rows_of_table(
        ("said, mean", "came", "runs"),
        (
            (f"{each['said']:.1%}", f"{each['came']:.1%}", f"{each['runs']:,}")
            for each in misses["reliability"]
        ),
    )


def _horizons(log: Log) -> Mapping[str, Any]:
    horizons: Mapping[str, Any] = log["comparisons"][EVERY_JOB]["horizons"]
    return horizons


def _targets(logs: Mapping[str, Log]) -> Iterator[tuple[str, ...]]:
    one = next(iter(logs.values()))
    for horizon, words in one["horizons"].items():
        cells = [_horizons(log)[horizon]["methods"] for log in logs.values()]
        relative = {
            name: fmean(cell[name]["crps_over_rule"] for cell in cells) for name in one["simple"]
        }
        best = min(relative, key=lambda name: relative[name])
        lower = sum(
            any(cell[name]["brier"] < cell[OURS]["brier"] for name in one["simple"])
            for cell in cells
        )
        yield (
            words,
            _against(fmean(cell[OURS]["crps_over_rule"] for cell in cells), CRPS_TARGET),
            f"{_against(fmean(cell[best]['ours_over_it'] for cell in cells), BEST_TARGET)}"
            f" ({named(best)})",
            f"{max(map(_coverage_off, cells)):.1f} points",
            f"{lower} of {len(cells)}",
        )


def _against(value: float, target: float) -> str:
    return f"{value:.3f}" if value <= target else f"**{value:.3f}**, missed"


def _coverage_off(methods: Mapping[str, Any]) -> float:
    coverage = methods[OURS]["coverage"]
    return max(100.0 * abs(float(share) - float(level)) for level, share in coverage.items())


def _best(methods: Mapping[str, Any], log: Log) -> str:
    simple: list[str] = log["simple"]
    return min(simple, key=lambda name: float(methods[name]["crps"]))


def _at_start(name: str, log: Log) -> tuple[str, ...]:
    methods = _horizons(log)["start"]["methods"]
    best = _best(methods, log)
    brier = min(log["simple"], key=lambda one: methods[one]["brier"])
    coverage = " / ".join(f"{100 * share:.1f}" for share in methods[OURS]["coverage"].values())
    return (
        name,
        _ratio(methods[RULE]),
        _ratio(methods["mean_sigma"]),
        f"{_ratio(methods[best])}: {named(best)}",
        coverage,
        f"{methods[brier]['ours_over_it_brier']:.3f}: {named(brier)}",
    )


def _ratio(scores: Mapping[str, Any] | None) -> str:
    """Our CRPS over that of a method."""
    if scores is None or scores["ours_over_it"] is None:
        return ""
    return _shown(scores["ours_over_it"], scores["ours_over_it_95"])


def _shown(ratio: float, interval: Sequence[float | None]) -> str:
    """A ratio, bold where we are the worse, with its interval."""
    low, high = interval
    value = f"**{ratio:.3f}**" if ratio > 1.0 else f"{ratio:.3f}"
    return value if low is None or high is None else f"{value} ({low:.3f} to {high:.3f})"


def _peers(name: str, log: Log) -> Iterator[tuple[str, ...]]:
    for horizon in ("start", "nightly_0", "nightly_7"):
        trained, refitted = (
            log["comparisons"].get(one, {}).get("horizons", {}).get(horizon, {})
            for one in (TRAINED, REFITTED)
        )
        yield (
            name,
            log["horizons"][horizon],
            f"{trained.get('runs', 0):,}",
            _ratio(trained.get("methods", {}).get("lightgbm")),
            f"{refitted.get('runs', 0):,} of {refitted.get('jobs', 0)} jobs",
            *(_ratio(refitted.get("methods", {}).get(peer)) for peer in ("auto_ets", "prophet")),
        )


def _reliability(logs: Mapping[str, Log]) -> Iterator[tuple[str, ...]]:
    for tenth in range(10):
        cells = []
        for method in (OURS, RULE):
            rows = [
                _horizons(log)["start"]["methods"][method]["reliability"][tenth]
                for log in logs.values()
            ]
            times = sum(row[2] for row in rows)
            came = sum(row[1] * row[2] for row in rows if row[1] is not None)
            cells += [f"{100 * came / times:.1f} %" if times else "", f"{times:,.0f}"]
        yield (f"{10 * tenth} to {10 * tenth + 10} %", *cells)


def _losses(logs: Mapping[str, Log]) -> list[str]:
    """For each log how often another method has the lower CRPS, and the worst of it."""
    lines = []
    for name, log in logs.items():
        lost, compared = losses(log), sum(1 for _ in rivals(log))
        lines += [f"**{name}**: {len(lost)} of {compared} comparisons lost.", ""]
        if lost:
            lines += rows_of_table(
                ("method", "forecast", "ours over it", "scored on"),
                (
                    (
                        named(loss.method),
                        log["horizons"][loss.horizon],
                        _shown(loss.ratio, loss.interval),
                        f"{loss.runs:,} runs of {loss.jobs:,} jobs"
                        + (", the sample" if loss.sampled else ""),
                    )
                    for loss in lost[:WORST_SHOWN]
                ),
            )
    return lines


def _kind(name: str, horizons: Mapping[str, Any]) -> tuple[str, ...]:
    cells: list[str] = []
    for horizon in ("start", "nightly_0"):
        methods = horizons[horizon]["methods"]
        rivals = [
            one for one in methods
            if one in SIMPLE and methods[one]["ours_over_it"] is not None
        ]  # fmt: skip
        if not rivals or methods[RULE]["ours_over_it"] is None:
            cells += ["nothing to forecast", ""]
            continue
        best = min(rivals, key=lambda one: methods[one]["crps"])
        ratio = methods[best]["ours_over_it"]
        cells += [
            f"{methods[RULE]['ours_over_it']:.3f}",
            (f"**{ratio:.3f}**" if ratio > 1.0 else f"{ratio:.3f}") + f": {named(best)}",
        ]
    off = _coverage_off(horizons["start"]["methods"])
    return (name, *cells, f"{off:.1f} points" if cells[1] else "")
