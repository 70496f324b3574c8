"""Filters in the words of `.lvdash.json`: the parameters of datasets, and the widgets that set them."""

from collections.abc import Iterable
from typing import Any

from pipeline.dashboards.dashboard import FILTER_CHOICES
from pipeline.dashboards.dataset import Dataset
from pipeline.dashboards.filters import DAYS_SHOWN, Filter, FilterKind
from pipeline.dashboards.lvdash.widgets import VERSIONS, frame

Part = dict[str, Any]
_WIDGETS = {
    FilterKind.SEVERAL: "filter-multi-select",
    FilterKind.ONE: "filter-single-select",
    FilterKind.DAYS: "filter-date-range-picker",
}
_CHOICES = "choices"


def parameter(one: Filter) -> Part:
    """The entry of a dataset that heeds the filter; nothing is chosen but the days."""
    named = {"displayName": one.label, "keyword": one.name}
    match one.kind:
        case FilterKind.DAYS:
            days = {"min": {"value": f"now-{DAYS_SHOWN}d/d"}, "max": {"value": "now/d"}}
            chosen: Part = {"range": {"dataType": "DATE", **days}}
            return {**named, "dataType": "DATE", "complexType": "RANGE", "defaultSelection": chosen}
        case FilterKind.SEVERAL:
            chosen = {"values": {"dataType": "STRING", "values": []}}
            return {
                **named,
                "dataType": "STRING",
                "complexType": "MULTI",
                "defaultSelection": chosen,
            }
        case FilterKind.ONE:
            chosen = {"values": {"dataType": "STRING", "values": [{"value": ""}]}}
            return {**named, "dataType": "STRING", "defaultSelection": chosen}


def filter_part(one: Filter, datasets: Iterable[Dataset], leading: Iterable[Dataset] = ()) -> Part:
    """The widget that sets the filter for all of `datasets` that heed it.

    It is bound to a column of `leading` too, which is how the platform drills through from their rows.
    """
    queries, fields = [], []
    bound = [(_CHOICES, FILTER_CHOICES, one.choices)] if one.choices else []
    bound += [(f"from_{dataset.name}", dataset, one.set_by) for dataset in leading]
    for name, dataset, column in bound:
        asked = [{"name": column, "expression": f"`{column}`"}]
        query = {"datasetName": dataset.name, "fields": asked, "disaggregated": False}
        queries.append({"name": name, "query": query})
        fields.append({"fieldName": column, "displayName": one.label, "queryName": name})
    for dataset in datasets:
        if one in dataset.parameters:
            keyword = {"name": one.name, "keyword": one.name}
            query = {"datasetName": dataset.name, "parameters": [keyword], "disaggregated": False}
            queries.append({"name": dataset.name, "query": query})
            fields.append({"parameterName": one.name, "queryName": dataset.name})
    kind = _WIDGETS[one.kind]
    return {
        "name": one.name,
        "queries": queries,
        "spec": {
            "version": VERSIONS[kind],
            "widgetType": kind,
            "encodings": {"fields": fields},
            "frame": frame(one.label),
        },
    }
