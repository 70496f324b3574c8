"""A small account with everything awkward in it, as an export of its system tables.

Two workspaces that share a job id; slices cut at clock hours and, in January, at hours from the
start; repairs, a repair in progress, runs in flight and never started, submitted runs; tags in
several spellings; retractions and restatements, two currencies, a price change, a promotion,
overlapping windows, free and unpriced SKUs; pipelines updated by a job's task, again after a failure,
and by hand; names that try to break out of strings.

Every row carries the day it is delivered, so a test can hand the account over in several exports.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from pipeline.tables.source import SOURCE_TABLES
from tests.strategies.tables import EPOCH, Row, arrow_of, at, attempt_slices

DAYS = 12
WEST, EAST = "101", "202"
LAST_DAY = DAYS + 21
"""When corrections that come weeks late are delivered."""
NOW = datetime(2026, 6, 1, tzinfo=UTC)
HOSTILE = 'it\'s a "job" \\ ; DROP TABLE x -- \n\tüñí😀 %s {0} `q`'
_HOUR_RATE = Decimal("3.141592653589793238")
"""More decimals than a price keeps, so that rounding is seen."""


@dataclass
class Account:
    """Rows by source table, each with the day of its delivery."""

    rows: dict[str, list[tuple[int, Row]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, table: str, day: int, **row: Any) -> None:
        self.rows[table].append((day, row))

    def delivered(self, first: int, last: int) -> Iterator[tuple[str, list[Row]]]:
        """What arrives on the days `first` to `last`; snapshots always hold what is known then."""
        for table in SOURCE_TABLES:
            rows = self.rows[table.name]
            since = first if table.watermark else 0
            chosen = [row for day, row in rows if since <= day <= last]
            if chosen:
                yield table.name, chosen


def write_export(account: Account, folder: Path, first: int = 0, last: int = LAST_DAY) -> Path:
    """Files of the rows delivered on these days, added to those that are there."""
    for name, rows in account.delivered(first, last):
        (table,) = (table for table in SOURCE_TABLES if table.name == name)
        # A snapshot is one file that is replaced; its rows of other days would never go away.
        part = f"{last:03d}.parquet" if table.watermark else "all.parquet"
        (folder / name).mkdir(parents=True, exist_ok=True)
        pq.write_table(arrow_of(table, rows), folder / name / part)
    return folder


def _day(moment: datetime) -> int:
    return (moment - EPOCH).days if moment >= EPOCH else 0


def _job(account: Account, workspace: str, job: str, day: int = 0, **columns: Any) -> None:
    known: Row = {
        "account_id": "acc",
        "workspace_id": workspace,
        "job_id": job,
        "name": f"job {job}",
        "creator_id": "4711",
        "creator_user_name": "creator@example.com",
        "run_as_user_name": "runner@example.com",
        "change_time": at(day) - timedelta(days=30) if day == 0 else at(day, 12),
        "create_time": at(-200),
        "trigger_type": "CRON",
        "paused": False,
        "timeout_seconds": 0,
        "trigger": {
            "continuous": None,
            "schedule": {
                "quartz_cron_expression": "0 0 5 * * ?",
                "timezone_id": "Europe/Berlin",
            },
        },
    }
    account.add("jobs", day, **(known | columns))


def _run(
    account: Account,
    workspace: str,
    job: str,
    run: str,
    attempts: list[tuple[datetime, datetime, str | None, str | None]],
    *,
    by_clock: bool = True,
    late: int = 0,
    **columns: Any,
) -> None:
    """A run's slices; `late` delays the delivery of its first slice by so many days."""
    shared = {"account_id": "acc", "workspace_id": workspace, "job_id": job, "run_id": run}
    shared |= {"run_type": "JOB_RUN", "trigger_type": "CRON"} | columns
    number = 0
    for start, end, result, code in attempts:
        cut = attempt_slices(
            shared, start, end, result, code, by_clock=by_clock, queue_duration_seconds=0
        )
        for row in cut:
            delay = late if number == 0 else 0
            account.add("job_run_timeline", _day(row["period_end_time"]) + delay, **row)
            number += 1


def _task(
    account: Account,
    workspace: str,
    job: str,
    run: str,
    key: str,
    span: tuple[datetime, datetime],
    result: str | None = "SUCCEEDED",
    cluster: str | None = None,
    *,
    typed: bool = True,
    late: int = 0,
) -> None:
    shared: Row = {
        "account_id": "acc",
        "workspace_id": workspace,
        "job_id": job,
        "run_id": f"{run}-{key}",
        "job_run_id": run,
        "task_key": key,
    }
    if cluster and typed:
        shared["compute"] = [{"type": "CLUSTER", "cluster_id": cluster, "warehouse_id": None}]
    elif cluster:
        shared["compute_ids"] = [cluster, "a1b2c3d4e5f60718"]
    rows = attempt_slices(
        shared, *span, result, setup_duration_seconds=31, execution_duration_seconds=200
    )
    for row in rows:
        account.add("job_task_run_timeline", _day(row["period_end_time"]) + late, **row)


def _statement(
    account: Account,
    workspace: str,
    job: str,
    run: str,
    span: tuple[datetime, datetime],
    read_bytes: int,
) -> None:
    """A statement of a run, told again a day later every fifth time; and one of nobody's job."""
    shared: Row = {"account_id": "acc", "workspace_id": workspace, "start_time": span[0]}
    info = {"job_id": job, "job_run_id": run, "job_task_run_id": f"{run}-load"}
    told_at = [span[1], *([span[1] + timedelta(days=1)] if run.endswith("5") else [])]
    for number, at_ in enumerate(told_at):
        account.add(
            "query_history",
            _day(at_),
            **shared,
            statement_id=f"{run}-s",
            update_time=at_,
            read_bytes=read_bytes + number,
            spilled_local_bytes=None if run.endswith("3") else 7,
            query_source={"job_info": info},
        )
    account.add(
        "query_history",
        _day(span[1]),
        **shared,
        statement_id=f"{run}-own",
        update_time=span[1],
        read_bytes=5,
        query_source={"job_info": None},
    )


_FEEDS = {
    (WEST, "1"): ((), (f"main.a.{HOSTILE}",)),
    (EAST, "1"): ((), (f"main.a.{HOSTILE}", "main.a.other")),
    (WEST, "2"): ((f"main.a.{HOSTILE}",), ("main.a.shaped",)),
    (WEST, "4"): (("main.a.shaped", f"main.a.{HOSTILE}"), ("main.a.report",)),
    # Jobs 3 and 7 read what the other has written: a cycle.
    (WEST, "3"): (("main.a.there",), ("main.a.back", "main.a.shaped")),
    (EAST, "7"): (("main.a.back",), ("main.a.there",)),
}
"""Of a job the tables that it reads as it begins, and those that it writes as it ends."""


def _lineage(
    account: Account, workspace: str, job: str, run: str, span: tuple[datetime, datetime]
) -> None:
    """Events of a run's tables, some told days later and some by older rows without metadata; and one of a
    notebook, one of a path."""
    reads, writes = _FEEDS.get((workspace, job), ((), ()))
    late = 3 if run.endswith("6") else 0
    by: Row = {"entity_type": "JOB", "entity_run_id": run}
    if not run.endswith("4"):
        by["entity_metadata"] = {"job_info": {"job_id": job, "job_run_id": run}}
    shared: Row = {"account_id": "acc", "workspace_id": workspace}
    begin = span[0] + timedelta(seconds=40)
    for table in reads:
        account.add(
            "table_lineage", _day(begin) + late, **shared, **by,
            event_time=begin, source_table_full_name=table, source_type="TABLE",
        )  # fmt: skip
    for table in writes:
        account.add(
            "table_lineage", _day(span[1]) + late, **shared, **by,
            event_time=span[1], source_table_full_name=reads[0] if reads else None,
            target_table_full_name=table, target_type="TABLE",
        )  # fmt: skip
    if reads:
        account.add(
            "table_lineage", _day(begin), **shared, entity_type="NOTEBOOK", entity_run_id="n",
            event_time=begin, source_table_full_name=reads[0], source_type="TABLE",
        )  # fmt: skip
        account.add(
            "table_lineage", _day(begin), **shared, **by, event_time=begin, source_type="PATH"
        )


def _cluster(
    account: Account,
    workspace: str,
    cluster: str,
    start: datetime,
    workers: int | None,
    **columns: Any,
) -> None:
    known: Row = {
        "account_id": "acc",
        "workspace_id": workspace,
        "cluster_id": cluster,
        "cluster_name": f"cluster {cluster}",
        "driver_node_type": "m5.xlarge",
        "worker_node_type": "m5.2xlarge",
        "worker_count": workers,
        "cluster_source": "JOB",
        "dbr_version": "18.0.x-photon-scala2.13",
        "change_time": start,
    }
    account.add("clusters", _day(start), **(known | columns))


def _nodes(
    account: Account,
    workspace: str,
    cluster: str,
    span: tuple[datetime, datetime],
    workers: int,
    busy: float,
    rng: np.random.Generator,
) -> None:
    minute = span[0].replace(second=0, microsecond=0)
    while minute < span[1]:
        for node in range(workers + 1):
            cpu = float(np.clip(rng.normal(busy, 7.0), 0.0, 97.0))
            account.add(
                "node_timeline",
                _day(minute),
                account_id="acc",
                workspace_id=workspace,
                cluster_id=cluster,
                instance_id=f"i-{cluster}-{node}",
                start_time=minute,
                end_time=minute + timedelta(minutes=1),
                driver=node == 0,
                cpu_user_percent=cpu,
                cpu_system_percent=2.5,
                # Some minutes lack a number, as real ones do.
                cpu_wait_percent=None if minute.minute % 17 == 3 else 0.25 * (minute.minute % 5),
                mem_used_percent=float(np.clip(rng.normal(40.0, 3.0), 0.0, 100.0)),
                mem_swap_percent=0.0,
                network_received_bytes=None if minute.minute % 13 == 4 else int(cpu * 1e6),
                node_type="m5.xlarge" if node == 0 else "m5.2xlarge",
            )
        minute += timedelta(minutes=1)


class _Billing:
    """Hourly usage records with ids that count up."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._count = 0

    def add(
        self,
        start: datetime,
        quantity: Decimal,
        *,
        late: int = 1,
        record_type: str = "ORIGINAL",
        record: str | None = None,
        **columns: Any,
    ) -> str:
        self._count += 1
        record = record or f"r{self._count:06d}"
        known: Row = {
            "account_id": "acc",
            "workspace_id": WEST,
            "record_id": record,
            "sku_name": "PREMIUM_JOBS_COMPUTE",
            "cloud": "AWS",
            "usage_start_time": start,
            "usage_end_time": start + timedelta(hours=1),
            "usage_date": start.date(),
            "usage_unit": "DBU",
            "usage_quantity": quantity,
            "record_type": record_type,
            "ingestion_date": start.date() + timedelta(days=late),
            "billing_origin_product": "JOBS",
            "usage_type": "COMPUTE_TIME",
            "product_features": {
                "jobs_tier": "CLASSIC",
                "is_serverless": False,
                "is_photon": True,
                "performance_target": None,
            },
        }
        self._account.add("usage", _day(start) + late, **(known | columns))
        return record

    def run(
        self,
        workspace: str,
        job: str,
        run: str,
        span: tuple[datetime, datetime],
        cluster: str | None = None,
        **columns: Any,
    ) -> list[str]:
        hour = span[0].replace(minute=0, second=0, microsecond=0)
        records = []
        while hour < span[1]:
            seconds = (min(span[1], hour + timedelta(hours=1)) - max(span[0], hour)).total_seconds()
            quantity = (_HOUR_RATE * Decimal(seconds) / 3600).quantize(Decimal("1e-18"))
            metadata = {"job_id": job, "job_run_id": run, "cluster_id": cluster}
            records.append(
                self.add(hour, quantity, workspace_id=workspace, usage_metadata=metadata, **columns)
            )
            hour += timedelta(hours=1)
        return records


def _price(
    account: Account,
    sku: str,
    start: datetime,
    end: datetime | None,
    price: str,
    *,
    day: int = 0,
    promotion: str | None = None,
    currency: str = "USD",
) -> None:
    account.add(
        "list_prices",
        day,
        account_id="acc",
        price_start_time=start,
        price_end_time=end,
        sku_name=sku,
        cloud="AWS",
        currency_code=currency,
        usage_unit="DBU",
        pricing={
            "default": Decimal(price),
            "promotional": {"default": Decimal(promotion)} if promotion else None,
            "effective_list": {"default": Decimal(promotion or price)},
        },
    )


def _settings(account: Account) -> None:
    """How three jobs of one workspace are set up; of the last it could not be read."""
    tasks = [
        {"task_key": "load", "max_retries": 2, "failure_recipients": 1},
        {"task_key": "own", "max_retries": None, "failure_recipients": 0},
    ]
    endless = [{"task_key": "main", "max_retries": -1}, {"task_key": "rest", "max_retries": 3}]
    clusters = [
        {
            "job_cluster_key": "main",
            "node_type_id": "m5d.xlarge",
            "min_workers": 1,
            "max_workers": 4,
        },
        {"task_key": "own", "num_workers": 0, "availability": "SPOT_WITH_FALLBACK"},
    ]
    notified = [{"event": "on_failure", "emails": 2, "destinations": 1}]
    rule = {"metric": "RUN_DURATION_SECONDS", "op": "GREATER_THAN", "value": 5400}
    rows: tuple[Row, ...] = (
        {"job_id": "1", "tasks": tasks, "clusters": clusters, "notifications": notified,
         "queue_enabled": True, "timeout_seconds": 7200, "health_rules": [rule]},
        {"job_id": "2", "tasks": endless, "clusters": [], "timeout_seconds": 0},
        {"job_id": "3", "error": "whoever asks lacks the permission (403)"},
    )  # fmt: skip
    for row in rows:
        account.add("job_settings", 0, workspace_id=WEST, **row)


def _columns(account: Account) -> None:
    """Columns of the tables that jobs write, one of which comes later than the others; of one nothing is listed, and
    one nobody writes."""
    written = {table for _, tables in _FEEDS.values() for table in tables} - {"main.a.back"}
    for table in sorted({*written, "main.a.unwritten"}):
        catalog, schema, name = table.split(".", 2)
        columns: tuple[tuple[str, str, str, int], ...] = (
            ("id", "bigint", "NO", 0),
            (HOSTILE, "struct<a:int,b:string>", "YES", 0),
            ("amount", "decimal(18,2)", "YES", 0),
            ("later", "date", "YES", 6),
        )
        for column, kind, is_nullable, day in columns:
            account.add(
                "table_columns", day, table_catalog=catalog, table_schema=schema, table_name=name,
                column_name=column, full_data_type=kind, is_nullable=is_nullable,
            )  # fmt: skip


def account() -> Account:
    """The account; the same rows on every call."""
    made = Account()
    rng = np.random.default_rng(20260323)
    billing = _Billing(made)
    _definitions(made)
    _settings(made)
    _columns(made)
    _prices(made)
    _daily_runs(made, rng, billing)
    _odd_runs(made)
    _odd_usage(billing)
    _pipelines(made, billing)
    return made


_DAILY: dict[tuple[str, str], Mapping[str, Any]] = {
    (WEST, "1"): {"tags": [("Team", "platform"), ("sla", "07:30 Europe/Berlin"), ("tier", "P1")]},
    (EAST, "1"): {"tags": [("cost-center", "Finance & Co"), ("SLA-Minutes", "90")]},
    (WEST, "2"): {"tags": [("owning_team", " data "), ("SLA", "1h30m")], "name": HOSTILE},
    (WEST, "3"): {"tags": [("sla", "soon"), ("priority", "low")]},
    (WEST, "4"): {"tags": [("team", ""), ("squad", "search"), ("sla deadline", "6:05")]},
    (WEST, "5"): {
        "tags": [],
        "health_rules": [
            {"metric": "RUN_DURATION_SECONDS", "operator": "GREATER_THAN", "value": 5400}
        ],
    },
    (EAST, "6"): {"tags": [("sla", "02:30 Europe/Berlin"), ("Team", "nights")]},
    (EAST, "7"): {"tags": None, "trigger": None, "paused": True, "timeout_seconds": 7200},
    (WEST, "8"): {"tags": [("sla", "25:00"), ("team", "o'brien \\ sons")]},
    (EAST, "9"): {"tags": [("sla", "04:00 Mars/Olympus"), ("team", "nights")]},
}
_START_HOUR = {"1": 4, "2": 22, "3": 9, "4": 4, "5": 13, "6": 0, "7": 17, "8": 6, "9": 1}


def _definitions(made: Account) -> None:
    for (workspace, job), columns in _DAILY.items():
        _job(made, workspace, job, **columns)
        for key, needs in (("load", None), ("shape", ["load"])):
            made.add(
                "job_tasks",
                0,
                account_id="acc",
                workspace_id=workspace,
                job_id=job,
                task_key=key,
                depends_on_keys=needs,
                change_time=at(-30),
                timeout_seconds=0,
            )
    # Edits: the SLA is tightened, a team moves, a job is deleted, a job gets its first SLA.
    _job(made, WEST, "1", 5, tags=[("team", "core"), ("sla", "06:10 Europe/Berlin")])
    _job(made, EAST, "9", 8, tags=[("team", "nights")], delete_time=at(8, 12))
    # Edited at noon of day 3, delivered two days later: runs between were judged without it.
    made.add(
        "jobs",
        5,
        **(made.rows["jobs"][3][1] | {"change_time": at(3, 12), "tags": [("sla", "30 min")]}),
    )
    _job(made, WEST, "20", name="endless", trigger_type="CONTINUOUS", tags=[("team", "stream")])
    _job(made, WEST, "21", name="never ran")
    for workspace, url in ((WEST, "https://west.example.com/"), (EAST, "https://east.example.com")):
        made.add(
            "workspaces_latest",
            0,
            account_id="acc",
            workspace_id=workspace,
            workspace_name=f"ws {workspace}",
            workspace_url=url,
            status="RUNNING",
        )
    for kind, cores in (("m5.xlarge", 4.0), ("m5.2xlarge", 8.0)):
        made.add(
            "node_types",
            0,
            account_id="acc",
            node_type=kind,
            core_count=cores,
            memory_mb=32768,
            gpu_count=0,
        )


def _prices(made: Account) -> None:
    jobs, serverless = "PREMIUM_JOBS_COMPUTE", "PREMIUM_JOBS_SERVERLESS_COMPUTE_US"
    # The first window does not say when it ends: it does where the next one starts.
    _price(made, jobs, at(-400), None, "0.15")
    _price(made, jobs, at(6), None, "0.1834567894999")
    _price(made, jobs, at(-400), None, "0.14", currency="EUR")
    _price(made, serverless, at(-400), at(20), "0.35", promotion="0.1750000005")
    _price(made, "PREMIUM_ALL_PURPOSE_COMPUTE", at(-400), None, "0.55")
    _price(made, "PREMIUM_DLT_CORE_COMPUTE", at(-400), None, "0.2")


def _daily_runs(made: Account, rng: np.random.Generator, billing: _Billing) -> None:
    with_clusters = {(WEST, "1"): 4, (EAST, "1"): 2, (WEST, "5"): None, (WEST, "2"): 0}
    for (workspace, job), hour in (((w, j), _START_HOUR[j]) for w, j in _DAILY):
        for day in range(DAYS):
            run = f"{job}{day:03d}"
            start = at(day, hour, int(rng.integers(0, 59)), int(rng.integers(0, 59)))
            seconds = int(rng.lognormal(np.log(1500 if job != "4" else 6000), 0.35))
            end = start + timedelta(seconds=seconds)
            failed = rng.random() < 0.12
            code = "CLUSTER_ERROR" if day % 2 else "RUN_EXECUTION_ERROR"
            first = (start, end, "FAILED", code) if failed else (start, end, "SUCCEEDED", "SUCCESS")
            attempts: list[tuple[datetime, datetime, str | None, str | None]] = [first]
            if failed and day % 3 == 0:
                again = end + timedelta(minutes=17)
                attempts.append((again, again + timedelta(seconds=900), "SUCCEEDED", "SUCCESS"))
            late = 2 if (workspace, job, day) == (WEST, "2", 7) else 0
            # A Run Job task of job 1 has fired job 5 three times: too few to forecast it by.
            is_fired = (workspace, job) == (WEST, "5") and day in (2, 3, 4)
            fired: dict[str, Any] = {"source_task_run_id": f"1{day:03d}-shape"} if is_fired else {}
            _run(made, workspace, job, run, attempts, late=late, **fired)
            span = (start, attempts[-1][1])
            half = start + (end - start) / 2
            _lineage(made, workspace, job, run, span)
            if (workspace, job) not in with_clusters:
                if job in "34":
                    billing.run(
                        workspace,
                        job,
                        run,
                        span,
                        sku_name="PREMIUM_JOBS_SERVERLESS_COMPUTE_US",
                        identity_metadata={
                            "run_as": "a@example.com",
                            "created_by": None,
                            "owned_by": None,
                        },
                    )
                    _statement(made, workspace, job, run, span, seconds * 1_000_000)
                _task(made, workspace, job, run, "load", span)
                continue
            workers = with_clusters[workspace, job]
            cluster = f"0{workspace}-{start:%d%H%M}-{job}"
            scaling = {"min_autoscale_workers": 1, "max_autoscale_workers": 8}
            _cluster(
                made,
                workspace,
                cluster,
                start - timedelta(minutes=4),
                workers,
                **(scaling if workers is None else {}),
            )
            _task(made, workspace, job, run, "load", (start, half), cluster=cluster)
            _task(
                made,
                workspace,
                job,
                run,
                "shape",
                (half, span[1]),
                cluster=cluster,
                typed=day % 2 == 0,
            )
            _nodes(made, workspace, cluster, span, workers or 0, 18.0 if job == "1" else 60.0, rng)
            billing.run(
                workspace,
                job,
                run,
                span,
                cluster,
                custom_tags=[("TEAM", "by usage"), ("x", "y")] if day % 2 else None,
            )


def _odd_runs(made: Account) -> None:
    """One run of each odd kind, under job 3 of the west unless it is a submitted run."""
    fine = ("SUCCEEDED", "SUCCESS")
    _run(
        made,
        WEST,
        "3",
        "repairing",
        [(at(10, 1), at(10, 2, 30), "FAILED", "DRIVER_ERROR"), (at(10, 3), at(10, 4), None, None)],
    )
    _run(made, WEST, "3", "in flight", [(at(11, 20, 30), at(11, 23), None, None)])
    _run(
        made, WEST, "3", "never", [(at(4, 1), at(4, 1), "SKIPPED", "MAX_CONCURRENT_RUNS_EXCEEDED")]
    )
    _run(made, WEST, "3", "killed", [(at(4, 2), at(4, 6), "TIMED_OUT", "CANCELED")])
    _run(made, WEST, "3", "stopped", [(at(5, 2), at(5, 2, 5), "CANCELLED", "USER_CANCELED")])
    _run(made, WEST, "3", "strange", [(at(5, 3), at(5, 3, 5), "SOMETHING_NEW", "NOVEL")])
    _run(
        made,
        WEST,
        "3",
        "three",
        [
            (at(6, 1), at(6, 1, 20), "FAILED", "CLOUD_FAILURE"),
            (at(6, 2), at(6, 2, 20), "ERROR", None),
            (at(6, 23, 30), at(7, 1, 10), *fine),
        ],
    )
    # Delivered before its first slice, which moves its date back over midnight.
    _run(made, EAST, "7", "moved", [(at(8, 23, 10), at(9, 1, 5), *fine)], late=3)
    for day in range(6):
        start = at(-70 + day, 5, 47)
        _run(
            made,
            WEST,
            "3",
            f"january {day}",
            [(start, start + timedelta(hours=2, minutes=9), *fine)],
            by_clock=False,
            run_type=None,
        )
    for day in range(DAYS):
        # 10 distinct job ids, one name: one series.
        _run(
            made,
            EAST,
            f"9{day:02d}",
            f"s{day}",
            [(at(day, 12), at(day, 12, 10 + day), *fine)],
            run_type="SUBMIT_RUN",
            run_name="adf / load 'x'",
            trigger_type="ONETIME",
        )
    _submitted(made)
    for day in range(4):
        word = ("EVICTED", "EVICTED", "SUCCEEDED", "Evicted")[day]
        _run(made, WEST, "405", f"evicted {day}", [(at(day, 6), at(day, 6, 9), word, None)])
    _run(made, WEST, "20", "endless", [(at(0), at(11, 22), None, None)], trigger_type="CONTINUOUS")
    # A job whose definition is not known.
    _run(made, WEST, "404", "undefined", [(at(2, 3), at(2, 3, 30), *fine)])


def _submitted(made: Account) -> None:
    """Submitted runs whose names end anew each time, and two works of one default name: the tasks of
    one day come five days after their runs."""
    for day in range(6):
        once: dict[str, Any] = {"run_type": "SUBMIT_RUN", "trigger_type": "ONETIME"}
        clean = f"nb_clean_1b2c3d4e-0000-4000-8000-{day:012d}"
        fine = ("SUCCEEDED", "SUCCESS")
        span = (at(day, 13), at(day, 13, 20))
        _run(made, EAST, f"6{day:02d}", f"n{day}", [(*span, *fine)], run_name=clean, **once)
        for number, work in enumerate(("dim", "mart")):
            run, job = f"{work}{day}", f"7{number}{day}"
            failed = ("FAILED", "RUN_EXECUTION_ERROR") if work == "mart" and day > 2 else fine
            _run(made, EAST, job, run, [(*span, *failed)], run_name="debug task", **once)
            _task(made, EAST, job, run, work, span, failed[0], late=5 if day == 3 else 0)


def _odd_usage(billing: _Billing) -> None:
    metadata = {"job_id": "1", "job_run_id": "1002", "cluster_id": "0101-230447-1"}
    wrong = billing.add(at(2, 4), Decimal("1.5"), usage_metadata=metadata)
    # Weeks later the record is taken back and stated anew.
    billing.add(
        at(2, 4),
        Decimal("-1.5"),
        record=wrong,
        record_type="RETRACTION",
        usage_metadata=metadata,
        late=LAST_DAY - 2,
    )
    billing.add(
        at(2, 4),
        Decimal("1.250000000500000001"),
        record=wrong,
        record_type="RESTATEMENT",
        usage_metadata=metadata,
        late=LAST_DAY - 2,
    )
    for day in range(DAYS):
        billing.add(
            at(day, 9),
            Decimal("2.000000000499999999"),
            workspace_id=EAST,
            sku_name="PREMIUM_ALL_PURPOSE_COMPUTE",
            billing_origin_product="ALL_PURPOSE",
            usage_metadata={"cluster_id": "0202-000000-shared"},
            custom_tags=[("Department", "R&D")] if day % 2 else [("team", " ")],
            identity_metadata={
                "run_as": None,
                "created_by": "c@example.com",
                "owned_by": "o@example.com",
            },
        )
    billing.add(at(3), Decimal(7), sku_name="NEW_SKU_WITHOUT_PRICE", usage_metadata={"job_id": "2"})
    billing.add(at(3), Decimal("0.5"), sku_name="PREMIUM_FREE_USAGE_COMPUTE", workspace_id=None)
    billing.add(
        at(3),
        Decimal(12),
        usage_unit="GB",
        sku_name="STORAGE",
        workspace_id=None,
        billing_origin_product=None,
    )


def _pipelines(made: Account, billing: _Billing) -> None:
    """Job 3 of the west starts an update of `flow` each morning; people start those of `by hand`."""
    for pipeline, day, columns in (
        ("flow", 0, {"tags": [("Team", "Flow  Team")], "run_as": "flow@example.com"}),
        (
            "flow",
            4,
            {"name": HOSTILE, "tags": [("team", "streams")], "created_by": "c@example.com"},
        ),
        ("by hand", 0, {"settings": {"serverless": True, "continuous": False}}),
    ):
        known: Row = {"account_id": "acc", "workspace_id": WEST, "pipeline_id": pipeline}
        known |= {"name": pipeline, "change_time": at(day - 1, 12), "pipeline_type": "ETL_PIPELINE"}
        made.add("pipelines", day, **(known | columns))
    for day in range(DAYS):
        task = f"3{day:03d}-load"
        # One update is heard of days after its usage, another fails and is tried again by itself.
        _update(made, "flow", f"u{day}", at(day, 9, 50), task, late=4 if day == 3 else 0,
                result="FAILED" if day == 6 else "COMPLETED")  # fmt: skip
        _billed(billing, "flow", f"u{day}", at(day, 9))
    _update(made, "flow", "u6 again", at(6, 23, 40), None, request="request u6")
    _billed(billing, "flow", "u6 again", at(6, 23))
    _billed(billing, "flow", "u6 again", at(7, 0))
    _update(made, "by hand", "h", at(5, 9), None)
    _billed(billing, "by hand", "h", at(5, 9))
    _update(made, "by hand", "lost", at(6, 9), "a task run that nobody knows")
    _billed(billing, "by hand", "lost", at(6, 9))


def _update(
    made: Account,
    pipeline: str,
    update: str,
    start: datetime,
    task: str | None,
    *,
    late: int = 0,
    result: str = "COMPLETED",
    request: str | None = None,
) -> None:
    shared: Row = {
        "account_id": "acc",
        "workspace_id": WEST,
        "pipeline_id": pipeline,
        "update_id": update,
        "update_type": "REFRESH",
        "request_id": request or f"request {update}",
        "trigger_type": "JOB_TASK" if task else "RETRY_ON_FAILURE" if request else "USER_ACTION",
        "trigger_details": {"job_task": {"job_id": "3", "job_task_run_id": task}} if task else None,
    }
    rows = attempt_slices(shared, start, start + timedelta(minutes=35), result)
    for row in rows:
        row.pop("termination_code", None)
        made.add("pipeline_update_timeline", _day(row["period_end_time"]) + late, **row)


def _billed(billing: _Billing, pipeline: str, update: str, hour: datetime) -> None:
    billing.add(
        hour,
        Decimal("0.75"),
        sku_name="PREMIUM_DLT_CORE_COMPUTE",
        billing_origin_product="DLT",
        usage_metadata={"dlt_pipeline_id": pipeline, "dlt_update_id": update},
        custom_tags=[("team", "flow team")],
    )
