"""The part of an evaluation's document that says how well strange runs are found.

Three comparisons, as of forecasts: rules that people use and controls on jobs drawn until they have 100,000 runs;
what is trained over all jobs on jobs drawn until they have 20,000; what is fitted to each job on the last 1,000 runs
of a few jobs. Ours is in all three, and all methods of one are asked of the same runs.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Final

import pandas as pd

from optimizer.evaluation.anomalies.compare import FACTORS, FEWEST_BEFORE, Compared, Score, compare
from optimizer.evaluation.anomalies.detector import ALPHA, Detector
from optimizer.evaluation.anomalies.methods import CONTROLS, METHODS, OURS
from optimizer.panel import RunPanel
from pipeline.evaluation.anomalies.boosted_quantile import BEYOND_QUANTILE
from pipeline.evaluation.anomalies.forest import ISOLATED
from pipeline.evaluation.anomalies.seasonal import STL_REMAINDER
from pipeline.evaluation.numbers import number
from pipeline.evaluation.sample import EVERY_JOB, REFITTED, TRAINED, Sample

PEERS: Final = {
    "isolation_forest": "sklearn",
    "boosted_quantile": "sklearn",
    "stl": "statsmodels",
}
"""The package that each needs."""

Asked = Mapping[str, Mapping[str, Detector]]
"""The methods of each comparison."""

RULES_ALONE: Final[Asked] = {EVERY_JOB: METHODS}
ALL: Final[Asked] = {
    **RULES_ALONE,
    TRAINED: {
        OURS: METHODS[OURS],
        "isolation_forest": ISOLATED,
        "boosted_quantile": BEYOND_QUANTILE,
    },
    REFITTED: {OURS: METHODS[OURS], "stl": STL_REMAINDER},
}


@dataclass(frozen=True, slots=True)
class Size:
    """How much of a log is judged."""

    runs: int = 100_000
    trained_runs: int = 20_000
    refitted_jobs: int = 10
    fewest_before: int = FEWEST_BEFORE


Progress = Callable[[str, float], object]


@dataclass(frozen=True, slots=True)
class Question:
    """One comparison: its name, what it compares in words, the runs and the methods."""

    name: str
    words: str
    runs: pd.DataFrame
    methods: Mapping[str, Detector]


def anomalies(
    sample: Sample, asked: Asked = ALL, size: Size = Size(), progress: Progress = lambda *_: None
) -> dict[str, Any]:
    """Everything of it, of the comparisons asked for: numbers, text and None."""
    questions = list(_questions(sample, asked, size))
    work = sum(len(one.methods) for one in questions)
    judged_so_far = 0
    comparisons = {}
    for question in questions:

        def report(judged: int, question: Question = question) -> None:
            nonlocal judged_so_far
            judged_so_far += judged
            progress(f"anomalies, {question.name}", judged_so_far / work)

        compared = compare(
            RunPanel.from_frame(question.runs),
            question.methods,
            seed=sample.seed,
            fewest=size.fewest_before,
            progress=report,
        )
        comparisons[question.name] = {
            "said": question.words,
            "jobs": int(question.runs["job_id"].nunique()),
        } | as_numbers(compared)
    return {
        "alpha": ALPHA,
        "fewest_before": size.fewest_before,
        "factors": [f"{factor:g}" for factor in FACTORS],
        "words": {name: method.words for one in questions for name, method in one.methods.items()},
        "controls": list(CONTROLS),
        "absent": [name for name, module in PEERS.items() if find_spec(module) is None],
        "comparisons": comparisons,
    }


def _questions(sample: Sample, asked: Asked, size: Size) -> Iterator[Question]:
    """Those asked for that have a run, and a method beside ours that is installed."""
    for name, methods in asked.items():
        installed = {
            method: detector
            for method, detector in methods.items()
            if method not in PEERS or find_spec(PEERS[method])
        }
        if name == EVERY_JOB:
            runs = sample.until(size.runs)
            words = f"rules that people use, on {sample.words(runs)}"
        elif name == TRAINED:
            runs = sample.until(size.trained_runs)
            words = f"trained anew each week over all jobs at once, on {sample.words(runs)}"
        else:
            runs = sample.with_history(size.refitted_jobs)
            words = f"fitted to each job anew each week, on {sample.words_of_history(runs)}"
        if name == EVERY_JOB or (len(installed) > 1 and len(runs)):
            yield Question(name, words, runs, installed)


def as_numbers(compared: Compared) -> dict[str, Any]:
    """A comparison as plain numbers, shares of runs as runs per 1,000."""
    return {
        "runs": compared.runs,
        "runs_within_reach": compared.runs_within_reach,
        "strange": compared.strange,
        "methods": {name: _numbers(score) for name, score in compared.scores.items()},
    }


def _numbers(score: Score) -> dict[str, Any]:
    found = {f"{factor:g}": one for factor, one in score.found.items()}
    slower = {factor: found[f"{factor:g}"] for factor in FACTORS if factor > 1.0}
    return {
        "judged": number(score.judged),
        "slow_per_1000": number(1e3 * score.slow),
        "slow_within_reach_per_1000": number(1e3 * score.slow_within_reach),
        "short_per_1000": number(1e3 * score.short),
        "found": {factor: number(one.share) for factor, one in found.items()},
        "alike": {
            f"{factor:g}": {
                "found": number(one.alike),
                "ahead": number(one.ahead),
                "ahead_error": number(one.ahead_error),
            }
            for factor, one in slower.items()
        },
        "p_at_most": {f"{p:g}": number(share) for p, share in score.p_at_most.items()},
    }
