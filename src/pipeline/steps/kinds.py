"""The kinds of step: what each may assume of its inputs, and so what of it is computed again.

| kind | computed again when an input changes | what it assumes |
|---|---|---|
| `Whole` | everything | nothing |
| `Continued` | everything, beside what tables said before this night | that a night run twice says the same |
| `Appended` | everything, beside the same; only rows with new keys are written | the same |
| `RecentDays` | everything, from the last days of dated inputs | that older days say nothing |
| `ByKey` | the keys whose rows changed | that each input's row belongs to one key |
| `ByDatedKey` | the same, from the days since those keys began | that no input's row is older than its key's row |
| `ByDay` | the days, and groups, whose rows changed | that the first input has the output's days |
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from inspect import Parameter, signature

from pyspark.sql import DataFrame

from pipeline.steps.given import Given
from pipeline.tables.declaration import Layer, Table
from pipeline.tables.ops import READ_BY_STEPS

_GIVEN = frozenset(one.name for one in fields(Given))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Step:
    """A plain function of DataFrames, and the tables that it reads and writes.

    `run` takes the tables of `inputs` in their order, and what else it takes by keyword only, the
    night gives to it: fields of `Given`.
    """

    name: str
    run: Callable[..., DataFrame]
    reads: tuple[Table, ...]
    writes: Table

    def __post_init__(self) -> None:
        for table in self.reads:
            if table.layer.rank > self.writes.layer.rank and table not in READ_BY_STEPS:
                raise ValueError(
                    f"step {self.name} reads {table.full_name}, which is downstream of"
                    f" {self.writes.full_name}"
                )
            if table.kept_days is not None and table not in self.reads_by_day:
                raise ValueError(
                    f"step {self.name}: {table.full_name} is dropped after {table.kept_days} days, so"
                    " only a step by its days may read it, or the output cannot be sealed"
                )
        if unknown := set(self.given) - _GIVEN:
            raise ValueError(
                f"step {self.name}: the night cannot give {', '.join(sorted(unknown))}"
            )

    @property
    def stage(self) -> Layer:
        """The part of a night that it belongs to."""
        return self.writes.layer

    @property
    def given(self) -> tuple[str, ...]:
        """The names of what the night gives to `run`."""
        parameters = signature(self.run).parameters.values()
        return tuple(one.name for one in parameters if one.kind is Parameter.KEYWORD_ONLY)

    @property
    def is_clocked(self) -> bool:
        """Whether the time that a night speaks of is an input."""
        return "as_of" in self.given

    @property
    def reads_previous(self) -> tuple[Table, ...]:
        """Tables that it reads as they stood before this night."""
        return ()

    @property
    def reads_by_day(self) -> tuple[Table, ...]:
        """Inputs whose days are the output's days."""
        return ()

    @property
    def inputs(self) -> tuple[Table, ...]:
        return self.reads + self.reads_previous


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Whole(Step):
    """Computed whole whenever an input, or what the night gives to it, has changed."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Continued(Whole):
    """Computed whole, beside tables as they stood before this night: any table, its own output too.

    What they say is no reason to compute it again, and a night that is killed and run again finds
    them as the killed one left them: `run` must then say the same. `remembers` names columns of the
    output that only the nights before can tell: a home that is built anew has other values there.
    """

    reads_previous: tuple[Table, ...] = field()
    remembers: tuple[str, ...]

    def __post_init__(self) -> None:
        Step.__post_init__(self)
        for name in self.remembers:
            if name not in self.writes.column_names or name in self.writes.keys:
                raise ValueError(
                    f"step {self.name} cannot remember {name}: {self.writes.full_name} has no such"
                    " column beside its keys"
                )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Appended(Whole):
    """Computed whole, beside tables as they stood before this night, its own output among them; rows
    whose keys are stored already are left out, so no row is ever changed.

    What is remembered so belongs to the part of a night that makes what it reads.
    """

    reads_previous: tuple[Table, ...] = field()

    @property
    def stage(self) -> Layer:
        return max((table.layer for table in self.reads), key=lambda layer: layer.rank)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RecentDays(Step):
    """Computed whole from the last `days` days of its dated inputs, and all of the others.

    The days end at the time that the night speaks of, or at the last day billed in full where
    `run` is given that day and it is earlier.
    """

    days: int

    @property
    def is_clocked(self) -> bool:
        return True


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Keyed(Step):
    """What steps have in common that compute some keys of their output again, each of them whole.

    `key` are columns of the output that tell which rows belong together. An input that has only some
    of them stands for all keys of the first input that share its values; a change of one that has
    none of them computes everything again. `called` tells what inputs call those columns: our
    name to theirs, where an input has a column of that name.
    """

    key: tuple[str, ...]
    called: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        Step.__post_init__(self)
        for name in self.key:
            if name not in self.writes.column_names:
                raise ValueError(f"step {self.name}: {self.writes.full_name} has no column {name}")
            if name not in self.columns_in(self.reads[0]):
                raise ValueError(
                    f"step {self.name}: {self.reads[0].full_name} has no column {name}, by which"
                    " its rows are told apart"
                )
        for theirs in self.called.values():
            if not any(theirs in table.column_names for table in self.reads):
                raise ValueError(f"step {self.name}: no input has a column {theirs}")

    def columns_in(self, table: Table) -> dict[str, str]:
        """The columns of the key that an input has: our name to the input's."""
        names = {ours: self.called.get(ours, ours) for ours in self.key}
        return {
            ours: theirs if theirs in table.column_names else ours
            for ours, theirs in names.items()
            if theirs in table.column_names or ours in table.column_names
        }

    def tells_key(self, table: Table) -> bool:
        """Whether each row of an input names the key that it belongs to."""
        return len(self.columns_in(table)) == len(self.key)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ByKey(Keyed):
    """Computed by key: keys with a changed row are computed again, from all their rows in every input."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ByDatedKey(Keyed):
    """Computed by key, from the days since it began: no row of an input is dated before its key's
    row in the output, so that no day before the first of them need be read.

    The output and all inputs are dated. Where the key does not name the output's date, the day on
    which a key stands is looked up there.
    """

    def __post_init__(self) -> None:
        Keyed.__post_init__(self)
        for table in (self.writes, *self.reads):
            if table.partition_by is None:
                raise ValueError(f"step {self.name}: {table.full_name} has no dates")

    @property
    def date(self) -> str:
        """The output's date column."""
        return str(self.writes.partition_by)


@dataclass(frozen=True, slots=True)
class Lasting:
    """An input whose rows stand for every date from one time to another, both included.

    `since` is an expression, of which NULL is always, and `until` a column, of which NULL is forever;
    where no row ends there is none. To the dates before it, when a row ends must not matter. `only`
    names what `run` reads of it beside its keys, its date and `until`: what else changes is no news.
    """

    table: Table
    since: str
    until: str | None = None
    only: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in (*(() if self.until is None else (self.until,)), *self.only):
            if name not in self.table.column_names:
                raise ValueError(f"{self.table.full_name} has no column {name}")

    @property
    def column_names(self) -> tuple[str, ...]:
        """The columns that are read, audit columns aside."""
        own = {*self.table.keys, self.table.partition_by, self.until, *self.only}
        return tuple(
            name
            for name in self.table.column_names
            if name not in self.table.audit_names and (not self.only or name in own)
        )

    @classmethod
    def version(cls, table: Table) -> "Lasting":
        """A version of something, of which the first also stands for earlier times."""
        return cls(table, "IF(is_first, NULL, valid_from)", "valid_to")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ByDay(Keyed):
    """Computed by day: a row of the output comes from rows of `days_of` that have its date.

    `run` takes `days_of` first and what is read `beside` it then: tables that say the same on every
    date, and `Lasting` ones. Several dates are computed at once, so `run` keeps them apart. Within a
    date, rows that share `group` belong together and are computed again by themselves; without it,
    the date is. `reopened` is a predicate on the output: rows that the passing of time alone can
    change.
    """

    days_of: Table
    beside: tuple[Table | Lasting, ...] = ()
    group: tuple[str, ...] = ()
    reopened: str = ""
    reads: tuple[Table, ...] = field(init=False)
    key: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        for table in (self.writes, self.days_of):
            if table.partition_by is None:
                raise ValueError(f"step {self.name}: {table.full_name} has no dates")
        beside = (one.table if isinstance(one, Lasting) else one for one in self.beside)
        object.__setattr__(self, "reads", (self.days_of, *beside))
        object.__setattr__(self, "key", (self.date, *self.group))
        Keyed.__post_init__(self)

    @property
    def date(self) -> str:
        """The output's date column."""
        return str(self.writes.partition_by)

    @property
    def reads_by_day(self) -> tuple[Table, ...]:
        return (self.days_of,)

    @property
    def lasting(self) -> dict[Table, Lasting]:
        return {one.table: one for one in self.beside if isinstance(one, Lasting)}

    def columns_in(self, table: Table) -> dict[str, str]:
        columns = Keyed.columns_in(self, table)
        if table == self.days_of:
            return columns | {self.date: str(table.partition_by)}
        if table in self.lasting:
            columns.pop(self.date, None)  # Its rows stand for many dates, whatever date they have.
        return columns
