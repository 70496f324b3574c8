"""Is this run unlike its job? Location, scale, anomaly score and regime of every run."""

from optimizer.baselines.latest import latest
from optimizer.baselines.replay import replay

__all__ = ["latest", "replay"]
