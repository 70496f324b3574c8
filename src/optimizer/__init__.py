"""Per-job statistics: runs of many jobs in, one answer with a status per job out.

Nothing here knows an engine, a tracker or a service. Three families share the mathematics of this
level and do not know each other: `baselines` (is this run unlike its job?), `forecast` (how long
will the next one take, and will it be too long?) and `rightsizing` (what cluster would do it?).
"""

from optimizer.config import BaselineConfig, ForecastConfig, SizingConfig
from optimizer.panel import RunPanel
from optimizer.result import ANSWERED, Status

__all__ = [
    "ANSWERED",
    "BaselineConfig",
    "ForecastConfig",
    "RunPanel",
    "SizingConfig",
    "Status",
]
