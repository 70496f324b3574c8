"""Gold: what RightRun promises. Facts by job, day and team; then forecasts and recommendations.

Every table about jobs has one row for each job that ran or is defined; a job that could not be
assessed has a status and a reason instead of numbers, and is never left out.
"""

from pipeline.tables.declaration import Table
from pipeline.tables.gold.anomalies import COUNTS, FALSE_DISCOVERY_RATE, JOB_NIGHTS, RUN_ANOMALIES
from pipeline.tables.gold.baselines import (
    CONTINUOUS_METRICS,
    JOB_BASELINE,
    JOB_REGIMES,
    METRICS,
    RUN_BASELINE,
    RUN_BASELINE_DAYS,
    RUN_SCORES,
)
from pipeline.tables.gold.causes import JOB_CHANGES, RUN_CAUSES
from pipeline.tables.gold.chains import JOB_CHAINS, JOB_DEPENDENCIES
from pipeline.tables.gold.costs import COST_DAILY, TEAM_COST_DAILY
from pipeline.tables.gold.forecasts import (
    COVERED_LEVELS,
    DURATION_STATES,
    FLEET_PRIORS,
    FORECAST_COVERAGE,
    FORECAST_QUALITY,
    IN_FLIGHT,
    JOB_FORECAST,
    LEFT_LEVELS,
    PARTS_OF_A_MISS,
    RUN_FORECAST,
    RUN_LEVELS,
    SHOWN_LEVELS,
)
from pipeline.tables.gold.freshness import TABLE_FRESHNESS
from pipeline.tables.gold.growth import JOB_GROWTH
from pipeline.tables.gold.jobs import JOBS
from pipeline.tables.gold.nights import (
    NIGHT_ASSESSMENTS,
    NIGHT_STEPS,
    NIGHT_TABLES,
    SOURCE_FRESHNESS,
)
from pipeline.tables.gold.receipts import RECEIPTS
from pipeline.tables.gold.rightsizing import RIGHTSIZING
from pipeline.tables.gold.run_history import RUN_HISTORY, RUN_HISTORY_DAYS
from pipeline.tables.gold.runs import JOB_DAILY, JOB_HEALTH, JOB_WEEKLY
from pipeline.tables.gold.schemas import TABLE_SCHEMA_CHANGES, TABLE_SCHEMAS
from pipeline.tables.gold.sla import SLA_DAILY, SLA_PROPOSALS
from pipeline.tables.gold.tasks import FAILURES_DAILY, TASK_DAILY
from pipeline.tables.gold.trends import JOB_TRENDS
from pipeline.tables.gold.tripwires import TRIPWIRES
from pipeline.tables.gold.utilisation import UTILISATION_DAILY
from pipeline.tables.gold.verdicts import JOB_VERDICTS, LIKELY_TO_MISS

__all__ = [
    "ANOMALY_TABLES",
    "CONTINUOUS_METRICS",
    "COST_DAILY",
    "COUNTS",
    "COVERED_LEVELS",
    "DURATION_STATES",
    "FAILURES_DAILY",
    "FALSE_DISCOVERY_RATE",
    "FLEET_PRIORS",
    "FORECAST_COVERAGE",
    "FORECAST_QUALITY",
    "GOLD_TABLES",
    "IN_FLIGHT",
    "JOBS",
    "JOB_BASELINE",
    "JOB_CHAINS",
    "JOB_CHANGES",
    "JOB_DAILY",
    "JOB_DEPENDENCIES",
    "JOB_FORECAST",
    "JOB_GROWTH",
    "JOB_HEALTH",
    "JOB_NIGHTS",
    "JOB_REGIMES",
    "JOB_TRENDS",
    "JOB_VERDICTS",
    "JOB_WEEKLY",
    "LEFT_LEVELS",
    "LIKELY_TO_MISS",
    "METRICS",
    "MODEL_TABLES",
    "NIGHT_ASSESSMENTS",
    "NIGHT_STEPS",
    "NIGHT_TABLES",
    "PARTS_OF_A_MISS",
    "QUESTIONS",
    "RECEIPTS",
    "RECOMMENDATION_TABLES",
    "RIGHTSIZING",
    "RUN_ANOMALIES",
    "RUN_BASELINE",
    "RUN_BASELINE_DAYS",
    "RUN_CAUSES",
    "RUN_FORECAST",
    "RUN_HISTORY",
    "RUN_HISTORY_DAYS",
    "RUN_LEVELS",
    "RUN_SCORES",
    "RUN_TABLES",
    "SHOWN_LEVELS",
    "SLA_DAILY",
    "SLA_PROPOSALS",
    "SOURCE_FRESHNESS",
    "TABLE_FRESHNESS",
    "TABLE_SCHEMAS",
    "TABLE_SCHEMA_CHANGES",
    "TASK_DAILY",
    "TEAM_COST_DAILY",
    "TRIPWIRES",
    "UTILISATION_DAILY",
]

GOLD_TABLES: tuple[Table, ...] = (
    JOBS,
    JOB_DAILY,
    JOB_WEEKLY,
    JOB_HEALTH,
    SLA_DAILY,
    COST_DAILY,
    TEAM_COST_DAILY,
    JOB_TRENDS,
    RUN_HISTORY,
    TASK_DAILY,
    FAILURES_DAILY,
    UTILISATION_DAILY,
    JOB_DEPENDENCIES,
    TABLE_FRESHNESS,
    TABLE_SCHEMAS,
    TABLE_SCHEMA_CHANGES,
)
MODEL_TABLES: tuple[Table, ...] = (DURATION_STATES, FLEET_PRIORS, FORECAST_QUALITY)
RECOMMENDATION_TABLES: tuple[Table, ...] = (
    JOB_FORECAST,
    JOB_BASELINE,
    RIGHTSIZING,
    SLA_PROPOSALS,
    JOB_GROWTH,
    JOB_CHAINS,
    TRIPWIRES,
)
"""One row a job, with an answer or the reason for none."""
RUN_TABLES: tuple[Table, ...] = (
    RUN_FORECAST,
    IN_FLIGHT,
    RUN_SCORES,
    RUN_BASELINE,
    RUN_CAUSES,
    JOB_CHANGES,
)
"""Of runs: those to come, those in progress, the latest that have ended, and why these were slow."""
ANOMALY_TABLES: tuple[Table, ...] = (JOB_REGIMES, JOB_NIGHTS, RUN_ANOMALIES)
"""What has changed in a job, and what is unlike it."""
QUESTIONS: dict[str, Table] = {
    "forecast": JOB_FORECAST,
    "baseline": JOB_BASELINE,
    "right-sizing": RIGHTSIZING,
}
"""What is asked of every job, and the table that has its answer or the reason for none."""
