"""Answers read from the Delta tables of a folder by delta-rs' own query engine, DataFusion.

No Spark session is started, and neither pandas nor pyspark is loaded: a command that reads answers within
a second.
"""

from pathlib import Path

import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder
from deltalake.exceptions import TableNotFoundError

from pipeline.answers.answer import Answer
from pipeline.errors import UserError
from pipeline.tables.declaration import Table


class DeltaReader:
    """The tables in the folder `home`, each opened when an answer first needs it."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._queries = QueryBuilder()
        self._opened: set[Table] = set()

    def read(self, answer: Answer, **parameters: str | None) -> pa.Table:
        for table in answer.tables:
            if table not in self._opened:
                self._open(table)
        batches = self._queries.execute(answer.with_literals(parameters))
        # Not by pa.table(): it would load pandas, to look whether it is given a frame.
        return pa.RecordBatchReader.from_stream(batches).read_all()

    def _open(self, table: Table) -> None:
        folder = self._home / table.layer.schema / table.name
        try:
            delta = DeltaTable(str(folder))
        except TableNotFoundError as error:
            raise UserError(
                f"{self._home} has no table {table.full_name} yet: run rightrun nightly first"
            ) from error
        self._queries.register(f"{table.layer.schema}_{table.name}", delta)
        self._opened.add(table)
