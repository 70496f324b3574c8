"""A chart's declaration as Vega, compiled once from Vega-Lite, and the look of both canvases.

Points come as `pipeline.dashboards.home.drawing` makes them: their paint, dashes and words are with them, so
that a specification holds nothing of any row and serves for every filter.
"""

from functools import cache
from typing import Any, Final

from pipeline.dashboards.formats import Format, Kind, Scale
from pipeline.dashboards.home.drawing import is_banded
from pipeline.dashboards.page import Aggregate, Chart, Field, Mark
from pipeline.dashboards.theme import DARK_CANVAS, LIGHT_CANVAS

__all__ = ["LOOKS", "specification"]

_VEGA_LITE: Final = "6.4"
_UNIT_PIXELS: Final = 38
_BAR_PIXELS: Final = 24
_TICKS: Final = 4
_NUMBER: Final = (
    "abs(datum.value) >= 100000 ? replace(format(datum.value, '.3~s'), 'G', 'B')"
    " : format(datum.value, ',.4~r')"
)
_DAYS: Final = "utcFormat(toDate(datum.value), '%-d %b')"
_HEAT: Final = ("#cfe0f3", "#12427a")


def _look(ink: str, quiet: str, grid: str, canvas: str) -> dict[str, Any]:
    """Vega's settings for a canvas: text in `ink` and `quiet`, lines of the grid in `grid`."""
    font = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif"
    axis = {
        "domain": False,
        "ticks": False,
        "gridColor": grid,
        "labelColor": quiet,
        "labelFont": font,
        "labelFontSize": 11,
        "labelPadding": 8,
        "titleColor": ink,
    }
    return {
        "background": None,
        "axis": axis,
        "style": {"cell": {"stroke": None}},
        "signals": [{"name": "canvas", "value": canvas}],
    }


LOOKS: Final = {
    "light": _look("#1b1f27", "#5b6472", "#e7e9ee", LIGHT_CANVAS),
    "dark": _look("#eceef2", "#a3abb8", "#2a2e37", DARK_CANVAS),
}


@cache
def specification(chart: Chart, height: int) -> dict[str, Any]:
    """The Vega specification, `height` in units of the page's grid; its data are called `points`.

    The view's width is set by whoever draws it.
    """
    import vl_convert

    marks, encoding = _marks(chart), _encoding(chart)
    spec = {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "data": {"name": "points", "format": {"type": "json", "parse": None}},
        "width": 480,
        "height": {"step": _BAR_PIXELS} if chart.is_lying else _UNIT_PIXELS * height,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "encoding": encoding,
        "layer": marks,
        "config": {"view": {"stroke": None}, "bar": {"cornerRadiusEnd": 2}},
    }
    compiled: dict[str, Any] = vl_convert.vegalite_to_vega(spec, vl_version=_VEGA_LITE)
    # Vega-Lite's own canvas is white, and the page has two.
    compiled.pop("background", None)
    if chart.is_lying or is_banded(chart, chart.x):
        # Vega-Lite takes a domain from points alone: it leaves out days without any, and once it has seen
        # the longest bar it keeps it first.
        compiled.setdefault("signals", []).append({"name": "places", "value": []})
        channel = "y" if chart.is_lying else "x"
        [banded] = [scale for scale in compiled["scales"] if scale["name"] == channel]
        banded["domain"] = {"signal": "places"}
    return compiled


def _marks(chart: Chart) -> list[dict[str, Any]]:
    unseen = {"type": "point", "filled": True, "opacity": 0, "size": 220, "aria": False}
    match chart.mark:
        case Mark.LINE:
            line = {"type": "line", "strokeWidth": 2, "aria": False}
            dots = {"type": "point", "filled": True, "opacity": 1, "size": 22, "aria": False}
            return [
                {"mark": line, "encoding": {"strokeDash": _as_given("d")}},
                {"mark": dots},
                {"mark": unseen, "encoding": {"tooltip": _WORDS}},
            ]
        case Mark.AREA:
            return [
                {"mark": {"type": "area", "opacity": 0.9, "aria": False}},
                {"mark": unseen, "encoding": {"tooltip": _WORDS}},
            ]
        case Mark.BAR:
            return [{"mark": {"type": "bar", "aria": False}, "encoding": {"tooltip": _WORDS}}]
        case Mark.SCATTER:
            dots = {"type": "point", "filled": True, "opacity": 0.7, "size": 40, "aria": False}
            return [{"mark": dots, "encoding": {"tooltip": _WORDS}}]
        case Mark.HEATMAP:
            cells = {"type": "rect", "aria": False, "cornerRadius": 2}
            return [{"mark": cells, "encoding": {"tooltip": _WORDS}}]


_WORDS: Final = {"field": "t", "type": "nominal"}


def _as_given(name: str) -> dict[str, Any]:
    """A channel that the points say themselves."""
    return {"field": name, "type": "nominal", "scale": None, "legend": None}


def _encoding(chart: Chart) -> dict[str, Any]:
    encoding: dict[str, Any] = {"x": _axis(chart, chart.x, "x"), "y": _axis(chart, chart.y[0], "y")}
    if chart.mark is Mark.HEATMAP:
        scale = {"range": list(_HEAT), "zero": True}
        encoding["color"] = {
            "field": "v",
            "type": "quantitative",
            "scale": scale,
            "legend": None,
        }
        return encoding
    encoding["color"] = _as_given("p")
    encoding["detail"] = {"field": "c", "type": "nominal"}
    if chart.mark in (Mark.BAR, Mark.AREA):
        encoding["order"] = {"field": "i", "type": "quantitative"}
    return encoding


def _axis(chart: Chart, one: Field, channel: str) -> dict[str, Any]:
    """One of both axes: quiet, without a title, which the words above the chart are."""
    scale = chart.scale(one)
    axis: dict[str, Any] = {
        "title": None,
        "labelOverlap": "parity",
        "labelSeparation": 14,
        "labelLimit": 130,
    }
    if scale is Scale.QUANTITATIVE:
        is_figure = channel == ("x" if chart.is_lying else "y")
        axis |= {"tickCount": _TICKS, "labelExpr": _numbers(chart, one), "grid": is_figure}
        zero = chart.mark not in (Mark.LINE, Mark.SCATTER)
        encoded = {
            "field": channel,
            "type": "quantitative",
            "axis": axis,
            "scale": {"zero": zero, "nice": _TICKS},
        }
        if is_figure and chart.mark in (Mark.BAR, Mark.AREA):
            encoded["stack"] = "zero"
        return encoded
    axis |= {"grid": False, "labelAngle": 0}
    if channel == "y":
        axis["labelOverlap"] = False
    if scale is Scale.TEMPORAL and not is_banded(chart, one):
        axis |= {"format": "%-d %b", "tickCount": 6, "labelFlush": True}
        return {"field": channel, "type": "temporal", "axis": axis, "scale": {"type": "utc"}}
    if scale is Scale.TEMPORAL:
        axis["labelExpr"] = _DAYS
    # Lying bars come in their order, the longest first.
    order = None if chart.is_lying else "ascending"
    return {
        "field": channel,
        "type": "ordinal",
        "axis": axis,
        "sort": order,
        "scale": {"paddingInner": 0.18 if chart.mark is Mark.BAR else 0.06},
    }


def _numbers(chart: Chart, one: Field) -> str:
    form: Format | None = (
        None if one.aggregate is Aggregate.COUNT else chart.dataset.column(one.column).format
    )
    return "format(datum.value, '.2~%')" if form and form.kind is Kind.SHARE else _NUMBER
