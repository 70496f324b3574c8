"""The methods that every log is judged by: ours, rules that people use, and controls.

never     flags nothing
by_lot    flags one run in 1,000 by lot: what as many flags are worth that know nothing
"""

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimizer.baselines import replay
from optimizer.config import BaselineConfig
from optimizer.evaluation.anomalies.detector import ALPHA, Detector, Judge, Judged
from optimizer.evaluation.anomalies.rules import RULES
from optimizer.panel import OUTCOMES, RunPanel

__all__ = ["CONTROLS", "METHODS", "OURS", "frame_of", "ours"]

OURS: Final = "ours"
LOT_SEED: Final = 1
_WORDS: Final = {code: word for word, code in OUTCOMES.items()}


def ours(panel: RunPanel) -> Judge:
    """Each question is put to `replay` as a run that is never learned, beside the one that it is about."""
    frame = frame_of(panel)

    def judge(at: NDArray[np.int64], seconds: NDArray[np.float64]) -> Judged:
        asked = frame.iloc[at].assign(duration_seconds=seconds, is_incident=True)
        both = pd.concat([frame.assign(is_incident=False), asked], ignore_index=True)
        said = replay(both).iloc[len(frame) :]
        return Judged(-said["p_value"].to_numpy(), -said["p_value_short"].to_numpy())

    return judge


def frame_of(panel: RunPanel) -> pd.DataFrame:
    """The runs of a panel in its order, as a frame of runs; those left out have no status."""
    return pd.DataFrame(
        {
            "job_id": np.repeat(panel.job_ids, np.diff(panel.offsets)),
            "run_id": panel.run_id,
            "start_time": pd.to_datetime(panel.start_us, unit="us", utc=True),
            "duration_seconds": panel.duration_seconds,
            "status": pd.Series([_WORDS.get(code) for code in panel.outcome], dtype=object),
        }
    )


def by_lot(panel: RunPanel) -> Judge:
    slow, short = np.random.default_rng(LOT_SEED).random((2, panel.row.size))
    return lambda at, _: Judged(slow[at], short[at])


def never(_: RunPanel) -> Judge:
    return lambda at, _: Judged(np.zeros(at.size))


def _just_below(p: float) -> float:
    """Above it is the score of a p-value of `p`, which is flagged."""
    return float(np.nextafter(-p, -1.0))


_ALPHA_SHORT: Final = BaselineConfig().alpha_short
CONTROLS: Final = {
    "never": Detector("never", never, 0.0),
    "by_lot": Detector("one in 1,000 by lot", by_lot, 1.0 - ALPHA, 1.0 - _ALPHA_SHORT),
}
METHODS: Final = {
    OURS: Detector(
        "RightRun", ours, _just_below(ALPHA), _just_below(_ALPHA_SHORT), lambda score: -score
    ),
    **RULES,
    **CONTROLS,
}
