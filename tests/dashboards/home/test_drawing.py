"""What charts draw: rows put together as SQL would, in colours that stay, by a specification that holds none."""

import json
from datetime import date, timedelta
from itertools import pairwise

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.dashboards.dashboard import PAGES
from pipeline.dashboards.home.drawing import drawing, put_together, series_of
from pipeline.dashboards.home.vega import specification
from pipeline.dashboards.page import Chart
from pipeline.dashboards.theme import SERIES

CHARTS = [
    pytest.param(one, id=f"{page.name}.{one.name}")
    for page in PAGES
    for one in page.widgets
    if isinstance(one, Chart)
]


def _chart(page: str, name: str) -> Chart:
    [of_page] = [one for one in PAGES if one.name == page]
    [chart] = [one for one in of_page.widgets if one.name == name]
    assert isinstance(chart, Chart)
    return chart


_ROWS = st.lists(
    st.tuples(
        st.dates(date(2026, 1, 1), date(2026, 3, 1)),
        st.sampled_from(["growth", "risk", "<b>", "(none)"]),
        st.sampled_from([*"abcdefghijk"]),
        st.floats(0, 1e6, allow_nan=False),
    ),
    max_size=60,
)


def _costs(rows: list[tuple[date, str, str, float]]) -> pa.Table:
    days, teams, products, costs = zip(*rows, strict=True) if rows else ((), (), (), ())
    return pa.table(
        {
            "usage_date": pa.array(days, pa.date32()),
            "team": pa.array(teams, pa.string()),
            "product": pa.array(products, pa.string()),
            "attribution": pa.array(["none"] * len(rows), pa.string()),
            "list_cost": pa.array(costs, pa.float64()),
        }
    )


@given(_ROWS)
def test_rows_are_put_together_as_pandas_does(rows: list[tuple[date, str, str, float]]) -> None:
    table = _costs(rows)
    put = put_together(_chart("cost", "cost_by_day"), table).to_pylist()
    got = {(row["usage_date"], row["product"]): row["sum(list_cost)"] for row in put}
    expected = table.to_pandas().groupby(["usage_date", "product"])["list_cost"].sum()
    assert got == pytest.approx(expected.to_dict(), rel=1e-12, abs=0)
    assert len(put) == len(got)


@given(_ROWS)
def test_a_drawing_keeps_every_figure(rows: list[tuple[date, str, str, float]]) -> None:
    chart, table = _chart("cost", "cost_by_day"), _costs(rows)
    drawn = drawing(chart, table, series_of(chart, table), "USD")
    total = float(table.to_pandas()["list_cost"].sum())
    assert sum(point["y"] for point in drawn.points) == pytest.approx(total)
    assert len(drawn.points) == len(drawn.rows)
    assert {point["c"] for point in drawn.points} == {series.label for series in drawn.series}
    assert {point["p"] for point in drawn.points} <= set(SERIES)


@given(_ROWS)
def test_a_series_keeps_its_colour_whatever_a_filter_leaves(
    rows: list[tuple[date, str, str, float]],
) -> None:
    chart, table = _chart("cost", "cost_by_day"), _costs(rows)
    colours = series_of(chart, table)
    some = _costs([row for row in rows if row[1] == "risk"])
    for point in drawing(chart, some, colours, "USD").points:
        assert point["p"] == colours[point["c"]].paint


@given(_ROWS)
def test_lying_bars_are_longest_first_and_no_day_is_left_out(
    rows: list[tuple[date, str, str, float]],
) -> None:
    lying, table = _chart("cost", "cost_by_team"), _costs(rows)
    bars = drawing(lying, table, {}, "USD")
    lengths = [point["x"] for point in bars.points]
    assert lengths == sorted(lengths, reverse=True)
    assert bars.places == [point["y"] for point in bars.points]
    standing = _chart("cost", "coverage_by_day")
    drawn = drawing(standing, table, {}, "USD")
    days = [date.fromisoformat(place) for place in drawn.places]
    assert {point["x"] for point in drawn.points} <= set(drawn.places)
    assert len({after - before for before, after in pairwise(days)}) <= 1 or not rows


@pytest.mark.parametrize("chart", CHARTS)
def test_a_specification_is_vega_without_any_figure(chart: Chart) -> None:
    made = specification(chart, 6)
    assert made["$schema"].startswith("https://vega.github.io/schema/vega/v6")
    [given_points] = [one for one in made["data"] if one["name"] == "points"]
    assert not given_points.get("values")
    assert "url" not in json.dumps(made["data"])
    assert not made.get("background")


def test_what_is_not_known_is_drawn_by_nobody() -> None:
    chart = _chart("executive", "reliability_by_week")
    weeks = [date(2026, 1, 1) + timedelta(days=7 * number) for number in range(3)]
    frame = pd.DataFrame(
        {
            "week_to": weeks,
            "success_rate": [0.5, None, 1.0],
            "sla_compliance": [None, None, 0.25],
        }
    )
    table = pa.Table.from_pandas(frame, preserve_index=False)
    drawn = drawing(chart, table, series_of(chart, table), "")
    assert [(point["c"], point["y"]) for point in drawn.points] == [
        ("Success rate", 0.5),
        ("Success rate", 1.0),
        ("SLA compliance", 0.25),
    ]
    assert [cell.text for cell in drawn.rows[1]] == ["2026-01-08", "–", "–"]
