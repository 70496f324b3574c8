"""A page: the question of a person, answered by widgets in rows of twelve columns.

All that a page shows is said here or comes of its datasets' SQL. Whoever draws it adds the look alone.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass
from enum import StrEnum
from typing import Final

from pipeline.dashboards.data_age import DATA_AGE
from pipeline.dashboards.dataset import Dataset
from pipeline.dashboards.filters import EVERYWHERE, Filter
from pipeline.dashboards.formats import Scale
from pipeline.dashboards.theme import Tone

COLUMNS: Final = 12
MOST_CHART_ROWS: Final = 10_000
MOST_TABLE_ROWS: Final = 100_000
"""What the platform draws of a query."""


class Aggregate(StrEnum):
    """How a chart puts rows of its dataset together, by SQL's name."""

    NONE = ""
    SUM = "sum"
    AVERAGE = "avg"
    LEAST = "min"
    MOST = "max"
    COUNT = "count"


@dataclass(frozen=True, slots=True)
class Field:
    """A column of the widget's dataset, put together over the rows that are alike in all others."""

    column: str
    aggregate: Aggregate = Aggregate.NONE

    @property
    def name(self) -> str:
        return f"{self.aggregate}({self.column})" if self.aggregate else self.column


@dataclass(frozen=True)
class Widget(ABC):
    """`name` is unique on its page, and stays: addresses hold it. `sentence` says what is shown to whoever
    does not see it; `width` is in twelfths of the page."""

    name: str
    title: str
    sentence: str
    dataset: Dataset
    width: int

    @property
    @abstractmethod
    def fields(self) -> tuple[Field, ...]:
        """What it asks of its dataset, in order."""

    def __post_init__(self) -> None:
        for one in self.fields:
            self.dataset.column(one.column)
        if not self.sentence.endswith("."):
            raise ValueError(f"widget {self.name}: say what it shows in a sentence")


@dataclass(frozen=True)
class Counter(Widget):
    """One figure of a dataset of one row; `before` is the column of the same over the period before."""

    _: KW_ONLY
    value: str
    before: str = ""
    before_label: str = "period before"

    @property
    def fields(self) -> tuple[Field, ...]:
        return tuple(Field(name) for name in (self.value, self.before) if name)


class Mark(StrEnum):
    """What a chart draws."""

    LINE = "line"
    AREA = "area"
    BAR = "bar"
    SCATTER = "scatter"
    HEATMAP = "heatmap"


@dataclass(frozen=True)
class Chart(Widget):
    """A chart. Scales follow from formats: text is categorical, days and times temporal, numbers quantitative.

    Bars with a quantitative x and a categorical y lie, the longest first. Bars and areas of several colours
    are stacked. A line may have several y, a heatmap has its figure in `color`.
    """

    _: KW_ONLY
    mark: Mark
    x: Field
    y: tuple[Field, ...]
    color: Field | None = None
    tones: tuple[tuple[str, Tone], ...] = ()
    """The colours of values of `color` that are good or bad."""

    @property
    def fields(self) -> tuple[Field, ...]:
        return (self.x, *self.y, *((self.color,) if self.color else ()))

    @property
    def is_aggregated(self) -> bool:
        return any(one.aggregate for one in self.fields)

    @property
    def is_lying(self) -> bool:
        return self.mark is Mark.BAR and self.scale(self.x) is Scale.QUANTITATIVE

    def scale(self, one: Field) -> Scale:
        if one.aggregate is Aggregate.COUNT:
            return Scale.QUANTITATIVE
        return self.dataset.column(one.column).format.scale

    def __post_init__(self) -> None:
        super().__post_init__()
        measures = (
            (self.color,) if self.mark is Mark.HEATMAP else (self.x,) if self.is_lying else self.y
        )
        if any(one is None or self.scale(one) is not Scale.QUANTITATIVE for one in measures):
            raise ValueError(f"chart {self.name}: its figure is no number")


@dataclass(frozen=True)
class Table(Widget):
    """Rows as the dataset has them, in its order. A row with what `JOB` is set by leads to that job's page."""

    _: KW_ONLY
    columns: tuple[str, ...]

    @property
    def fields(self) -> tuple[Field, ...]:
        links = (self.dataset.column(name).link for name in self.columns)
        asked = dict.fromkeys((*self.columns, *(link for link in links if link)))
        return tuple(Field(name) for name in asked)


@dataclass(frozen=True, slots=True)
class Text:
    """Words of ours: `markdown` is one paragraph or heading."""

    name: str
    markdown: str
    width: int


@dataclass(frozen=True, slots=True)
class Cell:
    """A widget in its place: in grid units, of which a page is twelve wide."""

    widget: Widget | Text
    x: int
    y: int
    height: int


@dataclass(frozen=True, slots=True)
class Row:
    """Widgets side by side, together twelve wide, all of one height."""

    height: int
    widgets: tuple[Widget | Text, ...]

    def __post_init__(self) -> None:
        if sum(one.width for one in self.widgets) != COLUMNS:
            raise ValueError(f"a row of {[one.name for one in self.widgets]} is not {COLUMNS} wide")


def row(height: int, *widgets: Widget | Text) -> Row:
    return Row(height, widgets)


_AS_OF: Final = Counter(
    "as_of", "Data as of", "Up to when runs are known, in UTC.", DATA_AGE, 3, value="as_of"
)
_COSTS_TO: Final = Counter(
    "costs_to", "Costs to", "The last day that is billed in full.", DATA_AGE, 3, value="costs_to"
)


@dataclass(frozen=True, kw_only=True)
class Page:
    """`name` is in addresses; `question` is answered by the first of `rows`, for the person in `reader`."""

    name: str
    title: str
    question: str
    reader: str
    rows: tuple[Row, ...]
    own_filters: tuple[Filter, ...] = ()

    def __post_init__(self) -> None:
        names = [cell.widget.name for cell in self.cells()]
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"page {self.name}: widgets called alike: {', '.join(repeated)}")

    @property
    def filters(self) -> tuple[Filter, ...]:
        return (*self.own_filters, *EVERYWHERE)

    @property
    def header(self) -> Row:
        """What stands on every page above its rows: whose question it answers, and how old its data are."""
        words = Text("question", f"**{self.question}** For {self.reader}.", 6)
        return row(2, words, _AS_OF, _COSTS_TO)

    def cells(self) -> Iterator[Cell]:
        """Its widgets in their places, from the top left."""
        y = 0
        for one in (self.header, *self.rows):
            x = 0
            for widget in one.widgets:
                yield Cell(widget, x, y, one.height)
                x += widget.width
            y += one.height

    @property
    def widgets(self) -> tuple[Widget, ...]:
        """Those that show data."""
        return tuple(cell.widget for cell in self.cells() if isinstance(cell.widget, Widget))

    @property
    def datasets(self) -> tuple[Dataset, ...]:
        """What its widgets ask, each once."""
        return tuple({one.dataset.name: one.dataset for one in self.widgets}.values())
