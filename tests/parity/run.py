"""One engine over the fixture: `python -m tests.parity.run --engine spark --in DIR --out DIR`.

Reads each step's inputs from DIR/tables, runs every step and every conformation of a source table,
and writes one folder of Parquet for each. A case that fails writes its traceback instead, so the
others still speak.
"""

import argparse
import json
import time
import traceback
from datetime import date, datetime
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from pipeline.bronze.conform import conform
from pipeline.dashboards.dashboard import datasets
from pipeline.dashboards.dataset import Value
from pipeline.engine.names import Engine
from pipeline.engine.session import connect, engine_name
from pipeline.graph.graph import GRAPH
from pipeline.sla.due import with_due
from pipeline.steps.given import Given
from pipeline.tables.declaration import Table
from pipeline.tables.derive import spark_schema
from pipeline.tables.source import SOURCE_TABLES
from tests.parity.fixture import NOW

ANSWERS = {Engine.EMBEDDED: "sail ", Engine.SPARK: "spark 4."}
SPELLINGS = ("typed", "text")
FILTERED: dict[str, Value] = {"tier": ["1", "2", "none"], "date": ("2020-01-01", "2030-01-01")}
_CARRIED_OUT = (
    *("data_age", "filter_choices", "flags", "freshness", "likely_misses", "waits"),
    *("cost_summary", "costs_by_job", "executive_sentences", "said_and_came"),
    *(
        "alerts_by_team",
        "held_incidents",
        "incidents_by_condition",
        "incidents_summary",
        "silences",
    ),
    *("messages_not_delivered", "messages_summary", "open_incidents"),
    *("job_summary", "job_band", "job_runs", "job_sla_by_day", "job_tasks", "node_hours"),
)
DASHBOARDS: dict[str, tuple[str, dict[str, Value]]] = {
    **{f"dashboard-{name}": (name, FILTERED) for name in _CARRIED_OUT},
    **{f"dashboard-{name}-unset": (name, {}) for name in ("cost_summary", "job_band")},
}
"""By case a dataset, and what it is filtered by: between them those that are carried out have every
function and every part that there is. Of all others Spark says the types, which it plans them for."""


def run(spark: SparkSession, given: Path, out: Path) -> None:
    values = json.loads((given / "night.json").read_text())
    values["as_of"] = datetime.fromisoformat(values["as_of"])
    values["last_cost_day"] = date.fromisoformat(values["last_cost_day"])
    night = Given(**values)
    for step in GRAPH.steps:
        with _Case(out / step.name) as case:
            inputs = [_read(spark, given, table) for table in step.inputs]
            made = step.run(*inputs, **night.named(step.given))
            case.write(_declared(made, step.writes))
    with _Case(out / "deadlines") as case:
        starts = spark.read.parquet(str(given / "deadlines.parquet"))
        due = {"start": "started_at", "time_of_day": "clock", "zone": "zone", "due": "due_at"}
        case.write(with_due(starts, **due))
    for table in {table for dataset in datasets().values() for table in dataset.tables}:
        # An empty table is given as no folder.
        rows = given / "dashboards" / table.name
        frame = spark.read.parquet(str(rows)) if rows.exists() else _nothing(spark, table)
        frame.createOrReplaceTempView(table.name)
    for name, (dataset, values) in DASHBOARDS.items():
        with _Case(out / name) as case:
            case.write(spark.sql(datasets()[dataset].bound(values)))
    types = {
        name: [(field.name, field.dataType.simpleString()) for field in spark.sql(sql).schema]
        for name, sql in ((name, one.bound(FILTERED)) for name, one in datasets().items())
    }
    (out / "dashboards.json").write_text(json.dumps(types))
    for source in SOURCE_TABLES:
        for spelling in SPELLINGS:
            with _Case(out / f"conform-{source.name}-{spelling}") as case:
                part = spark.read.parquet(str(given / spelling / f"{source.name}.parquet"))
                case.write(conform(source, part, now=NOW))


def _read(spark: SparkSession, given: Path, table: Table) -> DataFrame:
    return spark.read.parquet(str(given / "tables" / table.full_name))


def _nothing(spark: SparkSession, table: Table) -> DataFrame:
    return spark.createDataFrame([], spark_schema(table))


def _declared(made: DataFrame, table: Table) -> DataFrame:
    """As the lakehouse takes it: the declared columns in their declared types."""
    return made.select(*(F.col(c.name).cast(c.type).alias(c.name) for c in table.columns))


class _Case:
    def __init__(self, out: Path) -> None:
        self._out = out

    def __enter__(self) -> "_Case":
        self._began = time.perf_counter()
        return self

    def write(self, made: DataFrame) -> None:
        made.coalesce(1).write.parquet(str(self._out))

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        print(f"{self._out.name} {time.perf_counter() - self._began:.1f} s", flush=True)
        if isinstance(error, Exception):
            said = "".join(traceback.format_exception(error))
            self._out.with_suffix(".failed").write_text(said)
            return True
        return False


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--engine", type=Engine, required=True)
    parser.add_argument("--in", type=Path, required=True, dest="given")
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    spark = connect(asked.engine)
    answers = engine_name(spark)
    if not answers.startswith(ANSWERS[asked.engine]):
        raise SystemExit(f"{asked.engine} was asked for, and {answers} answers")
    # Spark's default is a legacy type without a zone, which holds no year beyond 2262.
    spark.conf.set("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
    # Rows are few and plans are many: compiling each whole stage would be most of the time.
    spark.conf.set("spark.sql.codegen.wholeStage", "false")
    spark.conf.set("spark.sql.shuffle.partitions", "1")
    asked.out.mkdir(parents=True)
    run(spark, asked.given, asked.out)
    (asked.out / "engine.txt").write_text(answers)


if __name__ == "__main__":
    main()
