"""The pages as a web application: HTML that is whole without a script, and for the script the figures of a
page as one JSON reply, what draws its charts, and each widget's rows as CSV."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

import pyarrow as pa
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from pipeline.dashboards.dashboard import FILTER_CHOICES, PAGES, TITLE
from pipeline.dashboards.filters import JOB, Filter, FilterKind
from pipeline.dashboards.home.address import Address, WrongAddress
from pipeline.dashboards.home.gold import Gold, Missing
from pipeline.dashboards.home.markdown import markup
from pipeline.dashboards.home.vega import LOOKS, specification
from pipeline.dashboards.home.widgets import Context, ShownWidget, csv_rows, show
from pipeline.dashboards.page import Chart, Page, Widget
from pipeline.dashboards.theme import DARK_CANVAS, LIGHT_CANVAS, SERIES, Tone
from pipeline.errors import traced

__all__ = ["Application"]

_TYPES: Final = {
    "css": "text/css",
    "js": "text/javascript",
    "svg": "image/svg+xml",
    "txt": "text/plain",
}
_NOBODY: Final = ("(none)", "none")
_NO_NIGHT: Final = (
    "No night has been run in this home yet: run rightrun nightly, then load this page again."
)


class Application:
    """What the routes answer with. `as_csv` writes rows as the commands do, `report` hears of a fault."""

    def __init__(
        self,
        gold: Gold,
        currency: str,
        as_csv: Callable[[Iterable[str], Iterable[dict[str, Any]]], str],
        report: Callable[[str], None],
    ) -> None:
        self._gold = gold
        self._currency = currency
        self._as_csv = as_csv
        self._report = report
        self._pages = {page.name: page for page in PAGES}
        self._job_page = next((page for page in PAGES if JOB in page.own_filters), None)
        self._assets = files("pipeline.dashboards.home").joinpath("assets")
        self._templates = Environment(
            loader=PackageLoader("pipeline.dashboards.home"),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=StrictUndefined,
        )
        self._templates.filters["markup"] = markup
        self._templates.globals |= {"title": TITLE, "pages": PAGES, "kinds": FilterKind}

    def asgi(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/", self.first),
                Route("/assets/theme.css", self.theme),
                Route("/assets/{file}", self.asset),
                Route("/{page}", self.page),
                Route("/{page}/figures.json", self.figures),
                Route("/{page}/charts.json", self.charts),
                Route("/{page}/{widget}.csv", self.csv),
            ],
            exception_handlers={HTTPException: self.refused, Exception: self.failed},
        )

    def make_ready(self) -> None:
        """Ask ahead for what pages show without any filter: how charts are drawn, and every dataset."""
        for page in PAGES:
            self._specifications(page)
            for dataset in (FILTER_CHOICES, *page.datasets):
                # One at a time: whoever asks for a page meanwhile does not stand in line.
                self._gold.rows([dataset], {})

    def first(self, _: Request) -> Response:
        return RedirectResponse(f"/{PAGES[0].name}", 302)

    def page(self, request: Request) -> Response:
        """A whole page; one sentence where no night has been run."""
        address = self._address(request)
        if not self._gold.has_a_night():
            return self._sentence(_NO_NIGHT, 200)
        page, shown = address.page, self._shown(address)
        header = [shown[one.name] for one in page.header.widgets if isinstance(one, Widget)]
        return self._html(
            "page.html.jinja",
            address=address,
            page=page,
            shown=shown,
            header=header,
            filters=self._filters(address),
        )

    def figures(self, request: Request) -> Response:
        """What the filters and the tables' own state leave: the widgets as HTML, and the charts' points.

        With `only` it is these widgets: those in view come first, whatever the others take.
        """
        address = self._address(request)
        if not self._gold.has_a_night():
            raise HTTPException(409, _NO_NIGHT)
        shown = self._shown(address, request.query_params.getlist("only"))
        module: Any = self._templates.get_template("widgets.html.jinja").module
        forms: Any = self._templates.get_template("filters.html.jinja").module
        return JSONResponse(
            {
                "widgets": {name: str(module.figures(one, address)) for name, one in shown.items()},
                "drawn": {
                    name: {"points": one.drawing.points, "places": one.drawing.places}
                    for name, one in shown.items()
                    if one.drawing is not None
                },
                "form": str(forms.form(address, self._filters(address))),
                "chosen": str(forms.chosen(address)),
                "navigation": str(forms.navigation(address)),
            }
        )

    def charts(self, request: Request) -> Response:
        """How the page's charts are drawn, which is the same for every filter."""
        specifications = self._specifications(self._page(request))
        headers = {"cache-control": "no-cache"}
        return JSONResponse({"looks": LOOKS, "charts": specifications}, headers=headers)

    def csv(self, request: Request) -> Response:
        address = self._address(request)
        name = request.path_params["widget"]
        for widget in address.page.widgets:
            if widget.name == name:
                rows = self._gold.rows([widget.dataset], address.values)[widget.dataset.name]
                if isinstance(rows, Missing):
                    raise HTTPException(404, f"There is no table {rows.table.full_name} yet.")
                text = self._as_csv(*csv_rows(widget, rows))
                file = f'attachment; filename="{address.page.name}_{name}.csv"'
                headers = {"content-disposition": file}
                return Response(text, headers=headers, media_type="text/csv")
        raise HTTPException(404, "There is no such widget on this page.")

    def asset(self, request: Request) -> Response:
        name = request.path_params["file"]
        kind = _TYPES.get(name.rpartition(".")[2])
        file = self._assets.joinpath(name)
        if kind is None or "/" in name or "\\" in name or not file.is_file():
            raise HTTPException(404, "There is no such file.")
        headers = {"cache-control": "max-age=3600"}
        return Response(file.read_bytes(), media_type=kind, headers=headers)

    def theme(self, _: Request) -> Response:
        """The declared colours as the style sheet knows them."""
        colours = {
            "light-canvas": LIGHT_CANVAS,
            "dark-canvas": DARK_CANVAS,
            **{f"series-{number}": colour for number, colour in enumerate(SERIES)},
            **{f"tone-{tone.name.lower()}": tone.value for tone in Tone},
        }
        root = "".join(f"--{name}:{colour};" for name, colour in colours.items())
        keys = "".join(f".{name}{{--paint:var(--{name})}}" for name in colours)
        return Response(f":root{{{root}}}\n{keys}\n", media_type="text/css")

    def refused(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        sentence = (
            error.detail
            if error.status_code != 404 or error.detail != "Not Found"
            else "There is no such page."
        )
        if request.url.path.endswith(".json"):
            return JSONResponse({"sentence": sentence}, error.status_code)
        return self._sentence(sentence, error.status_code)

    def failed(self, request: Request, error: Exception) -> Response:
        """A fault of ours: where it is goes to the terminal, and nothing of any row to either."""
        self._report(traced(error))
        sentence = (
            "This is a fault of RightRun: what to report stands where rightrun dashboard runs."
        )
        return self.refused(request, HTTPException(500, sentence))

    def _specifications(self, page: Page) -> dict[str, dict[str, Any]]:
        return {
            cell.widget.name: specification(cell.widget, cell.height)
            for cell in page.cells()
            if isinstance(cell.widget, Chart)
        }

    def _shown(self, address: Address, only: Collection[str] = ()) -> dict[str, ShownWidget]:
        """The page's widgets by name, all of them where none is named."""
        page = address.page
        widgets = [one for one in page.widgets if not only or one.name in only]
        charted = [one.dataset for one in widgets if isinstance(one, Chart)]
        rows = self._gold.rows([one.dataset for one in widgets], address.values)
        own = {
            one.name: address.values[one.name]
            for one in page.own_filters
            if one.name in address.values
        }
        every = self._gold.rows(charted, own)
        context = Context(address, self._currency, self._job_page)
        return {
            one.name: show(
                one,
                rows[one.dataset.name],
                every.get(one.dataset.name, rows[one.dataset.name]),
                context,
            )
            for one in widgets
        }

    def _filters(self, address: Address) -> "list[Choices]":
        """Each filter of the page with its choices, in their order."""
        choices = self._gold.rows([FILTER_CHOICES], {})[FILTER_CHOICES.name]
        return [_choices(one, choices, address) for one in address.page.filters]

    def _page(self, request: Request) -> Page:
        page = self._pages.get(request.path_params["page"])
        if page is None:
            raise HTTPException(404, "There is no such page.")
        return page

    def _address(self, request: Request) -> Address:
        try:
            return Address.read(self._page(request), request.query_params.multi_items())
        except WrongAddress as error:
            raise HTTPException(400, f"{str(error)[0].upper()}{str(error)[1:]}.") from error

    def _sentence(self, sentence: str, status: int) -> Response:
        return self._html("sentence.html.jinja", status=status, sentence=sentence)

    def _html(self, template: str, status: int = 200, **values: Any) -> Response:
        return HTMLResponse(self._templates.get_template(template).render(**values), status)


@dataclass(frozen=True, slots=True)
class Choices:
    """A filter with what it can be set to, and which of these it is set to."""

    filter: Filter
    texts: list[str]
    chosen: set[str]


def _choices(one: Filter, choices: pa.Table | Missing, address: Address) -> Choices:
    if not one.choices:
        return Choices(one, [], set())
    value = address.values.get(one.name) or ()
    chosen = {value} if isinstance(value, str) else {str(text) for text in value}
    there = (
        set() if isinstance(choices, Missing) else set(map(str, choices[one.choices].to_pylist()))
    )
    if one.kind is FilterKind.ONE:
        # A row leads to a job by its key alone, with which what is chosen from ends.
        keys = {text.rpartition("(")[2].removesuffix(")"): text for text in there}
        chosen = {text if text in there else keys.get(text, text) for text in chosen}
    # An address may hold what is no longer there: it can still be taken away.
    texts = sorted(there | chosen, key=lambda text: (text in _NOBODY, text.casefold(), text))
    return Choices(one, texts, chosen)
