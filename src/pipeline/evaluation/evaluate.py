"""The evaluation of a log: ours, peers and controls scored at every horizon, as one plain document.

Three comparisons, each of which scores all of its methods on the same runs: simple methods and
controls on every job; LightGBM on jobs drawn until they have 100,000 runs; and AutoETS and Prophet,
which cost a hundred thousand times as much, on the last 1,000 runs of a few drawn jobs that have 30
or more. The document holds numbers, text and None only, and is the same for the same log and seed.
"""

import math
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
from optimizer.evaluation.simple import Method, training
from optimizer.panel import RunPanel
from pipeline.errors import UserError
from pipeline.evaluation.additive import Additive
from pipeline.evaluation.boosted import lightgbm
from pipeline.evaluation.smoothing import auto_ets

Progress = Callable[[str, float], object]

PEERS: Final = {"lightgbm": "lightgbm", "auto_ets": "statsforecast", "prophet": "prophet"}
"""The package that each needs: the extra `peers` installs them."""
EVERY_JOB: Final = "every job"
TRAINED: Final = "trained"
REFITTED: Final = "refitted"
TRAINED_RUNS: Final = 100_000
REFITTED_RUNS_A_JOB: Final = 1000
REFITTED_FEWEST_RUNS: Final = 30
BESIDE: Final = (OURS, RULE, "last_30", "recent_20", "decay_5d")
"""Scored beside the costly peers, on the same runs."""
WORST_JOBS: Final = 10
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
    questions = [
        Question(EVERY_JOB, "every job, every run that all methods answer", panel, METHODS)
    ]
    if peers:
        questions += _beside_peers(runs, panel, seed, sample_jobs)
    work = sum(q.panel.row.size * len(q.methods) for q in questions) * len(HORIZONS)
    forecast_so_far = 0
    comparisons = {}
    for question in questions:

        def report(forecast: int, question: Question = question) -> None:
            nonlocal forecast_so_far
            forecast_so_far += forecast * len(question.methods)
            progress(question.name, forecast_so_far / max(work, 1))

        progress(question.name, forecast_so_far / max(work, 1))
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
    }


def _beside_peers(
    runs: pd.DataFrame, panel: RunPanel, seed: int, sample_jobs: int
) -> Iterator[Question]:
    """Comparisons with the peers that are installed."""
    rng = np.random.default_rng(seed)
    beside = {name: METHODS[name] for name in BESIDE}
    drawn = rng.permutation(panel.job_ids.size)
    if find_spec(PEERS["lightgbm"]):
        total = np.cumsum(np.diff(panel.offsets)[drawn])
        sampled = np.sort(drawn[: int(np.searchsorted(total, TRAINED_RUNS)) + 1])
        all_of_them = sampled.size == panel.job_ids.size
        yield Question(
            TRAINED,
            "trees trained anew each week over all jobs at once, on "
            + ("every job" if all_of_them else f"{sampled.size:,} jobs drawn by seed {seed}"),
            panel if all_of_them else _of(runs, panel.job_ids[sampled]),
            beside | {"lightgbm": lightgbm},
        )
    refitted: dict[str, Method] = {}
    if find_spec(PEERS["auto_ets"]):
        refitted["auto_ets"] = auto_ets
    if find_spec(PEERS["prophet"]):
        refitted["prophet"] = Additive()
    job = np.repeat(np.arange(panel.job_ids.size), np.diff(panel.offsets))
    learnt = np.bincount(job[training(panel)], minlength=panel.job_ids.size)
    few = np.sort(drawn[learnt[drawn] >= REFITTED_FEWEST_RUNS][:sample_jobs])
    if refitted and few.size:
        sample = _of(runs, panel.job_ids[few]).latest(REFITTED_RUNS_A_JOB)
        yield Question(
            REFITTED,
            f"models fitted to each job anew each week, on the last {REFITTED_RUNS_A_JOB:,} runs of"
            f" {few.size} jobs drawn by seed {seed} from those with {REFITTED_FEWEST_RUNS} or more",
            sample,
            beside | refitted,
        )


def _of(runs: pd.DataFrame, job_ids: NDArray[np.object_]) -> RunPanel:
    """The panel of these jobs."""
    return RunPanel.from_frame(runs[runs["job_id"].isin(list(job_ids))])


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


def number(value: float) -> float | None:
    """Six significant digits; None for what is no number."""
    return float(f"{value:.6g}") if math.isfinite(value) else None


def ratio(above: float, below: float) -> float | None:
    """None where there is next to nothing to compare with, as on a constant job."""
    return number(above / below) if below > 1e-9 else None
