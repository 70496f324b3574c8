"""What `rightrun check` says: what a first night over a source would find, and how it would end."""

from dataclasses import dataclass

import pandas as pd
from rich.console import Console

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


def frame(tables: list[Readiness]) -> pd.DataFrame:
    """One row a table."""
    return pd.DataFrame([_row(one) for one in tables])


def _row(one: Readiness) -> dict[str, object]:
    table, presence = one.flaws.table, one.presence
    off = [table.column(name).switches_off for name in one.flaws.absent]
    problems = [one.error or presence.problem, *one.flaws.sentences()]
    return {
        "table": table.system_name,
        "found": "yes" if one.is_there else ("damaged" if presence.found else "no"),
        "where": presence.where,
        "rows": one.flaws.received,
        "quarantined": one.flaws.rejected,
        "kept without a value": one.flaws.partial,
        "columns absent": ", ".join(presence.columns_missing),
        "of another type": ", ".join(presence.columns_retyped),
        "switched off": "; ".join(off) if one.is_there else table.switches_off,
        "problem": "; ".join(filter(None, problems)),
    }


def brief(tables: pd.DataFrame) -> pd.DataFrame:
    """The columns that need no sentence, under names that a narrow terminal has room for."""
    named = {"quarantined": "not kept", "kept without a value": "not whole"}
    return tables[["table", "found", "where", "rows", *named]].rename(columns=named)


def explain(console: Console, tables: list[Readiness], most_quarantined: float) -> None:
    """A sentence for all that is wrong or not there, what weighs most first, and the night's end."""
    stopping = [one for one in tables if one.stops]
    for one in stopping:
        console.print(f"Stops the night: {one.stops}.", style="red", markup=False)
    for one in tables:
        is_lossy = one.flaws.exceeds(most_quarantined)
        for sentence in () if one in stopping else one.flaws.sentences():
            console.print(f"Lost: {sentence}.", style="red" if is_lossy else None, markup=False)
    for one in tables:
        for sentence in one.switched_off:
            console.print(f"Gap: {sentence}.", markup=False)
    if stopping:
        end = "stop (exit code 2)"
    elif any(one.flaws.exceeds(most_quarantined) for one in tables):
        end = (
            "run and exit with 1, for a table loses more of its rows than the setting"
            " most_quarantined allows"
        )
    else:
        end = "run"
    console.print(f"A night over this source would {end}.", markup=False)
