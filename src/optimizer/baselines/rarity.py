"""How rare a run would be, by what `optimizer.baselines.latest` says of its job."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimizer.baselines.replay import SMALLEST_VALUE
from optimizer.baselines.tail import LAW, p_values

__all__ = ["rarity"]


def rarity(value: NDArray[np.float64], baseline: pd.DataFrame) -> pd.DataFrame:
    """robust_z, p_value and p_value_short of values (n,), each beside its row of `baseline` (n,).

    `baseline` holds center_seconds, scale_log, stretch and law of `latest`; indexed like it. NaN where it, or
    the value, says nothing.
    """
    usable = np.isfinite(value) & (value >= 0.0)
    log_value = np.log(np.maximum(np.where(usable, value, 1.0), SMALLEST_VALUE))
    center, scale, stretch = (
        baseline[name].to_numpy(dtype=np.float64)
        for name in ("center_seconds", "scale_log", "stretch")
    )
    distance = np.where(usable, log_value - np.log(center), np.nan)
    has_law = baseline["law"].notna().to_numpy() & np.isfinite(distance) & np.isfinite(stretch)
    slow, short = np.full(value.size, np.nan), np.full(value.size, np.nan)
    if has_law.any():
        laws = np.stack([np.asarray(law, dtype=np.float64) for law in baseline["law"][has_law]])
        residual = distance[has_law] / stretch[has_law]
        slow[has_law], short[has_law] = p_values(residual, laws.reshape(-1, *LAW))
    return pd.DataFrame(
        {"robust_z": distance / scale, "p_value": slow, "p_value_short": short},
        index=baseline.index,
    )
