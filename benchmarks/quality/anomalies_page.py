"""docs/anomalies.md from benchmarks/results/anomalies.json: what is flagged as slow, and where it falls short."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from optimizer.evaluation.anomalies.methods import CONTROLS, OURS
from pipeline.evaluation.anomalies.losses import ALL_KNOWING, ERRORS, Loss, losses
from pipeline.evaluation.anomalies.pictures import short_name
from pipeline.evaluation.sample import EVERY_JOB, REFITTED, TRAINED
from tools.markdown import rows_of_table

_MOST_FALSE, _MOST_FALSE_SHIFTS, _MOST_RUNS = 1.5, 1.0, 4
_HOW_OFTEN = ("daily", "hourly")
_LESS = {"1.5": 0.15, "2": 0.10, "3": 0.10}
"""How much less may be found than by the test that knows."""
_LESS_OF_HARD_KINDS = {
    "two modes (a quarter x4)": dict.fromkeys(_LESS, 0.20),
    "gamma of shape 4": dict.fromkeys(_LESS, 0.20),
    "office hours x2": _LESS | {"1.5": 0.20},
}

Result = Mapping[str, Any]


def anomalies_parts(result: Result, incidents: Result, note: str, machine: str) -> list[str]:
    """The lines of the page, `incidents` being what `benchmarks.quality.incidents` has measured."""
    kinds, logs, size = result["kinds"], result["logs"], result["sizes"]["kinds"]
    return [
        "# What is flagged",
        "",
        note,
        "",
        f"Measured by `make bench-quality` on {machine}, with the code of `rightrun evaluate`: {size['jobs']} simulated"
        f" jobs of {size['runs_a_job']} runs of each kind, once a day and once an hour, at one false alarm promised in"
        f" 1,000 runs; the first {size['fewest_before']} runs are not counted. 20,000 runs are judged again as if each"
        " alone had been slower, all else as it was. Beside each share found stands that of the test which knows the"
        " job's true law. **Bold** is beyond what"
        " is wanted: 1.5 false alarms and 1 false change in 1,000 runs, 10 points less found than by the"
        " all-knowing test (15 at x1.5; 20 of two modes and gamma, and in office hours at x1.5), a change of x1.5"
        " declared after 4 runs.",
        "",
        *rows_of_table(
            ("kind of job", "runs", "false alarms per 1,000", "x1.5 found", "x2 found", "x3 found", "x0.1 found",
             "false changes per 1,000", "x1.5 for good: found within 60 runs", "after"),
            _ours(kinds),
        ),
        "## Among incidents that nobody has marked",
        "",
        "The same kinds as they are, then with incidents in the history of every job: one run in fifty takes three"
        " times as long, one in a hundred three tenths of its time. Counted are the other runs, the same in both.",
        "",
        *rows_of_table(
            ("kind of job", "runs", "false alarms per 1,000", "x2 found", "x3 found", "changes per 1,000"),
            _among_incidents(incidents["kinds"]),
        ),
        "## Beside the rules that people use",
        "",
        "False alarms per 1,000 runs, and the share found of runs that take twice as long: as a rule comes, and"
        " with as many flags as ours, its threshold chosen for that in hindsight.",
        "",
        *rows_of_table(("kind of job", "runs", *_names(kinds, EVERY_JOB)), _beside(kinds, EVERY_JOB)),
        "## Beside libraries",
        "",
        "The same of what is trained or fitted, which costs more and is asked of seven kinds: IsolationForest and a"
        f" boosted quantile trained over jobs of {size['trained_runs']:,} runs in all, STL and AutoETS fitted to"
        f" {size['refitted_jobs']} jobs. Ours is said of the same runs.",
        "",
        *rows_of_table(
            ("kind of job", "runs", *_names(kinds, TRAINED)), _beside(kinds, TRAINED)
        ),
        *rows_of_table(
            ("kind of job", "runs", *_names(kinds, REFITTED)), _beside(kinds, REFITTED)
        ),
        "## On real logs",
        "",
        "No one knows which of their runs are wrong. Within reach are runs of at most one and a half times the"
        " longest of the hundred before. A p-value of 0.05 or less should be given to 5 % of runs, and so on.",
        "",
        *rows_of_table(
            ("log", "method", "runs", "judged", "flagged per 1,000", "of those within reach", "x1.5 / x2 / x3 found",
             "with as many flags as ours", "p at most 5 / 1 / 0.1 %"),
            _of_logs(logs),
        ),
        *rows_of_table(
            ("log", "changes per 1,000 runs"),
            ((name, f"{log['shifts_per_1000']:.1f}") for name, log in logs.items()),
        ),
    ]  # fmt: skip


def lost_parts(result: Result) -> list[str]:
    """Where another method finds more strange runs with as many flags or fewer, the worst first."""
    rows: list[tuple[str, Loss]] = []
    tally: dict[str, Counter[str]] = defaultdict(Counter)
    for place, comparison in _comparisons(result):
        rows += [(place, loss) for loss in losses(comparison) if loss.is_clear]
        for method, scores in comparison["methods"].items():
            if method not in (OURS, ALL_KNOWING, *CONTROLS):
                tally[method].update(_outcome(alike) for alike in scores["alike"].values())
    rows.sort(key=lambda row: row[1].ours - row[1].found)
    winners = [short_name(name) for name, one in tally.items() if one["ahead"] > one["behind"]]
    return [
        "Runs made 1.5, 2 and 3 times as long, found by a method with as many flags as ours or fewer, its threshold"
        " chosen for that in hindsight ([anomalies.md](anomalies.md)); controls do not count. Ahead and behind are"
        " said where the difference is more than chance over jobs allows (95 %).",
        "",
        *rows_of_table(
            ("method", "ahead of ours", "behind", "neither"),
            (
                (short_name(name), *(str(one[each]) for each in ("ahead", "behind", "neither")))
                for name, one in tally.items()
            ),
        ),
        f"Ahead more often than behind: {', '.join(winners) or 'none'}."
        " Where others are ahead, the worst first:",
        "",
        *rows_of_table(
            ("log or kind", "method", "runs", "it finds", "ours"),
            (
                (place, short_name(loss.method), f"x{loss.factor}", f"{loss.found:.1%}", f"{loss.ours:.1%}")
                for place, loss in rows
            ),
        ),
    ]  # fmt: skip


def _comparisons(result: Result) -> Iterator[tuple[str, Result]]:
    """Every comparison with the log or kind that it was made on."""
    for name, log in result["logs"].items():
        yield from ((name, one) for one in log["comparisons"].values())
    for name, by_frequency in result["kinds"].items():
        for how_often, kind in by_frequency.items():
            yield from ((f"{name}, {how_often}", one) for one in kind["comparisons"].values())


def _outcome(alike: Result) -> str:
    ahead, error = alike["ahead"], alike["ahead_error"]
    if ahead is None or error is None or abs(ahead) <= ERRORS * error:
        return "neither"
    return "ahead" if ahead > 0.0 else "behind"


def _bold(text: str, *, is_missed: bool) -> str:
    return f"**{text}**" if is_missed else text


def _ours(kinds: Result) -> Iterator[tuple[str, ...]]:
    for name, by_frequency in kinds.items():
        for how_often in _HOW_OFTEN:
            one = by_frequency[how_often]
            methods = one["comparisons"][EVERY_JOB]["methods"]
            ours, knowing = methods[OURS], methods[ALL_KNOWING]["found"]
            false, shifts = ours["slow_per_1000"], one["false_shifts_per_1000"]
            after = one["shift_after_runs_median"]
            yield (
                name,
                how_often,
                _bold(f"{false:.2f}", is_missed=false > _MOST_FALSE),
                *(
                    _bold(
                        f"{ours['found'][factor]:.2f} of {knowing[factor]:.2f}",
                        is_missed=knowing[factor] - ours["found"][factor] > less,
                    )
                    for factor, less in _LESS_OF_HARD_KINDS.get(name, _LESS).items()
                ),
                f"{ours['found']['0.1']:.2f} of {knowing['0.1']:.2f}",
                _bold(f"{shifts:.2f}", is_missed=shifts > _MOST_FALSE_SHIFTS),
                f"{one['shift_found']:.2f}",
                "" if after is None else _bold(f"{after:.0f} runs", is_missed=after > _MOST_RUNS),
            )


def _among_incidents(kinds: Result) -> Iterator[tuple[str, ...]]:
    for name, by_frequency in kinds.items():
        for how_often in _HOW_OFTEN:
            without, among = by_frequency[how_often]["without"], by_frequency[how_often]["with"]
            yield (
                name,
                how_often,
                f"{without['slow_per_1000']:.2f}, then {among['slow_per_1000']:.2f}",
                *(f"{without['found'][x]:.2f}, then {among['found'][x]:.2f}" for x in ("2", "3")),
                f"{without['shifts_per_1000']:.2f}, then {among['shifts_per_1000']:.2f}",
            )


def _names(kinds: Result, comparison: str) -> list[str]:
    for by_frequency in kinds.values():
        if comparison in by_frequency["daily"]["comparisons"]:
            methods = by_frequency["daily"]["comparisons"][comparison]["methods"]
            return [short_name(one) for one in methods if one != ALL_KNOWING]
    return []


def _beside(kinds: Result, comparison: str) -> Iterator[tuple[str, ...]]:
    for name, by_frequency in kinds.items():
        for how_often in _HOW_OFTEN:
            compared = by_frequency[how_often]["comparisons"].get(comparison)
            if compared is None:
                continue
            ours = compared["methods"][OURS]["found"]["2"]
            cells = []
            for method, scores in compared["methods"].items():
                alike = scores["alike"]["2"]["found"]
                cell = f"{scores['slow_per_1000']:.1f}, {scores['found']['2']:.2f}"
                if method not in (OURS, *CONTROLS):
                    cell += ", " + _bold(f"{alike:.2f}", is_missed=alike > ours)
                if method != ALL_KNOWING:
                    cells.append(cell)
            yield (name, how_often, *cells)


def _of_logs(logs: Result) -> Iterator[tuple[str, ...]]:
    for name, log in logs.items():
        for comparison, compared in log["comparisons"].items():
            for method, scores in compared["methods"].items():
                part = {TRAINED: ", same runs", REFITTED: ", same jobs"}.get(comparison, "")
                alike = {factor: each["found"] for factor, each in scores["alike"].items()}
                yield (
                    name,
                    short_name(method) + (part if method == OURS else ""),
                    f"{compared['runs']:,}",
                    f"{scores['judged']:.1%}",
                    f"{scores['slow_per_1000']:.1f}",
                    f"{scores['slow_within_reach_per_1000']:.1f}",
                    " / ".join(f"{scores['found'][factor]:.2f}" for factor in alike),
                    ""
                    if method == OURS
                    else " / ".join(f"{share:.2f}" for share in alike.values()),
                    " / ".join(f"{100 * share:.2f}" for share in scores["p_at_most"].values()),
                )
