"""How the columns change of the tables by which a job feeds others or is fed."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.answers.reader import Reader, Record, records
from pipeline.answers.values import shown, text

__all__ = ["Schemas", "change_of", "schemas"]


@dataclass(frozen=True, slots=True)
class Schemas:
    """The tables, each with a status, and the changes that nights have seen of them, the newest first."""

    tables: tuple[Record, ...]
    changes: tuple[Record, ...]

    def sentences(self) -> Iterator[str]:
        """Of which tables it is not known how their columns change, and why; nothing where all are known."""
        by_reason: dict[str, list[str]] = defaultdict(list)
        for table in self.tables:
            if table["status"] != "ok":
                by_reason[table["reason"]].append(table["table_name"])
        for reason, names in by_reason.items():
            which = text(names[0]) if len(names) == 1 else f"{len(names)} tables around it"
            yield f"How the columns of {which} change is not known: {text(reason)}."


def schemas(reader: Reader, series_key: str) -> Schemas:
    """Those of the tables next to one job, by the last night."""
    tables, changes = (
        tuple(records(reader, "chains", name, series_key=series_key))
        for name in ("table_schemas", "schema_changes")
    )
    return Schemas(tables, changes)


def change_of(row: Record) -> str:
    """A row of gold.table_schema_changes in words."""
    column = f"column {text(row['column_name'])}"
    match row["change"]:
        case "column_added":
            what = f"{column} added as {text(row['new_type'])}"
        case "column_removed":
            what = f"{column} removed, which was {text(row['old_type'])}"
        case "type_changed":
            what = f"{column} is {text(row['new_type'])}, which was {text(row['old_type'])}"
        case "nullability_changed":
            what = f"{column} {'may' if row['is_nullable'] else 'must not'} be NULL now"
        case "not_visible":
            what = "gone, or no longer listed to whoever reads"
        case _:
            what = "listed again"
    jobs = row["reader_jobs"]
    reading = f"; {jobs} {'job reads' if jobs == 1 else 'jobs read'} it" if jobs else ""
    return f"{text(row['table_name'])}: {what}, seen by the night of {shown('at', row['night_at'])} UTC{reading}"
