"""What `rightrun check` says: what a first night over a source would find, and how it would end."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rich.text import Text

from pipeline.answers.values import shown, text
from pipeline.bronze.flaws import Flaws
from pipeline.nightly.ingestion import why_stopped
from pipeline.sources.protocol import Presence
from pipeline.tables.derive import without


@dataclass(frozen=True, slots=True)
class Readiness:
    """One table of a source, tried out."""

    presence: Presence
    flaws: Flaws
    error: str = ""
    """Why the table cannot be read."""

    @property
    def stops(self) -> str:
        """Why the night would stop; empty when it would not."""
        if not self.error and self.flaws.table.required and self.flaws.nothing_kept:
            return why_stopped(self.flaws)
        return self.error

    @property
    def is_there(self) -> bool:
        return self.presence.found and not self.error

    @property
    def switched_off(self) -> list[str]:
        """A sentence for the table or for each column that is not there."""
        table = self.flaws.table
        if self.is_there:
            return without(table, self.flaws.absent)
        what = "cannot be read" if self.presence.found else "is not there"
        return [f"{table.system_name} {what}, which switches off {table.switches_off}"]


def record(table: Readiness) -> dict[str, object]:
    """One table as a script reads it."""
    declared, presence = table.flaws.table, table.presence
    off = [declared.column(name).switches_off for name in table.flaws.absent]
    problems = [table.error or presence.problem, *table.flaws.sentences()]
    return {
        "table": declared.system_name,
        "found": "yes" if table.is_there else ("damaged" if presence.found else "no"),
        "where": presence.where,
        "rows": table.flaws.received,
        "quarantined": table.flaws.rejected,
        "kept_without_a_value": table.flaws.partial,
        "columns_absent": list(presence.columns_missing),
        "columns_of_another_type": list(presence.columns_retyped),
        "switched_off": "; ".join(off) if table.is_there else declared.switches_off,
        "problem": "; ".join(filter(None, problems)),
        "mends": list(presence.mends),
    }


def view(row: Mapping[str, Any]) -> dict[str, str]:
    """The columns that need no sentence: those are said below the list."""
    return {
        "table": text(row["table"]).removeprefix("system."),
        "found": text(row["found"]),
        "rows": shown("rows", row["rows"]),
        "not kept": shown("rows", row["quarantined"] or None),
        "not whole": shown("rows", row["kept_without_a_value"] or None),
        "where": text(row["where"]),
    }


def lines(tables: list[Readiness], most_quarantined: float) -> Iterator[Text]:
    """A sentence for all that is wrong or not there, what weighs most first, and the night's end."""
    stopping = [table for table in tables if table.stops]
    for table in stopping:
        yield Text(f"Stops the night: {table.stops}.", style="red")
    for table in tables:
        is_lossy = table.flaws.exceeds(most_quarantined)
        for sentence in () if table in stopping else table.flaws.sentences():
            yield Text(f"Lost: {sentence}.", style="red" if is_lossy else "")
    for table in tables:
        for sentence in table.switched_off:
            yield Text(f"Gap: {sentence}.")
    for sql in dict.fromkeys(sql for table in tables for sql in table.presence.mends):
        yield Text(f"Mend: {sql};")
    if stopping:
        end = "stop (exit code 2)"
    elif any(table.flaws.exceeds(most_quarantined) for table in tables):
        end = (
            "run and exit with 1, for a table loses more of its rows than the setting"
            " most_quarantined allows"
        )
    else:
        end = "run"
    yield Text(f"A night over this source would {end}.", style="bold")
