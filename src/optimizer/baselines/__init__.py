"""Is this run unlike its job? Location, scale, anomaly score and regime of every run."""

from optimizer.baselines.latest import latest
from optimizer.baselines.replay import replay
from optimizer.baselines.tail import slow_p_value

__all__ = ["latest", "replay", "slow_p_value"]
