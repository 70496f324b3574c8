"""Answers carried out by an engine: on Databricks, and where a test compares engines."""

from pyspark.sql import SparkSession

from pipeline.answers.answer import Answer
from pipeline.answers.reader import Answered
from pipeline.errors import UserError
from pipeline.lakehouse.protocol import Lakehouse
from pipeline.tables.derive import quoted

_VIEWS = "rightrun_"


class EngineReader:
    """The tables of `lakehouse`, as temporary views of `spark`."""

    def __init__(self, spark: SparkSession, lakehouse: Lakehouse) -> None:
        self._spark = spark
        self._lakehouse = lakehouse

    def read(self, answer: Answer, **parameters: str | None) -> Answered:
        for table in answer.tables:
            if not self._lakehouse.exists(table):
                raise UserError(
                    f"there is no table {table.full_name} yet: run rightrun nightly first"
                )
            view = f"{_VIEWS}{table.layer.schema}_{table.name}"
            self._lakehouse.read(table).createOrReplaceTempView(view)
        # Written out: clients and servers of different makers do not agree on how to send them beside.
        rows = self._spark.sql(answer.with_literals(parameters, quoted, _VIEWS)).toArrow()
        return Answered(tuple(rows.column_names), rows.to_pylist())
