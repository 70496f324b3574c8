"""docs/dashboards.md: the pages of the dashboard, what each asks and shows, and the datasets below them."""

from pipeline.dashboards.dashboard import PAGES, datasets
from pipeline.dashboards.dataset import Column, Dataset
from pipeline.dashboards.filters import DAYS_SHOWN, EVERYWHERE
from pipeline.dashboards.page import Page, Widget
from tools.markdown import MADE, page_of, rows_of_table


def dashboards_page(_: str) -> str:
    labels = ", ".join(one.label.lower() for one in EVERYWHERE)
    parts = [
        "# Dashboards",
        "",
        MADE.format(where="`src/pipeline/dashboards`"),
        "",
        "Pages over Gold and what alerts remember, each for one person's question, which its first row answers. Every page says how old its"
        f" data are and can be filtered by {labels}; with no date chosen it shows the {DAYS_SHOWN} days to the last night's,"
        " beside as many before them. A row about a job leads to that job's page, its name to the job in the workspace.",
        "",
        *rows_of_table(
            ("page", "question", "for"),
            ((f"[{one.title}](#{one.name})", one.question, one.reader) for one in PAGES),
        ),
    ]
    for page in PAGES:
        parts += _page(page)
    parts += [
        "## Datasets",
        "",
        "Each is one SQL text, `src/pipeline/dashboards/datasets/NAME.sql`.",
        "",
    ]
    for dataset in datasets().values():
        parts += _dataset(dataset)
    return page_of(parts)


def _page(page: Page) -> list[str]:
    shown = [cell.widget for cell in page.cells() if isinstance(cell.widget, Widget) and cell.y > 0]
    return [
        f"## {page.title}",
        "",
        page.question,
        "",
        *rows_of_table(
            ("widget", "shows", "of"),
            (
                (one.title, one.sentence, f"[`{one.dataset.name}`](#{one.dataset.name})")
                for one in shown
            ),
        ),
    ]


def _dataset(dataset: Dataset) -> list[str]:
    heeded = ", ".join(one.name for one in dataset.parameters) or "none"
    tables = ", ".join(f"`{table.full_name}`" for table in dataset.tables)
    return [
        f"### {dataset.name}",
        "",
        f"{dataset.title}. Reads {tables}. Filters: {heeded}.",
        "",
        *rows_of_table(
            ("column", "type", "shown as"),
            ((f"`{one.name}`", f"`{one.format.type}`", _shown_as(one)) for one in dataset.columns),
        ),
    ]


def _shown_as(column: Column) -> str:
    kind = column.format.kind
    places = f", {column.format.places} places" if column.format.places else ""
    link = f"; leads to `{column.link}`" if column.link else ""
    return f"{column.heading}: {kind}{places}{link}"
