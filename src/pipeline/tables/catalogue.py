"""All tables RightRun owns, in the order data flows."""

from pipeline.tables import alerts, bronze, gold, incidents, live_runs, ops, silver
from pipeline.tables.declaration import Table

TABLES: tuple[Table, ...] = (
    *bronze.BRONZE_OF.values(),
    bronze.QUARANTINE,
    *silver.SILVER_TABLES,
    *gold.GOLD_TABLES,
    *gold.MODEL_TABLES,
    *gold.RECOMMENDATION_TABLES,
    *gold.RUN_TABLES,
    *gold.ANOMALY_TABLES,
    gold.JOB_VERDICTS,
    gold.FORECAST_COVERAGE,
    gold.RECEIPTS,
    *gold.NIGHT_TABLES,
    *ops.OPS_TABLES,
    *incidents.INCIDENT_TABLES,
    *alerts.ALERT_TABLES,
    *live_runs.LIVE_TABLES,
)


def table_named(name: str) -> Table:
    """The table called `schema.name`, or `name` when only one schema has it; KeyError otherwise."""
    candidates = [table for table in TABLES if name in (table.full_name, table.name)]
    exact = [table for table in candidates if table.full_name == name]
    if len(candidates) == 1 or exact:
        return (exact or candidates)[0]
    raise KeyError(name)
