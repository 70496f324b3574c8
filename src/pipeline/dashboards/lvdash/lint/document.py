"""A whole `.lvdash.json`, checked."""

from collections.abc import Iterator

from pipeline.dashboards.lvdash.lint.datasets import Datasets
from pipeline.dashboards.lvdash.lint.flaw import Flaw, listed, mapping
from pipeline.dashboards.lvdash.lint.pages import page_flaws, widgets
from pipeline.dashboards.lvdash.lint.widgets import widget_flaws

_PARTS = ("datasets", "pages", "uiSettings", "variables", "relationshipGraphs")


def dashboard_flaws(document: object) -> Iterator[Flaw]:
    """What keeps `document`, as JSON has it, from being drawn as it was meant."""
    if not isinstance(document, dict):
        yield Flaw("", "is no object of JSON")
        return
    for name in document:
        if name not in _PARTS:
            yield Flaw(str(name), f"is no part of a dashboard: it has {', '.join(_PARTS)}")
    datasets = Datasets(document)
    yield from datasets.flaws
    yield from page_flaws(document)
    asked: set[str] = set()
    for place, widget, page in widgets(document):
        yield from widget_flaws(place, widget, page, datasets)
        asked |= {
            str(mapping(one.get("query")).get("datasetName"))
            for _, one in listed(widget.get("queries"), "")
        }
    for name in sorted(datasets.columns.keys() - asked):
        yield Flaw("datasets", f"nothing shows the dataset {name}")
