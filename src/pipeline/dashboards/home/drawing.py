"""What a chart draws of its dataset's rows: points, the colours of its series, and the same as a table."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from math import gcd
from typing import Any, Final

import pyarrow as pa

from pipeline.dashboards.formats import COUNT, Format, Scale
from pipeline.dashboards.home.shown import Shown, shown, unit_of
from pipeline.dashboards.page import Aggregate, Chart, Field, Mark
from pipeline.dashboards.theme import SERIES, Tone

__all__ = ["Drawing", "Series", "drawing", "is_banded", "series_of"]

MOST_BARS: Final = 12
"""Lying bars that are drawn; the table beside them has all."""
_DASHES: Final = ([1, 0], [7, 3], [2, 2], [9, 3, 2, 3])
_BY_ARROW: Final = {
    Aggregate.SUM: "sum",
    Aggregate.AVERAGE: "mean",
    Aggregate.LEAST: "min",
    Aggregate.MOST: "max",
    Aggregate.COUNT: "count",
}


@dataclass(frozen=True, slots=True)
class Series:
    """What has a colour: its label, the colour, and the class that a page draws its key with."""

    label: str
    paint: str
    style: str
    dash: int


@dataclass(frozen=True, slots=True)
class Drawing:
    """`points` are what Vega is given, and `places` those of a banded axis in their order, days also where
    there is no point; `headings` and `rows` are the same figures to read; `sentence` says which is the highest."""

    points: list[dict[str, Any]]
    places: list[str]
    series: tuple[Series, ...]
    headings: tuple[str, ...]
    rows: list[tuple[Shown, ...]]
    sentence: str


def is_banded(chart: Chart, one: Field) -> bool:
    """Whether a day has a place of its own, as a bar's or a cell's, and is no point of an axis of time."""
    return chart.mark in (Mark.BAR, Mark.HEATMAP) and chart.scale(one) is not Scale.QUANTITATIVE


def series_of(chart: Chart, every: pa.Table) -> dict[str, Series]:
    """The colours of a chart's series, the largest first, of the rows without any filter: a series keeps
    its colour whatever the filters leave. The eighth and all further ones share a colour."""
    if chart.mark is Mark.HEATMAP:
        return {}
    if chart.color is None:
        labels = [_label(chart, one) for one in _measures(chart)]
    else:
        sizes: dict[str, float] = {}
        measure = chart.x if chart.is_lying else chart.y[0]
        for row in put_together(chart, every).to_pylist():
            label = _text(row[chart.color.name])
            sizes[label] = sizes.get(label, 0.0) + float(row[measure.name] or 0)
        labels = sorted(sizes, key=lambda label: (-sizes[label], label))
    toned = dict(chart.tones)
    free = iter(enumerate(SERIES))
    series = {}
    for number, label in enumerate(labels):
        if (tone := toned.get(label)) is not None:
            paint, style = tone.value, f"tone-{tone.name.lower()}"
        else:
            place, paint = next(free, (len(SERIES) - 1, SERIES[-1]))
            style = f"series-{place}"
        series[label] = Series(label, paint, style, number % len(_DASHES))
    return series


def put_together(chart: Chart, rows: pa.Table) -> pa.Table:
    """One row for what is alike in all fields that are not put together, its columns named as the fields."""
    names = [one.column for one in chart.fields]
    if not chart.is_aggregated:
        return rows.select(list(dict.fromkeys(names)))
    keys = list(dict.fromkeys(one.column for one in chart.fields if not one.aggregate))
    measures = [one for one in dict.fromkeys(chart.fields) if one.aggregate]
    grouped = rows.group_by(keys, use_threads=False).aggregate(
        [(one.column, _BY_ARROW[one.aggregate]) for one in measures]
    )
    renamed = {f"{one.column}_{_BY_ARROW[one.aggregate]}": one.name for one in measures}
    return grouped.rename_columns([renamed.get(name, name) for name in grouped.column_names])


def drawing(chart: Chart, rows: pa.Table, colours: Mapping[str, Series], currency: str) -> Drawing:
    """The chart of `rows`, its series in `colours`; one that has none, of a night since, is grey."""
    records = put_together(chart, rows).to_pylist()
    measures = _measures(chart)
    first = measures[0].name
    lengths: dict[str, float] = {}
    if chart.is_lying:
        for row in records:
            name = _text(row[chart.y[0].name])
            lengths[name] = lengths.get(name, 0.0) + float(row[first] or 0)
        records.sort(
            key=lambda row: (
                -lengths[name := _text(row[chart.y[0].name])],
                name,
                -(row[first] or 0),
            )
        )
    else:
        places = [
            one.name for one in (chart.x, *chart.y, chart.color) if one and one not in measures
        ]
        records.sort(key=lambda row: [(row[name] is None, _orderly(row[name])) for name in places])
    fields = list(dict.fromkeys(chart.fields))
    formats = {one.name: _format(chart, one) for one in fields}
    units = {one.name: unit_of(formats[one.name], currency) for one in fields}
    headings = tuple(
        _label(chart, one) + (f", {units[one.name]}" if units[one.name] else "") for one in fields
    )
    table = [tuple(shown(row[one.name], formats[one.name]) for one in fields) for row in records]
    longest = set(list(dict.fromkeys(_text(row[chart.y[0].name]) for row in records))[:MOST_BARS])
    drawn = [row for row in records if not chart.is_lying or _text(row[chart.y[0].name]) in longest]
    points = list(_points(chart, drawn, colours, currency))
    used = dict(sorted({(point["i"], point["c"]) for point in points if "c" in point}))
    series = tuple(colours.get(label, _unknown(label)) for label in used.values())
    highest = max(points, key=lambda point: point["v"], default=None)
    sentence = f"Highest: {highest['t'].replace(chr(10), ', ')}." if highest else ""
    if chart.is_lying and len(lengths) > MOST_BARS:
        sentence += f" The first {MOST_BARS} of {len(lengths)} are drawn."
    if chart.is_lying:
        places = list(dict.fromkeys(point["y"] for point in points))
    else:
        places = _days(points) if is_banded(chart, chart.x) else []
    return Drawing(points, places, series, headings, table, sentence)


def _days(points: Iterable[Mapping[str, Any]]) -> list[str]:
    """Places from the first day to the last, evenly apart: a night without a flag has one as well."""
    texts = sorted({point["x"] for point in points})
    if not texts:
        return []
    try:
        days = [date.fromisoformat(text) for text in texts]
    except ValueError:
        return texts
    step = timedelta(days=gcd(*((after - before).days for before, after in pairwise(days))) or 1)
    return [
        (days[0] + step * number).isoformat() for number in range((days[-1] - days[0]) // step + 1)
    ]


def _measures(chart: Chart) -> tuple[Field, ...]:
    if chart.mark is Mark.HEATMAP and chart.color is not None:
        return (chart.color,)
    return (chart.x,) if chart.is_lying else chart.y


def _points(
    chart: Chart, records: Iterable[Mapping[str, Any]], colours: Mapping[str, Series], currency: str
) -> Iterable[dict[str, Any]]:
    """Of each record one point for each measure: x and y in their places, c the series, i its order, p its
    paint, d its dashes, v the measure itself, and t the words that are shown beside it."""
    several = len(_measures(chart)) > 1
    for record in records:
        for measure in _measures(chart):
            value = record[measure.name]
            if value is None:
                continue
            point: dict[str, Any] = {"v": float(value)}
            point["x"] = float(value) if chart.is_lying else _place(chart, chart.x, record)
            other = chart.y[0] if chart.is_lying or chart.mark is Mark.HEATMAP else None
            point["y"] = float(value) if other is None else _place(chart, other, record)
            where = [_words(chart, chart.y[0] if chart.is_lying else chart.x, record)]
            if chart.mark is Mark.HEATMAP:
                where.append(_words(chart, chart.y[0], record))
            else:
                label = _text(record[chart.color.name]) if chart.color else _label(chart, measure)
                if chart.color or several:
                    where.append(label)
                one = colours.get(label, _unknown(label))
                order = list(colours).index(label) if label in colours else len(colours)
                point |= {"c": label, "i": order, "p": one.paint}
                if chart.mark is Mark.LINE:
                    point["d"] = _DASHES[one.dash]
            figure = shown(value, _format(chart, measure), currency or " ").text
            point["t"] = "\n".join((*where, figure.strip()))
            yield point


def _place(chart: Chart, one: Field, record: Mapping[str, Any]) -> Any:
    """Where a value stands on its axis: milliseconds of UTC on one of time, text in a place of its own."""
    value = record[one.name]
    if isinstance(value, date):
        if is_banded(chart, one):
            return value.isoformat()
        at = value if isinstance(value, datetime) else datetime.combine(value, time(), UTC)
        return round(at.timestamp() * 1000)
    return float(value) if chart.scale(one) is Scale.QUANTITATIVE else _text(value)


def _words(chart: Chart, one: Field, record: Mapping[str, Any]) -> str:
    return shown(record[one.name], _format(chart, one)).text


def _format(chart: Chart, one: Field) -> Format:
    return COUNT if one.aggregate is Aggregate.COUNT else chart.dataset.column(one.column).format


def _label(chart: Chart, one: Field) -> str:
    return chart.dataset.column(one.column).label


def _text(value: Any) -> str:
    return "(none)" if value is None else str(value)


def _orderly(value: Any) -> Any:
    return "" if value is None else value


def _unknown(label: str) -> Series:
    return Series(label, Tone.NEUTRAL.value, "tone-neutral", 0)
