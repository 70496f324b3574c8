"""Widgets in the words of `.lvdash.json`, each with the version that the platform draws."""

from collections.abc import Sequence
from typing import Any

from pipeline.dashboards.lvdash.formats import encoded, number_format, query_field
from pipeline.dashboards.page import Chart, Counter, Field, Mark, Table, Text, Widget

Part = dict[str, Any]
QUERY = "main_query"
VERSIONS = {
    "counter": 2,
    "table": 2,
    "line": 3,
    "area": 3,
    "bar": 3,
    "scatter": 3,
    "heatmap": 3,
    "filter-single-select": 2,
    "filter-multi-select": 2,
    "filter-date-range-picker": 2,
}
"""By kind of widget: of any other version the platform says `Invalid widget definition`."""
_RAMP = {"start": "#dbe7f4", "end": "#1f4f86"}


def widget_part(widget: Widget | Text, currency: str) -> Part:
    match widget:
        case Text():
            # Lines are put together as they are, so one is enough.
            return {"name": widget.name, "multilineTextboxSpec": {"lines": [widget.markdown]}}
        case Counter():
            return _widget(widget, "counter", _counter(widget, currency), is_raw=True)
        case Table():
            columns = {"columns": _columns(widget, currency)}
            return _widget(widget, "table", columns, is_raw=True)
        case Chart():
            encodings = _chart(widget, currency)
            return _widget(widget, widget.mark, encodings, is_raw=not widget.is_aggregated)
    raise TypeError(f"{type(widget).__name__} is no widget of .lvdash.json")


def frame(title: str, sentence: str = "") -> Part:
    described = {"showDescription": True, "description": sentence} if sentence else {}
    return {"showTitle": True, "title": title, **described}


def _widget(widget: Widget, kind: str, encodings: Part, *, is_raw: bool) -> Part:
    query = {
        "datasetName": widget.dataset.name,
        "fields": [query_field(one) for one in widget.fields],
        "disaggregated": is_raw,
    }
    return {
        "name": widget.name,
        "queries": [{"name": QUERY, "query": query}],
        "spec": {
            "version": VERSIONS[kind],
            "widgetType": str(kind),
            "encodings": encodings,
            "frame": frame(widget.title, widget.sentence),
        },
    }


def _counter(counter: Counter, currency: str) -> Part:
    column = counter.dataset.column(counter.value)
    unit = (
        {"formatTemplate": f"{{{{ @formatted }}}} {column.format.unit}"}
        if column.format.unit
        else {}
    )
    value = encoded(Field(counter.value), column, currency) | {"displayName": column.label} | unit
    if not counter.before:
        return {"value": value}
    before = counter.dataset.column(counter.before)
    target = {
        "fieldName": counter.before,
        "displayName": counter.before_label,
        **number_format(before.format, currency),
    }
    return {"value": value, "target": target}


def _columns(table: Table, currency: str) -> list[Part]:
    columns = []
    for name in table.columns:
        column = table.dataset.column(name)
        link = {"link": {"templatedURL": f"{{{{{column.link}}}}}"}} if column.link else {}
        columns.append({**encoded(Field(name), column, currency), **link})
    return columns


def _chart(chart: Chart, currency: str) -> Part:
    encodings = {
        "x": _axis(chart, (chart.x,), currency),
        "y": _axis(chart, chart.y, currency),
    }
    if chart.is_lying:
        encodings["y"]["scale"]["sort"] = {"by": "x-reversed"}
    if chart.color is not None:
        encodings["color"] = _axis(chart, (chart.color,), currency)
        if chart.mark is Mark.HEATMAP:
            ramp = {"mode": "custom-sequential", "colors": _RAMP}
            encodings["color"]["scale"]["colorRamp"] = ramp
        elif chart.tones:
            mappings = [{"value": value, "color": tone.value} for value, tone in chart.tones]
            encodings["color"]["scale"]["mappings"] = mappings
    return encodings


def _axis(chart: Chart, fields: Sequence[Field], currency: str) -> Part:
    scale = {"type": str(chart.scale(fields[0]))}
    parts = [encoded(one, chart.dataset.column(one.column), currency) for one in fields]
    if len(parts) == 1:
        return {**parts[0], "scale": scale}
    return {"scale": scale, "fields": parts}
