"""The dashboard as built is in order, and each way to damage it is found where it was done."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.dashboards.lvdash.document import dashboard_document, dashboard_text
from pipeline.dashboards.lvdash.lint.document import dashboard_flaws

WHOLE = dashboard_document("EUR")
_GOLDEN = Path(__file__).parent / "executive.json"
Part = dict[str, Any]


def damaged(damage: Callable[[Part], object]) -> list[tuple[str, str]]:
    document = copy.deepcopy(WHOLE)
    damage(document)
    return [(flaw.place, flaw.what) for flaw in dashboard_flaws(document)]


def page(document: Part, name: str = "cost") -> Part:
    return next(one for one in document["pages"] if one["name"] == name)


def entry(document: Part, widget: str, of: str = "cost") -> Part:
    return next(one for one in page(document, of)["layout"] if one["widget"]["name"] == widget)


def query(document: Part, widget: str, of: str = "cost") -> Part:
    return entry(document, widget, of)["widget"]["queries"][0]["query"]


def spec(document: Part, widget: str, of: str = "cost") -> Part:
    return entry(document, widget, of)["widget"]["spec"]


def dataset(document: Part, name: str = "costs_by_day") -> Part:
    return next(one for one in document["datasets"] if one["name"] == name)


def add_column(document: Part) -> None:
    shown = {"fieldName": "nothing", "displayName": "Nothing"}
    spec(document, "teams")["encodings"]["columns"].append(shown)


def test_the_dashboard_as_built_is_in_order() -> None:
    assert list(dashboard_flaws(WHOLE)) == []
    assert json.loads(dashboard_text("EUR")) == WHOLE


DAMAGES: dict[str, tuple[Callable[[Part], object], str]] = {
    "an encoding of no field": (
        lambda d: spec(d, "cost_by_day")["encodings"]["x"].update(fieldName="day"),
        "no field day",
    ),
    "a column of no field": (add_column, "no field nothing"),
    "a field of no column": (
        lambda d: query(d, "cost_by_day")["fields"][0].update(expression="`day`"),
        "returns no column day",
    ),
    "an expression that is computed": (
        lambda d: query(d, "cost_by_day")["fields"][1].update(expression="SUM(`list_cost`) / 2"),
        "neither a column nor one aggregate",
    ),
    "a sum of rows as they are": (
        lambda d: query(d, "cost_by_day").update(disaggregated=True),
        "puts rows together",
    ),
    "a dataset that is not there": (
        lambda d: query(d, "teams").update(datasetName="costs"),
        "there is no dataset costs",
    ),
    "a dataset without a use": (
        lambda d: d["datasets"].append({**dataset(d), "name": "spare"}),
        "nothing shows the dataset spare",
    ),
    "a dataset twice": (
        lambda d: d["datasets"].append(dataset(d)),
        "another dataset is called costs_by_day",
    ),
    "a parameter that is not declared": (
        lambda d: dataset(d)["parameters"].pop(),
        "which is no parameter of it",
    ),
    "a parameter without a use": (
        lambda d: dataset(d, "freshness").update(parameters=dataset(d)["parameters"][:1]),
        "does not use the parameter workspace",
    ),
    "a parameter of several values without its array": (
        lambda d: dataset(d)["parameters"][-1].pop("complexType"),
        "a range, and nothing else",
    ),
    "a parameter of no type": (
        lambda d: dataset(d)["parameters"][0].update(dataType="NUMBER"),
        "its dataType is none of",
    ),
    "lines that run into each other": (
        lambda d: dataset(d)["queryLines"].__setitem__(0, "WITH"),
        "runs into the next",
    ),
    "two statements": (
        lambda d: dataset(d)["queryLines"].append("; SELECT 1 AS x"),
        "is not one SELECT",
    ),
    "all columns": (
        lambda d: dataset(d, "freshness").update(queryLines=["SELECT * FROM source_freshness"]),
        "returns *",
    ),
    "no SQL": (
        lambda d: dataset(d, "freshness").update(queryLines=["SELECT FROM WHERE ("]),
        "is not readable SQL",
    ),
    "a kind of widget that there is not": (
        lambda d: spec(d, "list_cost").update(widgetType="kpi"),
        "is none of area",
    ),
    "a version that is not drawn": (
        lambda d: spec(d, "list_cost").update(version=3),
        "a counter is drawn of version 2 only",
    ),
    "a colour of a counter": (
        lambda d: spec(d, "list_cost")["encodings"]["value"].update(color="#ffffff"),
        "an unsupported widget",
    ),
    "a counter of nothing": (
        lambda d: spec(d, "list_cost")["encodings"].pop("value"),
        "is missing from a counter",
    ),
    "a chart without y": (
        lambda d: spec(d, "cost_by_day")["encodings"].pop("y"),
        "is missing from a area",
    ),
    "a number as it is": (
        lambda d: spec(d, "cost_by_day")["encodings"]["y"].pop("format"),
        "shown raw",
    ),
    "a format that there is not": (
        lambda d: spec(d, "list_cost")["encodings"]["value"]["format"].update(type="currency"),
        "its type is none of number",
    ),
    "money of no currency": (
        lambda d: spec(d, "list_cost")["encodings"]["value"]["format"].pop("currencyCode"),
        "money of no currency",
    ),
    "an axis of no scale": (
        lambda d: spec(d, "cost_by_day")["encodings"]["x"]["scale"].update(type="time"),
        "its type is none of categorical",
    ),
    "a colour in braces": (
        lambda d: spec(d, "coverage_by_day")["encodings"]["color"]["scale"]["mappings"][0].update(
            color={"hex": "#c4453a"}
        ),
        "no bare #rrggbb",
    ),
    "a widget without a title": (
        lambda d: spec(d, "teams")["frame"].update(showTitle=False),
        "shows no title",
    ),
    "a parameter of a chart": (
        lambda d: query(d, "teams").update(parameters=[{"name": "team", "keyword": "team"}]),
        "leaves the widget blank",
    ),
    "a spec of a text": (
        lambda d: entry(d, "question")["widget"].update(spec={}),
        "a text has none",
    ),
    "a text of no lines": (
        lambda d: entry(d, "question")["widget"]["multilineTextboxSpec"].update(lines=["a", "b"]),
        "run into each other",
    ),
    "a name with a blank": (
        lambda d: entry(d, "teams")["widget"].update(name="the teams"),
        "is no name",
    ),
    "a name of 61 letters": (
        lambda d: entry(d, "teams")["widget"].update(name="t" * 61),
        "is no name",
    ),
    "a name twice on a page": (
        lambda d: entry(d, "teams")["widget"].update(name="list_cost"),
        "another widget of the page is called list_cost",
    ),
    "two pages of one name": (
        lambda d: page(d).update(name="health"),
        "another page is called health",
    ),
    "sixteen pages": (
        lambda d: d.update(pages=[{**page(d), "name": f"p{number}"} for number in range(16)]),
        "16 are more than 15",
    ),
    "a page of six columns": (
        lambda d: page(d).pop("layoutVersion"),
        "reaches beyond 6 columns",
    ),
    "a page of no kind": (
        lambda d: page(d).update(pageType="CANVAS"),
        "is none of PAGE_TYPE_CANVAS",
    ),
    "a chart among the filters": (
        lambda d: page(d).update(pageType="PAGE_TYPE_GLOBAL_FILTERS"),
        "two hold filters for all pages",
    ),
    "a filter that adds up": (
        lambda d: query(d, "team", "filters").update(disaggregated=True),
        "must be false in a filter",
    ),
    "a filter of a parameter that is not there": (
        lambda d: entry(d, "team", "filters")["widget"]["queries"][1]["query"]["parameters"][
            0
        ].update(keyword="teams"),
        "has no parameter teams",
    ),
    "a filter that binds nothing": (
        lambda d: spec(d, "team", "filters")["encodings"].update(fields=[]),
        "filters nothing",
    ),
    "a filter of no query": (
        lambda d: spec(d, "team", "filters")["encodings"]["fields"][0].update(queryName="none"),
        "there is no query none",
    ),
    "a predicate of the editor's own": (
        lambda d: query(d, "team", "filters")["fields"].append(
            {"name": "n", "expression": "COUNT_IF(`associative_filter_predicate_group`)"}
        ),
        "neither a column nor one aggregate",
    ),
    "a part that there is not": (lambda d: d.update(widgets=[]), "is no part of a dashboard"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_found(name: str) -> None:
    damage, words = DAMAGES[name]
    flaws = damaged(damage)
    assert any(words in what for _, what in flaws), flaws
    assert all("\n" not in what for _, what in flaws)


_CELLS = [
    (number, at) for number, one in enumerate(WHOLE["pages"]) for at in range(len(one["layout"]))
]


@given(
    cell=st.sampled_from(_CELLS),
    side=st.sampled_from(["x", "y", "width", "height"]),
    by=st.integers(-13, 13).filter(bool),
)
def test_a_widget_moved_or_stretched_is_found_where_it_collides(
    cell: tuple[int, int], side: str, by: int
) -> None:
    """Held against a grid of squares, each of which one widget may cover."""
    number, at = cell
    document = copy.deepcopy(WHOLE)
    document["pages"][number]["layout"][at]["position"][side] += by
    layout = [one["position"] for one in document["pages"][number]["layout"]]
    moved = layout[at]

    def squares(p: Part) -> set[tuple[int, int]]:
        return {
            (x, y)
            for x in range(p["x"], p["x"] + p["width"])
            for y in range(p["y"], p["y"] + p["height"])
        }

    others = set().union(*(squares(p) for here, p in enumerate(layout) if here != at))
    is_outside = (
        min(moved["x"], moved["y"]) < 0
        or min(moved["width"], moved["height"]) < 1
        or moved["x"] + moved["width"] > 12
    )
    is_wrong = is_outside or bool(squares(moved) & others)
    found = [
        flaw for flaw in dashboard_flaws(document) if flaw.place.startswith(f"pages[{number}]")
    ]
    assert bool(found) == is_wrong


@given(data=st.data())
def test_whatever_a_file_holds_it_is_read_to_its_end(data: st.DataObject) -> None:
    """Anything in the place of any part is a flaw or none, never a failure."""
    document = copy.deepcopy(WHOLE)
    part: Any = document
    for _ in range(data.draw(st.integers(1, 6))):
        if not isinstance(part, dict | list) or not part:
            break
        key = data.draw(st.sampled_from(list(part) if isinstance(part, dict) else range(len(part))))
        if not isinstance(part[key], dict | list) or data.draw(st.booleans()):
            part[key] = data.draw(
                st.sampled_from([None, 0, "", "x", [], {}, [None], [[]], {"x": {}}])
            )
            break
        part = part[key]
    assert all("\n" not in flaw.what for flaw in dashboard_flaws(document))


def test_the_page_executive_is_as_it_was_read_and_found_good() -> None:
    """By the shapes of docs/decisions/0025-dashboards.md; after a change of the page read it again."""
    executive = page(WHOLE, "executive")
    assert executive == json.loads(_GOLDEN.read_text(encoding="utf-8"))
