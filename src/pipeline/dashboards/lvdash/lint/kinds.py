"""The kinds of widgets that the platform draws: of which versions, and what each has to encode.

Versions are those of 41 real exports and of Databricks' own guide; of any other the platform says
`Invalid widget definition`.
"""

from typing import NamedTuple


class WidgetKind(NamedTuple):
    """`needed` are the encodings without which it shows nothing."""

    versions: tuple[int, ...]
    needed: tuple[str, ...] = ()


_XY = ("x", "y")
KINDS = {
    "area": WidgetKind((3,), _XY),
    "bar": WidgetKind((3,), _XY),
    "box": WidgetKind((1,), _XY),
    "choropleth-map": WidgetKind((1,), ("color",)),
    "combo": WidgetKind((1,), _XY),
    "counter": WidgetKind((2,), ("value",)),
    "custom-vega-viz": WidgetKind((1,), ("fields",)),
    "filter-date-picker": WidgetKind((2,)),
    "filter-date-range-picker": WidgetKind((2,)),
    "filter-multi-select": WidgetKind((2,)),
    "filter-single-select": WidgetKind((2,)),
    "filter-text-entry": WidgetKind((2,)),
    "forecast-line": WidgetKind((1,), _XY),
    "funnel": WidgetKind((1,)),
    "heatmap": WidgetKind((3,), ("x", "y", "color")),
    "histogram": WidgetKind((3,), _XY),
    "line": WidgetKind((3,), _XY),
    "pie": WidgetKind((3,), ("angle",)),
    "pivot": WidgetKind((3,), ("cell",)),
    "range-slider": WidgetKind((2,)),
    "sankey": WidgetKind((1,)),
    "scatter": WidgetKind((3,), _XY),
    "symbol-map": WidgetKind((2,)),
    "table": WidgetKind((1, 2, 3), ("columns",)),
    "waterfall": WidgetKind((1,)),
}


def is_filter(kind: str) -> bool:
    return kind.startswith("filter-") or kind == "range-slider"
