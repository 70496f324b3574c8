"""What answers go without, or may have wrong: a sentence each."""

import re
from collections.abc import Iterator
from typing import Any, Final

from pipeline.answers.reader import Reader, records
from pipeline.answers.sla.acceptance import futile_decisions
from pipeline.tables.derive import without
from pipeline.tables.source import SOURCE_TABLES

__all__ = ["broken_rules", "doubts", "scattered_names", "unknown_results"]

_SCATTERED: Final = 5
"""Names that are used once each, and alike but for a number, before a rule for them is asked for."""
_NUMBER: Final = re.compile("[0-9a-f]*[0-9][0-9a-f]*")
_UNREAD: Final = {
    "outside": "longer than the share keeps old versions, but no row is lost",
    "lost": "longer than the platform keeps its rows: those of the time between may be lost",
}


def unknown_results(reader: Reader) -> list[dict[str, Any]]:
    """Result words that nobody knows, with the attempts that ended so."""
    return records(reader, "quality", "unknown_results")


def scattered_names(reader: Reader) -> list[dict[str, Any]]:
    """Names of submitted runs that were used once each and differ in a number only: the name with `*` for
    the number, how many there are, and when the last of them ran."""
    last_run_dates: dict[str, list[Any]] = {}
    for row in records(reader, "quality", "single_names"):
        pattern = _NUMBER.sub("*", row["name"] or "")
        last_run_dates.setdefault(pattern, []).append(row["last_run_date"])
    groups = [
        {
            "name": pattern,
            "series": len(days),
            "last_run_date": max(filter(None, days), default=None),
        }
        for pattern, days in last_run_dates.items()
        if len(days) >= _SCATTERED
    ]
    return sorted(groups, key=lambda group: (-group["series"], group["name"]))


def broken_rules(reader: Reader) -> tuple[int, list[str]]:
    """How many declared rules were counted, and a sentence for each that is broken."""
    rules = records(reader, "quality", "rules")
    broken = [
        f"{rule['violations']} of {rule['rows']} rows of {rule['table_name']} break the rule"
        f" {rule['rule']} of {rule['column_name']}"
        for rule in rules
        if rule["violations"]
    ]
    return len(rules), broken


def doubts(reader: Reader) -> Iterator[str]:
    """A sentence for each thing that the answers go without, or may have wrong."""
    if unknown := unknown_results(reader):
        words = ", ".join(f"{row['result_state']} ({row['attempts']})" for row in unknown)
        yield (
            f"Results: attempts that ended with a word that nobody knows teach nothing: {words}."
        )
    if shared := records(reader, "quality", "shared_names"):
        yield (
            "Names: unlike works may share a default name of submitted runs, and no task tells them"
            f" apart ({len(shared)} in rightrun show quality)."
        )
    if scattered := sum(group["series"] for group in scattered_names(reader)):
        yield (
            "Names: names of submitted runs that were used once each differ in a number only, so a rule"
            f" in run_name_rules makes them one series ({scattered} in rightrun show quality)."
        )
    yield from _source_doubts(reader)
    for sentence in futile_decisions(reader):
        yield f"SLA: {sentence}"


def _source_doubts(reader: Reader) -> Iterator[str]:
    table_of = {table.system_name: table for table in SOURCE_TABLES}
    sources = records(reader, "nights", "sources")
    for row in sources:
        if row["gap"] in _UNREAD:
            days = row["gap_hours"] / 24
            yield f"Gap: {row['source_table']} was not read for {days:.1f} days, {_UNREAD[row['gap']]}."
    for row in sources:
        for sentence in without(table_of[row["source_table"]], row["columns_absent"] or ()):
            yield f"Gap: {sentence}."
    for row in sources:
        if (row["ahead_hours"] or 0) > 0:
            yield (
                f"Clock: rows of {row['source_table']} are up to {row['ahead_hours']:.1f} hours ahead of"
                f" {row['reached_at']:%Y-%m-%d %H:%M} UTC, the time that it has reached without them:"
                " their clock seems wrong, and no verdict goes by it."
            )
