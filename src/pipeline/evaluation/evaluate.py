"""The evaluation of a log: ours, peers and controls scored at every horizon, as one plain document.

Three comparisons, each of which scores all of its methods on the same runs: simple methods and
controls on every job; LightGBM on jobs drawn until they have 100,000 runs; and AutoETS and Prophet,
which cost a hundred thousand times as much, on the last 1,000 runs of a few drawn jobs that have 30
or more. The document holds numbers, text and None only, and is the same for the same log and seed.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimizer.config import ForecastConfig
from optimizer.evaluation.compare import HORIZONS, Comparison, compare
from optimizer.evaluation.methods import CONTROLS, METHODS, OURS, RULE, SIMPLE
from optimizer.evaluation.scores import LIMITS, Score, ratio_intervals, scorable
from optimizer.evaluation.simple import Method
from optimizer.panel import RunPanel
from pipeline.errors import UserError
from pipeline.evaluation.additive import Additive
from pipeline.evaluation.anomalies.document import ALL, RULES_ALONE, Size, anomalies
from pipeline.evaluation.boosted import lightgbm
from pipeline.evaluation.numbers import number, ratio
from pipeline.evaluation.sample import EVERY_JOB, REFITTED, TRAINED, Sample
from pipeline.evaluation.smoothing import auto_ets

Progress = Callable[[str, float], object]

PEERS: Final = {"lightgbm": "lightgbm", "auto_ets": "statsforecast", "prophet": "prophet"}
"""The package that each needs: the extra `peers` installs them."""
TRAINED_RUNS: Final = 100_000
BESIDE: Final = (OURS, RULE, "last_30", "recent_20", "decay_5d")
"""Scored beside the costly peers, on the same runs."""
WORST_JOBS: Final = 10
FORECASTS_OF_THE_TIME: Final = 0.8
"""About; the rest goes to anomalies."""
RATIO_EDGES: Final = 2.0 ** np.linspace(-2.0, 2.0, 33)


@dataclass(frozen=True, slots=True)
class Question:
    """One comparison: its name, what it compares in words, the runs and the methods."""

    name: str
    words: str
    panel: RunPanel
    methods: Mapping[str, Method]


def evaluate(
    runs: pd.DataFrame,
    *,
    seed: int = 7,
    sample_jobs: int = 10,
    peers: bool = True,
    progress: Progress = lambda *_: None,
) -> dict[str, Any]:
    """The document of a frame of runs; UserError for a frame that cannot be evaluated.

    Without `peers` only simple methods and controls are compared; they need nothing installed.
    """
    try:
        panel = RunPanel.from_frame(runs)
    except ValueError as error:
        raise UserError(f"these runs cannot be evaluated: {error}") from error
    sample = Sample(runs, panel, seed)
    questions = [
        Question(EVERY_JOB, "every job, every run that all methods answer", panel, METHODS)
    ]
    if peers:
        questions += _beside_peers(sample, sample_jobs)
    work = sum(q.panel.row.size * len(q.methods) for q in questions) * len(HORIZONS)
    forecast_so_far = 0

    def at(so_far: int, name: str) -> None:
        progress(name, FORECASTS_OF_THE_TIME * so_far / max(work, 1))

    comparisons = {}
    for question in questions:

        def report(forecast: int, question: Question = question) -> None:
            nonlocal forecast_so_far
            forecast_so_far += forecast * len(question.methods)
            at(forecast_so_far, question.name)

        at(forecast_so_far, question.name)
        compared = compare(question.panel, question.methods, progress=report)
        comparisons[question.name] = {
            "said": question.words,
            "jobs": int(question.panel.job_ids.size),
            "runs": int(question.panel.row.size),
            "horizons": {h: _horizon(one, seed) for h, one in compared.items()},
        }
        if question.name == EVERY_JOB:
            by_job = compared.get("start")
    if by_job is None:
        raise UserError(
            f"no run of these {panel.rows:,} can be forecast: a job needs"
            f" {ForecastConfig().min_runs} runs that SUCCEEDED (or are UNKNOWN) before the one to be"
            " scored, with a start and a duration"
        )
    return {
        "log": _log(panel),
        "seed": seed,
        "sample_jobs": sample_jobs,
        "limits": list(LIMITS),
        "settings": asdict(ForecastConfig()),
        "peers": peers,
        "absent": [name for name, module in PEERS.items() if find_spec(module) is None],
        "horizons": {name: horizon.words for name, horizon in HORIZONS.items()},
        "controls": list(CONTROLS),
        "simple": list(SIMPLE),
        "comparisons": comparisons,
        "by_job": _jobs(panel, by_job),
        "anomalies": anomalies(
            sample,
            ALL if peers else RULES_ALONE,
            Size(refitted_jobs=sample_jobs),
            progress=lambda what, share: progress(
                what, FORECASTS_OF_THE_TIME + (1.0 - FORECASTS_OF_THE_TIME) * share
            ),
        ),
    }


def _beside_peers(sample: Sample, sample_jobs: int) -> Iterator[Question]:
    """Comparisons with the peers that are installed."""
    beside = {name: METHODS[name] for name in BESIDE}
    if find_spec(PEERS["lightgbm"]):
        runs = sample.until(TRAINED_RUNS)
        yield Question(
            TRAINED,
            f"trees trained anew each week over all jobs at once, on {sample.words(runs)}",
            RunPanel.from_frame(runs),
            beside | {"lightgbm": lightgbm},
        )
    refitted: dict[str, Method] = {}
    if find_spec(PEERS["auto_ets"]):
        refitted["auto_ets"] = auto_ets
    if find_spec(PEERS["prophet"]):
        refitted["prophet"] = Additive()
    runs = sample.with_history(sample_jobs)
    if refitted and len(runs):
        yield Question(
            REFITTED,
            f"models fitted to each job anew each week, on {sample.words_of_history(runs)}",
            RunPanel.from_frame(runs),
            beside | refitted,
        )


def _horizon(one: Comparison, seed: int) -> dict[str, Any]:
    scored = one.runs_by_job > 0
    names = list(one.scores)
    own = one.crps_by_job[OURS][scored]
    others = np.column_stack([one.crps_by_job[name][scored] for name in names])
    intervals = dict(zip(names, ratio_intervals(own, others, seed=seed), strict=True))
    rule = one.scores[RULE].crps
    return {
        "runs": one.scores[OURS].runs,
        "jobs": int(scored.sum()),
        "methods": {
            name: _method(score, one.scores[OURS], rule, None if name == OURS else intervals[name])
            for name, score in one.scores.items()
        },
    }


def _method(
    score: Score, own: Score, rule: float, interval: NDArray[np.float64] | None
) -> dict[str, Any]:
    return {
        "crps": number(score.crps),
        "crps_over_rule": ratio(score.crps, rule),
        "ours_over_it": ratio(own.crps, score.crps),
        "ours_over_it_95": None if interval is None else [number(end) for end in interval],
        "coverage": {f"{level:g}": number(share) for level, share in score.coverage.items()},
        "brier": number(score.brier),
        "ours_over_it_brier": ratio(own.brier, score.brier),
        "reliability": [[number(each) for each in tenth] for tenth in score.reliability],
    }


def _log(panel: RunPanel) -> dict[str, Any]:
    finished = scorable(panel)
    return {
        "runs": panel.rows,
        "jobs": int(panel.job_ids.size),
        "runs_finished": int(finished.sum()),
        "runs_left_out": int(panel.left_out.sum()),
        "first_start": _day(panel.start_us.min(initial=np.iinfo(np.int64).max)),
        "last_start": _day(panel.start_us.max(initial=0)),
    }


def _jobs(panel: RunPanel, one: Comparison) -> dict[str, Any]:
    """Ours against the rule, job by job, at the start."""
    own, rule = one.crps_by_job[OURS], one.crps_by_job[RULE]
    scored = np.flatnonzero(one.runs_by_job > 0)
    lost = own[scored] - rule[scored]
    compared = scored[rule[scored] > 0.0]
    ratios = np.clip(own[compared] / rule[compared], RATIO_EDGES[0], RATIO_EDGES[-1])
    worst = scored[np.lexsort((scored, -lost))][:WORST_JOBS]
    return {
        "scored": int(scored.size),
        "not_scored": int(panel.job_ids.size - scored.size),
        "better_than_rule": number(float((lost < 0.0).mean())),
        "ratio_edges": [number(edge) for edge in RATIO_EDGES],
        "ratio_jobs": np.histogram(ratios, RATIO_EDGES)[0].tolist(),
        "worst": [
            {
                "job_id": str(panel.job_ids[job]),
                "runs": int(one.runs_by_job[job]),
                "crps": number(own[job] / one.runs_by_job[job]),
                "crps_rule": number(rule[job] / one.runs_by_job[job]),
            }
            for job in worst
            if own[job] > rule[job]
        ],
    }


def _day(at_us: np.int64) -> str:
    return str(np.datetime64(int(at_us), "us").astype("datetime64[D]"))
