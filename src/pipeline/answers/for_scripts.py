"""Answers for scripts: JSON and CSV, whole and without anything cut.

Numbers are numbers, money as well; times are ISO 8601 with their zone; what is not known, infinite or no
number is null (in CSV: empty).
"""

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

__all__ = ["as_csv", "as_json"]

Record = Mapping[str, Any]

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def as_json(value: Sequence[Record] | Mapping[str, Sequence[Record] | Record]) -> str:
    """Records, or several answers by name, as JSON text."""
    return json.dumps(_value(value), indent=2, ensure_ascii=False, allow_nan=False)


def as_csv(names: Iterable[str], records: Iterable[Record]) -> str:
    """Records as CSV with a header; what is nested is JSON inside its field."""
    text = io.StringIO()
    columns = list(names)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for record in records:
        writer.writerow([_field(record[name]) for name in columns])
    return text.getvalue()


def _value(item: Any) -> Any:
    """`item` in what JSON has a form for."""
    match item:
        case None | bool() | int() | str():
            return item
        case float():
            return item if math.isfinite(item) else None
        case Decimal():
            return float(item) if item.is_finite() else None
        case datetime() | date():
            return item.isoformat()
        case bytes():
            return item.hex()
        case Mapping():
            return {str(name): _value(part) for name, part in item.items()}
        case list() | tuple():
            return [_value(part) for part in item]
    return str(item)


def _field(item: Any) -> Any:
    value = _value(item)
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    # A spreadsheet would carry out a name of the sources that begins so: an apostrophe keeps it text.
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value
