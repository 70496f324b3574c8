"""What a table is: declared once, as data, and refused at construction when it makes no sense.

Everything else about a table (DDL, Arrow schema, merge keys, quality checks, the docs page) is
derived from these declarations by `pipeline.tables.derive`; nothing is written a second time.
"""

import re
from dataclasses import KW_ONLY, dataclass
from enum import StrEnum

_NAME = re.compile(r"[a-z][a-z0-9_]*")


class Layer(StrEnum):
    """Where a table stands. Data flows from an earlier layer to a later one, never back."""

    SOURCE = "source"
    BRONZE = "bronze"
    SILVER = "silver"
    GOLD = "gold"
    MODEL = "model"
    RECOMMENDATION = "recommendation"
    OPS = "ops"

    @property
    def rank(self) -> int:
        return list(Layer).index(self)

    @property
    def schema(self) -> str:
        """The schema its tables live in: recommendations are what Gold promises, so gold."""
        return "gold" if self is Layer.RECOMMENDATION else str(self)

    @property
    def comment(self) -> str:
        """What its tables are, in a sentence."""
        return _LAYER_COMMENTS[self]


_LAYER_COMMENTS = {
    Layer.SOURCE: "What is read.",
    Layer.BRONZE: "The system tables as received, once, and what could not be kept.",
    Layer.SILVER: "Runs, attempts, clusters and costs, cleaned and joined.",
    Layer.GOLD: "Facts by job, day and team.",
    Layer.MODEL: "What was learned of each job, and how well it did.",
    Layer.RECOMMENDATION: "What RightRun says: forecasts, baselines and sizes, one row a job.",
    Layer.OPS: "What RightRun remembers of itself between nights.",
}


class Part(StrEnum):
    """Tables that one command at a time writes, under a lock of their own."""

    TABLES = "tables"
    """All that a night writes."""
    OUTBOX = "outbox"
    DELIVERIES = "deliveries"
    LIVE_RUNS = "live_runs"

    @property
    def suffix(self) -> str:
        """What sets its files and folders in a home apart from those of a night."""
        return "" if self is Part.TABLES else f"-{self}"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its Spark SQL type spelled out, its meaning, and the values it may hold."""

    name: str
    type: str
    comment: str
    _: KW_ONLY
    unit: str = ""
    nullable: bool = True
    minimum: float | None = None
    maximum: float | None = None
    one_of: tuple[str, ...] = ()
    sensitive: bool = False
    """May hold secrets or personal text: dropped at ingestion, from quarantine as well."""
    audit: bool = False
    """Says when or by what a row was written: never a reason to rewrite the row, never compared."""
    since: str = ""
    """When the source began to fill the column (NULL before); such a column may be absent."""
    null_means: str = ""
    """What NULL says of the row, where that is more than "not known": a value that cannot be read must
    not become it."""
    switches_off: str = ""
    """Of a source's column that may be absent: what does not work without it."""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"column {self.name!r}: a name is lower snake case")
        if not self.comment:
            raise ValueError(f"column {self.name}: a comment is required")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(f"column {self.name}: minimum {self.minimum} > maximum {self.maximum}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of ours: layer, name, grain in one sentence, merge keys and columns.

    `partition_by` names a date column that prunes reads and merges. `kept_days` is how long rows
    are kept once everything made from them is. `version` is the schema's: it is raised, with a
    migration, when a column changes that somebody may read. `part` says which lock its writer holds:
    another than a night's for what is written while one runs. `full_name` is `<schema>.<name>`: the
    schema in Unity Catalog, and the folder under the home.
    """

    layer: Layer
    name: str
    grain: str
    keys: tuple[str, ...]
    columns: tuple[Column, ...]
    partition_by: str | None = None
    kept_days: int | None = None
    version: int = 1
    part: Part = Part.TABLES

    def __post_init__(self) -> None:
        where = self.full_name
        names = [column.name for column in self.columns]
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"table {where}: a name is lower snake case")
        if not self.grain:
            raise ValueError(f"table {where}: its grain is required")
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"table {where}: columns declared twice: {', '.join(repeated)}")
        if not self.keys:
            raise ValueError(f"table {where}: keys are required")
        for key in self.keys:
            if key not in names:
                raise ValueError(f"table {where}: key {key} is not a column")
            if self.column(key).nullable:
                raise ValueError(f"table {where}: key {key} must not be nullable")
        if self.partition_by is not None:
            if self.partition_by not in names:
                raise ValueError(f"table {where}: partition {self.partition_by} is not a column")
            partition = self.column(self.partition_by)
            if partition.type != "date" or partition.nullable:
                raise ValueError(
                    f"table {where}: partition {partition.name} must be a date, not null"
                )
        elif self.kept_days is not None:
            raise ValueError(f"table {where}: what is kept for some days needs a partition")

    @property
    def full_name(self) -> str:
        return f"{self.layer.schema}.{self.name}"

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def audit_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if column.audit)

    def column(self, name: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"table {self.full_name} has no column {name}")


class Arrival(StrEnum):
    """How a source table grows, which decides how bronze keeps it."""

    APPEND = "append"
    """Rows are added and never change: each is kept once."""
    SNAPSHOT = "snapshot"
    """The whole table is what holds now: bronze becomes equal to it."""


@dataclass(frozen=True, slots=True)
class Derived:
    """A column that bronze adds: an expression over columns of the same row that it keeps."""

    column: Column
    expression: str
    is_key: bool = False
    """Whether rows that differ in it are different rows, though the source's keys are the same."""


@dataclass(frozen=True, slots=True)
class Named:
    """Which rows of a table another one names: those whose `value`, an expression, is what `by` holds as `name` in
    a row that says anything to us."""

    value: str
    by: "SourceTable"
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceTable(Table):
    """A system table as we rely on it: the columns we read, pinned, and what its absence costs.

    `system_name` is its three-part name on Databricks, or two parts where an API tells it;
    `is_global` says that each region shows the rows of the whole account; `watermark` is the column by
    whose days its rows are counted, to tell what is new, `observed_at` the column that says what time
    the rows speak of (`pipeline.nightly.reached`), `late_hours` how long after newer rows others may still
    come, `dated_by` the column whose UTC date partitions bronze, `interval` a start and an end that
    must not be reversed, `retention_days` how long the platform keeps rows (None: as long as they
    hold), `only_where` an expression that holds for the rows that say anything to us, so that a system
    table is not asked for the others, `only_named` that only rows say anything which another table names,
    `derived` what steps look rows up by that stands inside a struct,
    where no change feed tells it.
    `switches_off` says to a user what does not work without it.
    """

    system_name: str
    arrival: Arrival
    switches_off: str
    required: bool = False
    is_global: bool = False
    watermark: str | None = None
    observed_at: str | None = None
    late_hours: int = 0
    dated_by: str | None = None
    interval: tuple[str, str] | None = None
    retention_days: int | None = None
    only_where: str = ""
    only_named: Named | None = None
    derived: tuple[Derived, ...] = ()

    def __post_init__(self) -> None:
        # Not super(): a dataclass with slots is a new class, and the bare form finds the old one.
        Table.__post_init__(self)
        if self.layer is not Layer.SOURCE:
            raise ValueError(f"table {self.full_name}: a source table belongs to the source layer")
        for name in (self.watermark, self.observed_at, self.dated_by, *(self.interval or ())):
            if name is not None and name not in self.column_names:
                raise ValueError(f"table {self.full_name}: {name} is not a column")
        if (self.arrival is Arrival.APPEND) != (self.watermark is not None):
            raise ValueError(
                f"table {self.full_name}: append tables, and only they, have a watermark"
            )

    @property
    def is_system_table(self) -> bool:
        """Whether Unity Catalog has it; what else there is, an API tells."""
        return self.system_name.startswith("system.")

    @property
    def place(self) -> tuple[str, str]:
        """Its schema and its name there, which are its folders in an export."""
        *_, schema, name = self.system_name.split(".")
        return schema, name

    @property
    def identity(self) -> tuple[str, ...]:
        """What tells one row of bronze from another: the keys, and derived columns among them."""
        return self.keys + tuple(one.column.name for one in self.derived if one.is_key)
