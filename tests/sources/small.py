"""A small export without a fault, that tests read as it is or damage first."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.tables import source
from pipeline.tables.declaration import SourceTable
from pipeline.tables.types import arrow_schema
from tests.strategies.tables import at, on, whole

ROWS = 12


def rows_of_table(table: SourceTable, first: int = 0, rows: int = ROWS) -> list[dict[str, Any]]:
    """Rows of different keys, with something in every nested column."""
    return [whole(table, _row(table, number)) for number in range(first, first + rows)]


def _row(table: SourceTable, n: int) -> dict[str, Any]:
    start, end = at(n % 9, n % 24), at(n % 9, n % 24) + timedelta(minutes=7)
    tags = [("team", f"t{n % 3}"), ("cost center", "7")]
    compute = [{"type": "CLUSTER", "cluster_id": f"c{n}", "warehouse_id": None}]
    price = Decimal("0.150000000000000000")
    ours: dict[str, Any] = {
        "account_id": "a",
        "workspace_id": f"w{n % 2}",
        "job_id": str(1_000 + n),
        "name": f"job {n}",
        "tags": tags,
        "custom_tags": tags,
        "change_time": start,
        "trigger": {
            "continuous": None,
            "schedule": {"quartz_cron_expression": "0 0 3 * * ?", "timezone_id": "UTC"},
        },
        "paused": False,
        "health_rules": [
            {"metric": "RUN_DURATION_SECONDS", "operator": "GREATER_THAN", "value": n}
        ],
        "timeout_seconds": 60,
        "notifications": [{"event": "on_failure", "emails": 1, "destinations": 0}],
        "tasks": [{"task_key": f"task{n}", "max_retries": n}],
        "clusters": [{"job_cluster_key": "main", "num_workers": n}],
        "environments": [{"environment_key": "default", "dependencies": 1}],
        "task_key": f"task{n}",
        "depends_on_keys": ["a", "b"],
        "run_id": str(10**15 + n),
        "job_run_id": str(n),
        "period_start_time": start,
        "period_end_time": end,
        "result_state": "SUCCEEDED",
        "compute_ids": [f"c{n}"],
        "compute": compute,
        "pipeline_id": f"p{n}",
        "update_id": f"u{n}",
        "settings": {"serverless": True, "edition": "CORE"},
        "trigger_details": {"job_task": {"job_id": str(1_000 + n), "job_task_run_id": str(n)}},
        "table_catalog": "main",
        "table_schema": "curated",
        "table_name": f"table{n % 3}",
        "column_name": f"column{n}",
        "full_data_type": "string",
        "is_nullable": "YES",
        "record_id": f"r{n}",
        "record_type": "ORIGINAL",
        "sku_name": f"SKU_{n}",
        "cloud": "AWS",
        "usage_start_time": start,
        "usage_end_time": end,
        "usage_date": on(n % 9),
        "usage_unit": "DBU",
        "usage_quantity": Decimal("1.250000000000000000"),
        "usage_metadata": {"cluster_id": f"c{n}", "job_id": str(n)},
        "product_features": {"is_serverless": True, "jobs_tier": "CLASSIC"},
        "ingestion_date": on(9),
        "price_start_time": at(-30),
        "currency_code": "USD",
        "pricing": {
            "default": price,
            "promotional": {"default": price},
            "effective_list": {"default": price},
        },
        "cluster_id": f"c{n}",
        "worker_count": 3,
        "instance_id": f"i{n}",
        "network_received_bytes": 1_000 * n,
        "statement_id": f"s{n}",
        "update_time": end,
        "read_bytes": 1_000 * n,
        "query_source": {"job_info": {"job_id": str(1_000 + n), "job_run_id": str(n)}},
        "event_time": start,
        "entity_type": "JOB",
        "entity_run_id": str(n),
        "entity_metadata": {"job_info": {"job_id": str(1_000 + n), "job_run_id": str(n)}},
        "source_table_full_name": f"main.a.in_{n}",
        "target_table_full_name": f"main.a.out_{n}",
        "start_time": start,
        "end_time": start + timedelta(minutes=1),
        "driver": n % 2 == 0,
        "cpu_user_percent": 12.5,
        "node_type": f"m{n}",
        "core_count": 4.0,
        "memory_mb": 16_384,
    }
    if table in (source.NODE_TYPES, source.LIST_PRICES):
        ours.pop("workspace_id")
    if table is source.PIPELINE_UPDATE_TIMELINE:
        ours["compute"] = compute[0]
    if table is source.WORKSPACES_LATEST:
        ours["workspace_id"] = f"w{n}"
    return {name: value for name, value in ours.items() if name in table.column_names}


def arrow_rows(table: SourceTable, first: int = 0, rows: int = ROWS) -> pa.Table:
    schema = pa.schema([field.with_nullable(True) for field in arrow_schema(table)])
    return pa.Table.from_pylist(rows_of_table(table, first, rows), schema=schema)


def path_of(folder: Path, table: SourceTable) -> Path:
    schema, name = table.place
    return folder / schema / name


def write_export(folder: Path, rows: int = ROWS, first: int = 0) -> Path:
    """Each table as a folder of two files, its rows numbered from `first`."""
    for table in source.SOURCE_TABLES:
        place = path_of(folder, table)
        place.mkdir(parents=True)
        half = rows // 2
        pq.write_table(arrow_rows(table, first, half), place / "part-0.parquet")
        pq.write_table(arrow_rows(table, first + half, rows - half), place / "part-1.parquet")
    return folder
