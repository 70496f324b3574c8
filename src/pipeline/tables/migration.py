"""How a table of an older release becomes one of this release: declared as data, one version a step.

`Table.version` is the version of a table's schema. Each version after the first has one `Migration`
in `MIGRATIONS`, which says what a reader of the table has to follow. New columns that are NULL in
old rows need neither: a table gains them by itself.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.tables.declaration import Table


@dataclass(frozen=True, slots=True)
class Add:
    """A new column that old rows fill by a SQL expression over their columns."""

    column: str
    type: str
    value: str


@dataclass(frozen=True, slots=True)
class Rename:
    """A column under another name; with `value`, another unit or meaning too."""

    column: str
    new: str
    type: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Retype:
    """A column in another type, converted by a SQL expression over the old columns."""

    column: str
    type: str
    value: str


@dataclass(frozen=True, slots=True)
class Drop:
    """A column that is no more."""

    column: str


@dataclass(frozen=True, slots=True)
class Recompute:
    """The step that writes the table forgets what it has read: its next night computes it anew."""


Change = Add | Rename | Retype | Drop | Recompute


@dataclass(frozen=True, slots=True)
class Migration:
    """What makes version `to` of a table out of the version before it."""

    table: str
    to: int
    changes: tuple[Change, ...]

    def __post_init__(self) -> None:
        touched = [name for change in self.changes for name in names(change)]
        if not self.changes:
            raise ValueError(f"migration of {self.table} to {self.to}: nothing changes")
        # A migration that was killed is told from one that was not by the names it leaves behind.
        if repeated := sorted({name for name in touched if touched.count(name) > 1}):
            raise ValueError(
                f"migration of {self.table} to {self.to}: {', '.join(repeated)} changes twice:"
                " make it two versions"
            )


def names(change: Change) -> tuple[str, ...]:
    """The columns that a change takes or makes."""
    match change:
        case Rename(column, new):
            return (column, new)
        case Add(column) | Retype(column) | Drop(column):
            return (column,)
    return ()


def refuse_gaps(tables: Iterable[Table], migrations: Sequence[Migration]) -> None:
    """ValueError where a table's versions and its migrations do not go together."""
    for table in tables:
        mine = [migration for migration in migrations if migration.table == table.full_name]
        if [migration.to for migration in mine] != list(range(2, table.version + 1)):
            raise ValueError(
                f"table {table.full_name} is at version {table.version}: it needs one migration to"
                " each version from 2 on, in order"
            )
        for migration in mine:
            for change in migration.changes:
                if not isinstance(change, Rename) and {*names(change)} & {*table.keys}:
                    raise ValueError(
                        f"migration of {table.full_name} to {migration.to}: a key can only be renamed"
                    )


_HEARING_MEMORY = (
    "struct<started_us:array<bigint>,log_seconds:array<double>,is_bound:array<boolean>,"
    "burst:array<bigint>,rank:array<bigint>,gap_log:array<double>,after_rank:array<double>,"
    "shares:array<double>,moved_logits:array<double>,runs_since:bigint,trust:double,"
    "last_of_month:array<double>,first_of_month:array<double>>"
)

MIGRATIONS: tuple[Migration, ...] = (
    # States have come to carry the scores of their forecasts.
    Migration(
        "model.duration_states", to=2, changes=(Add("scored_runs", "bigint", "0"), Recompute())
    ),
    # They have come to remember what answers for a given start, and are scored at midnights.
    Migration("model.duration_states", to=3, changes=(Recompute(),)),
    # They have come to hear of changes of level, and of the turn of the month.
    Migration(
        "model.duration_states",
        to=4,
        changes=(Retype("memory", _HEARING_MEMORY, "NULL"), Recompute()),
    ),
)
"""Every migration there is, each table's in the order of their versions."""
