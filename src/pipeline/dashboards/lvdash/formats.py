"""Formats and fields in the words of `.lvdash.json`."""

from typing import Any

from pipeline.dashboards.dataset import Column
from pipeline.dashboards.formats import Format, Kind
from pipeline.dashboards.page import Aggregate, Field

Part = dict[str, Any]
_TYPES = {Kind.NUMBER: "number", Kind.SHARE: "number-percent", Kind.MONEY: "number-currency"}


def number_format(shown: Format, currency: str) -> Part:
    """The entry `format` of a number, none for anything else."""
    if shown.kind not in _TYPES:
        return {}
    money = {"currencyCode": currency} if shown.kind is Kind.MONEY else {}
    places = {"type": "max", "places": shown.places}
    return {"format": {"type": _TYPES[shown.kind], **money, "decimalPlaces": places}}


def query_field(one: Field) -> Part:
    column = f"`{one.column}`"
    call = f"{one.aggregate.upper()}({column})" if one.aggregate is not Aggregate.NONE else column
    return {"name": one.name, "expression": call}


def encoded(one: Field, column: Column, currency: str) -> Part:
    """What every encoding of a field says: which one, what it is called, how it is shown."""
    return {
        "fieldName": one.name,
        "displayName": column.heading,
        **number_format(column.format, currency),
    }
