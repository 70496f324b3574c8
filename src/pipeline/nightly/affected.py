"""Which keys of a step's output are affected by changed rows of its inputs, and which rows of the
inputs belong to them.

A key is one combination of the step's key columns. Changed rows, with old and new values alike, give
the affected keys; each of these is computed again whole.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipeline.lakehouse.protocol import Lakehouse
from pipeline.steps.kinds import Keyed
from pipeline.tables.declaration import Table


def keys_of(step: Keyed, table: Table, rows: DataFrame) -> DataFrame:
    """The key columns that rows of the input `table` tell, under our names."""
    columns = step.columns_in(table)
    return rows.select(*(F.col(theirs).alias(ours) for ours, theirs in columns.items()))


def completed(lakehouse: Lakehouse, step: Keyed, keys: DataFrame) -> DataFrame:
    """Keys with all of their columns: those that `keys` lacks are looked up in the first input."""
    if len(keys.columns) < len(step.key):
        first = step.reads[0]
        keys = keys_of(step, first, restricted(lakehouse.read(first), step, first, keys))
    return keys.select(*step.key)


def restricted(rows: DataFrame, step: Keyed, table: Table, keys: DataFrame) -> DataFrame:
    """The rows of the input `table` that belong to `keys`, as far as the two share columns."""
    columns = {o: theirs for o, theirs in step.columns_in(table).items() if o in keys.columns}
    if not columns:
        return rows
    theirs = keys.select(*(F.col(ours).alias(name) for ours, name in columns.items()))
    return rows.join(theirs.distinct(), list(columns.values()), "left_semi")


@contextmanager
def distinct_keys(
    lakehouse: Lakehouse, keys: Sequence[DataFrame], *, is_stored: bool
) -> Iterator[DataFrame]:
    """Each key once, for as long as the block lasts. They are worked out once, since each input is
    restricted to them and the output as well; one that `is_stored` is so already."""
    rows = reduce(DataFrame.union, keys).distinct()
    if is_stored:
        yield rows
        return
    with lakehouse.stage(rows) as staged:
        yield staged
