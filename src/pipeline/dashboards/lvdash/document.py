"""The whole dashboard as one document: datasets, a page each, and the page of the filters that hold for all.

One dashboard, so that pages share datasets: a row of one leads to the page of its job. Tables are named
without catalog and schema, which the bundle says (`dataset_catalog`, `dataset_schema`).
"""

import json
from typing import Any

from pipeline.dashboards.dashboard import PAGES, datasets
from pipeline.dashboards.dataset import Dataset
from pipeline.dashboards.filters import EVERYWHERE
from pipeline.dashboards.lvdash.filter_widgets import filter_part, parameter
from pipeline.dashboards.lvdash.widgets import widget_part
from pipeline.dashboards.page import COLUMNS, Page
from pipeline.dashboards.theme import DARK_CANVAS, LIGHT_CANVAS, SERIES

Part = dict[str, Any]
GRID = "GRID_V1"
"""Twelve columns; a page without it has six."""
_FILTER_HEIGHT = 2


def dashboard_text(currency: str) -> str:
    """The file's text; `currency` is the ISO code of all money."""
    return json.dumps(dashboard_document(currency), indent=2, ensure_ascii=False) + "\n"


def dashboard_document(currency: str) -> Part:
    return {
        "datasets": [_dataset(dataset) for dataset in datasets().values()],
        "pages": [*(_page(page, currency) for page in PAGES), _filters()],
        "uiSettings": {
            "theme": {
                "canvasBackgroundColor": {"light": LIGHT_CANVAS, "dark": DARK_CANVAS},
                "visualizationColors": list(SERIES),
                "widgetHeaderAlignment": "LEFT",
            },
            "applyModeEnabled": False,
        },
    }


def _dataset(dataset: Dataset) -> Part:
    parameters = [parameter(one) for one in dataset.parameters]
    return {
        "name": dataset.name,
        "displayName": dataset.title,
        "queryLines": [f"{line}\n" for line in dataset.text.splitlines()],
        **({"parameters": parameters} if parameters else {}),
    }


def _page(page: Page, currency: str) -> Part:
    """Its own filters stand in a row below its header."""
    own = len(page.own_filters)
    below = page.header.height
    layout = []
    for number, one in enumerate(page.own_filters):
        leading = [
            dataset
            for dataset in datasets().values()
            if dataset not in page.datasets and one.set_by in dataset.names
        ]
        part = filter_part(one, page.datasets, leading)
        width = COLUMNS // own
        layout.append(_placed(part, number * width, below, width, _FILTER_HEIGHT))
    for cell in page.cells():
        y = cell.y + (_FILTER_HEIGHT if own and cell.y >= below else 0)
        part = widget_part(cell.widget, currency)
        layout.append(_placed(part, cell.x, y, cell.widget.width, cell.height))
    return _canvas(page.name, page.title, "PAGE_TYPE_CANVAS", layout)


def _filters() -> Part:
    layout = [
        _placed(
            filter_part(one, datasets().values()),
            0,
            number * _FILTER_HEIGHT,
            COLUMNS,
            _FILTER_HEIGHT,
        )
        for number, one in enumerate(EVERYWHERE)
    ]
    return _canvas("filters", "Filters", "PAGE_TYPE_GLOBAL_FILTERS", layout)


def _canvas(name: str, title: str, kind: str, layout: list[Part]) -> Part:
    head = {"name": name, "displayName": title, "pageType": kind, "layoutVersion": GRID}
    return {**head, "layout": layout}


def _placed(widget: Part, x: int, y: int, width: int, height: int) -> Part:
    return {"widget": widget, "position": {"x": x, "y": y, "width": width, "height": height}}
