"""Pages as declared: what each has to say, and what its SQL may be made of."""

import re
from importlib.resources import files

import pytest
from sqlglot import exp, parse_one

from pipeline.dashboards.dashboard import PAGES, datasets
from pipeline.dashboards.dataset import Dataset
from pipeline.dashboards.filters import EVERYWHERE, FILTERS
from pipeline.dashboards.formats import Kind, Scale
from pipeline.dashboards.lvdash.lint.datasets import returned
from pipeline.dashboards.page import COLUMNS, Chart, Counter, Mark, Page, Table
from pipeline.dashboards.theme import DARK_CANVAS, LIGHT_CANVAS, SERIES, Tone
from pipeline.tables.gold import LIKELY_TO_MISS

DATASETS = datasets()
_EACH = pytest.mark.parametrize("dataset", DATASETS.values(), ids=DATASETS)
_EACH_PAGE = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
# What one of Sail, Apache Spark and Databricks does not have, or has otherwise.
_NOT_SHARED = re.compile(
    r"\b(MEASURE|QUALIFY|PIVOT|UNPIVOT|BIN_FLOOR|LIMIT|IDENTIFIER|EXCEPT)\b|GROUP\s+BY\s+ALL|\bcurrent_|\bnow\("
)


@_EACH
def test_a_dataset_is_one_select_of_its_columns_from_gold_and_ops(dataset: Dataset) -> None:
    columns, why_not = returned(dataset.text)
    assert not why_not
    assert columns == {column.name for column in dataset.columns}
    names = [name.lower() for name in parse_one(dataset.text, read="databricks").named_selects]
    assert names == [column.name for column in dataset.columns], "in the same order"
    # `tables` raises KeyError for a table of another schema.
    assert dataset.tables
    used = parse_one(dataset.text, read="databricks").find_all(exp.Table)
    named = {table.full_name for table in dataset.tables}
    # A common table expression has a bare name as well.
    assert named <= {f"{table.db or 'gold'}.{table.name}" for table in used}
    of_engine = parse_one(dataset.bound({}), read="databricks").find_all(exp.Table)
    assert not [table for table in of_engine if table.db], "where each is a view of its bare name"


def test_no_two_tables_of_dashboards_have_one_name() -> None:
    tables = {table for dataset in DATASETS.values() for table in dataset.tables}
    assert len({table.name for table in tables}) == len(tables)
    assert {table.name for table in tables if table.layer.schema == "ops"} == {
        *("incidents", "said_of_alerts", "outbox", "deliveries")
    }


@_EACH
def test_a_dataset_is_written_in_what_all_engines_share(dataset: Dataset) -> None:
    assert not _NOT_SHARED.search(dataset.text)


@_EACH
def test_a_dataset_heeds_all_filters_of_jobs_or_none(dataset: Dataset) -> None:
    heeded = {one.name for one in dataset.parameters}
    of_jobs = {"workspace", "team", "owner", "tier"}
    assert heeded & of_jobs in (set(), of_jobs)


def test_every_file_of_sql_is_a_dataset_or_a_part_of_one() -> None:
    folder = files("pipeline.dashboards").joinpath("datasets")
    stems = {
        file.name.removesuffix(".sql") for file in folder.iterdir() if file.name.endswith(".sql")
    }
    assert stems == DATASETS.keys()
    texts = " ".join(dataset.text for dataset in DATASETS.values())
    for part in folder.joinpath("parts").iterdir():
        assert re.search(rf"\b{part.name.removesuffix('.sql')} AS \(", texts), part.name


def test_values_of_filters_cannot_leave_their_literals() -> None:
    hostile = "x'); DROP TABLE jobs; -- \\"
    values = {"team": [hostile], "job": hostile, "date": (hostile, None)}
    for dataset in DATASETS.values():
        statement = parse_one(dataset.bound(values), read="databricks")
        assert isinstance(statement, exp.Query)
        assert not statement.find(exp.Parameter, exp.Placeholder)
        texts = {one.this for one in statement.find_all(exp.Literal) if one.is_string}
        if "team" in {one.name for one in dataset.parameters}:
            assert hostile in texts


@_EACH_PAGE
def test_a_page_says_whose_question_it_answers_and_how_old_its_data_are(page: Page) -> None:
    header = [cell.widget.name for cell in page.cells() if cell.y == 0]
    assert header == ["question", "as_of", "costs_to"]
    assert page.question.endswith("?")
    assert isinstance(page.rows[0].widgets[0], Counter), "the first row answers in figures"
    assert set(page.filters) >= set(EVERYWHERE)


@_EACH_PAGE
def test_rows_of_a_page_fill_its_width_and_do_not_overlap(page: Page) -> None:
    taken: set[tuple[int, int]] = set()
    for cell in page.cells():
        squares = {
            (cell.x + across, cell.y + down)
            for across in range(cell.widget.width)
            for down in range(cell.height)
        }
        assert not squares & taken
        taken |= squares
    bottom = max(y for _, y in taken) + 1
    assert taken == {(x, y) for x in range(COLUMNS) for y in range(bottom)}


@_EACH_PAGE
def test_some_figure_of_a_page_stands_beside_another_time(page: Page) -> None:
    compared = [one for one in page.widgets if isinstance(one, Counter) and one.before]
    over_time = [
        one for one in page.widgets if isinstance(one, Chart) and one.scale(one.x) is Scale.TEMPORAL
    ]
    assert compared or over_time


@_EACH_PAGE
def test_a_chart_has_few_rows_however_many_jobs_there_are(page: Page) -> None:
    """Outside of the page of one job nothing in a chart tells jobs or runs apart."""
    for chart in (one for one in page.widgets if isinstance(one, Chart) and page.name != "job"):
        by = {one.column for one in chart.fields if not one.aggregate}
        assert not by & {"series_key", "name", "run_id", "owner", "url"}, chart.name


def test_tables_of_jobs_lead_to_the_job_and_to_its_run() -> None:
    for page in PAGES:
        for table in (one for one in page.widgets if isinstance(one, Table)):
            names = {column.name for column in table.dataset.columns}
            if "series_key" in names:
                assert "series_key" in table.columns, table.name
                assert table.dataset.column("name").link == "url" or page.name == "job"
            if "run_url" in names and "run_id" in table.columns:
                assert table.dataset.column("run_id").link == "run_url"


def test_texts_alone_have_no_format() -> None:
    for dataset in DATASETS.values():
        for column in dataset.columns:
            is_text = column.format.kind is Kind.TEXT
            assert is_text == (column.format.type == "string"), (dataset.name, column.name)


def test_a_heatmap_has_its_figure_in_its_colour() -> None:
    charts = [one for page in PAGES for one in page.widgets if isinstance(one, Chart)]
    maps = [one for one in charts if one.mark is Mark.HEATMAP]
    assert maps
    assert all(one.color and one.scale(one.color) is Scale.QUANTITATIVE for one in maps)


def test_figures_said_in_sql_are_those_of_the_tables() -> None:
    assert f"p_miss >= {LIKELY_TO_MISS}" in DATASETS["operations_summary"].text


def test_a_filter_is_called_as_its_parameter_in_the_address() -> None:
    assert [one.name for one in EVERYWHERE] == ["workspace", "team", "owner", "tier", "date"]
    assert FILTERS.keys() == {"workspace", "team", "owner", "tier", "date", "job"}


def _luminance(colour: str) -> float:
    """Relative luminance of WCAG 2.2."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("colour", [*SERIES, *(tone.value for tone in Tone)])
@pytest.mark.parametrize("canvas", [LIGHT_CANVAS, DARK_CANVAS])
def test_colours_stand_out_from_either_canvas(colour: str, canvas: str) -> None:
    low, high = sorted((_luminance(colour), _luminance(canvas)))
    assert (high + 0.05) / (low + 0.05) >= 3
