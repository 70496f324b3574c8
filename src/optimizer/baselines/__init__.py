"""Is this run unlike its job? What is usual of it, how rare each run is, since when."""

from optimizer.baselines.latest import latest
from optimizer.baselines.rarity import rarity
from optimizer.baselines.replay import replay

__all__ = ["latest", "rarity", "replay"]
