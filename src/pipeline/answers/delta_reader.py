"""Answers read from the Delta tables of a folder by delta-rs' own query engine, DataFusion.

No Spark session is started, and neither pyspark, pandas nor pyarrow is loaded, each of which takes longer
than most answers: delta-rs hands out its rows itself.
"""

from pathlib import Path

from deltalake import DeltaTable, QueryBuilder
from deltalake.exceptions import TableNotFoundError

from pipeline.answers.answer import Answer
from pipeline.answers.reader import Answered
from pipeline.errors import UserError
from pipeline.tables.declaration import Table


class DeltaReader:
    """The tables in the folder `home`, each opened when an answer first needs it."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._queries = QueryBuilder()
        self._opened: set[Table] = set()

    def read(self, answer: Answer, **parameters: str | None) -> Answered:
        for table in answer.tables:
            if table not in self._opened:
                self._open(table)
        rows = self._queries.execute(answer.with_literals(parameters, _standard)).read_all()
        names = tuple(rows.column_names)
        columns = [rows.column(number).to_pylist() for number in range(len(names))]
        records = [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]
        return Answered(names, records)

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


def _standard(text: str) -> str:
    """A string as standard SQL spells it."""
    return "'" + text.replace("'", "''") + "'"
