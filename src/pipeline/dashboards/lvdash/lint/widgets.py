"""Whether each widget asks what its dataset returns, and shows what it asks, in a form that is drawn."""

import re
from collections.abc import Iterator

from pipeline.dashboards.lvdash.lint.datasets import Datasets
from pipeline.dashboards.lvdash.lint.flaw import Flaw, Part, listed, mapping
from pipeline.dashboards.lvdash.lint.kinds import KINDS, is_filter

_FORMATS = ("number", "number-plain", "number-currency", "number-percent")
_SCALES = ("categorical", "temporal", "quantitative")
_COLUMN = r"`(?P<column>[^`]+)`"
_PLAIN = re.compile(_COLUMN)
_AGGREGATE = re.compile(
    rf"(?:SUM|AVG|MIN|MAX|COUNT|MEDIAN)\({_COLUMN}\)"
    rf"|COUNT\(DISTINCT {_COLUMN.replace('column', 'counted')}\)"
    rf"|PERCENTILE\({_COLUMN.replace('column', 'ranked')}, ?[0-9.]+\)"
)
_CUT = re.compile(
    rf'DATE_TRUNC\("(?:SECOND|MINUTE|HOUR|DAY|WEEK|MONTH|QUARTER|YEAR)", ?{_COLUMN}\)'
    rf"|BIN_FLOOR\({_COLUMN.replace('column', 'binned')}, ?[0-9.]+\)"
)
_ALL = re.compile(r"COUNT\(`?\*`?\)")
_MEASURE = re.compile(r"MEASURE\(`([^`]+)`\)")
_HEX = re.compile(r"#[0-9A-Fa-f]{6}")


def widget_flaws(place: str, widget: Part, page: Part, datasets: Datasets) -> Iterator[Flaw]:
    if "multilineTextboxSpec" in widget or "textbox_spec" in widget:
        yield from _text_flaws(place, widget)
        return
    spec = mapping(widget.get("spec"))
    kind = spec.get("widgetType")
    if not isinstance(kind, str) or kind not in KINDS:
        yield Flaw(f"{place}.spec.widgetType", f"is none of {', '.join(KINDS)}")
        return
    versions = KINDS[kind].versions
    if spec.get("version") not in versions:
        drawn = " or ".join(map(str, versions))
        yield Flaw(f"{place}.spec.version", f"a {kind} is drawn of version {drawn} only")
    filters = is_filter(kind)
    if page.get("pageType") == "PAGE_TYPE_GLOBAL_FILTERS" and not filters:
        yield Flaw(place, "is no filter, and its page holds nothing else")
    frame = mapping(spec.get("frame"))
    if frame.get("showTitle") is not True or not frame.get("title"):
        yield Flaw(f"{place}.spec.frame", "shows no title")
    queries: dict[str, Part] = {}
    for where, entry in listed(widget.get("queries"), f"{place}.queries"):
        if str(entry.get("name")) in queries:
            yield Flaw(where, f"another query is called {entry.get('name')}")
        queries[str(entry.get("name"))] = mapping(entry.get("query"))
        yield from _query_flaws(where, mapping(entry.get("query")), datasets, filters=filters)
    if not queries:
        yield Flaw(f"{place}.queries", "there is none")
    encodings = mapping(spec.get("encodings"))
    where = f"{place}.spec.encodings"
    if filters:
        yield from _filter_flaws(where, encodings, queries)
    else:
        yield from _encoding_flaws(where, kind, encodings, queries)


def _text_flaws(place: str, widget: Part) -> Iterator[Flaw]:
    if "spec" in widget:
        yield Flaw(f"{place}.spec", "a text has none")
    lines = mapping(widget.get("multilineTextboxSpec")).get("lines")
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines) or not lines:
        yield Flaw(f"{place}.multilineTextboxSpec.lines", "is no list of texts")
    elif any(not line.endswith("\n") for line in lines[:-1]):
        yield Flaw(f"{place}.multilineTextboxSpec.lines", "run into each other: end each with \\n")


def _query_flaws(place: str, query: Part, datasets: Datasets, *, filters: bool) -> Iterator[Flaw]:
    name = str(query.get("datasetName"))
    if name not in datasets.columns:
        yield Flaw(f"{place}.query.datasetName", f"there is no dataset {name}")
        return
    if filters and query.get("disaggregated") is not False:
        yield Flaw(f"{place}.query.disaggregated", "must be false in a filter")
    if not filters and "parameters" in query:
        yield Flaw(f"{place}.query.parameters", "leaves the widget blank: datasets have parameters")
    for where, one in listed(query.get("parameters"), f"{place}.query.parameters"):
        if str(one.get("keyword")) not in datasets.parameters[name]:
            yield Flaw(where, f"the dataset {name} has no parameter {one.get('keyword')}")
    names: set[str] = set()
    puts_together = False
    for where, one in listed(query.get("fields"), f"{place}.query.fields"):
        if not one.get("name") or str(one["name"]) in names:
            yield Flaw(where, "has no name of its own")
        names.add(str(one.get("name")))
        expression = str(one.get("expression"))
        puts_together |= bool(_AGGREGATE.fullmatch(expression))
        if what := _expression_fault(expression, name, datasets):
            yield Flaw(f"{where}.expression", what)
    if puts_together and query.get("disaggregated") is True:
        yield Flaw(f"{place}.query.disaggregated", "is true, and a field puts rows together")


def _expression_fault(expression: str, name: str, datasets: Datasets) -> str:
    """What is wrong with a field's expression over the dataset `name`; empty where nothing is."""
    if _ALL.fullmatch(expression):
        return ""
    if measure := _MEASURE.fullmatch(expression):
        is_known = measure[1] in datasets.measures[name]
        return "" if is_known else f"the dataset {name} has no measure {measure[1]}"
    match = next(
        filter(None, (one.fullmatch(expression) for one in (_PLAIN, _AGGREGATE, _CUT))), None
    )
    if match is None:
        return "is neither a column nor one aggregate of a column"
    column = next(group for group in match.groups() if group is not None)
    columns = datasets.columns[name]
    known = columns is None or column in columns | datasets.measures[name]
    return "" if known else f"the dataset {name} returns no column {column}"


def _filter_flaws(place: str, encodings: Part, queries: dict[str, Part]) -> Iterator[Flaw]:
    bound = list(listed(encodings.get("fields"), f"{place}.fields"))
    if not bound:
        yield Flaw(f"{place}.fields", "filters nothing")
    for where, one in bound:
        query = queries.get(str(one.get("queryName")))
        if query is None:
            yield Flaw(f"{where}.queryName", f"there is no query {one.get('queryName')}")
            continue
        if ("fieldName" in one) == ("parameterName" in one):
            yield Flaw(where, "binds a field or a parameter, one of them")
        if "fieldName" in one and one["fieldName"] not in _names(query):
            yield Flaw(f"{where}.fieldName", f"the query has no field {one['fieldName']}")
        keywords = [parameter.get("name") for _, parameter in listed(query.get("parameters"), "")]
        if "parameterName" in one and one["parameterName"] not in keywords:
            yield Flaw(f"{where}.parameterName", f"the query sets no {one['parameterName']}")
    unbound = queries.keys() - {str(one.get("queryName")) for _, one in bound}
    for name in sorted(unbound):
        yield Flaw(f"{place}.fields", f"nothing binds the query {name}")


def _encoding_flaws(
    place: str, kind: str, encodings: Part, queries: dict[str, Part]
) -> Iterator[Flaw]:
    fields = [name for query in queries.values() for name in _names(query)]
    for channel in KINDS[kind].needed:
        if not encodings.get(channel):
            yield Flaw(f"{place}.{channel}", f"is missing from a {kind}")
    for where, one in _encoded(place, encodings):
        if one.get("fieldName") not in fields:
            yield Flaw(f"{where}.fieldName", f"the query has no field {one.get('fieldName')}")
        yield from _format_flaws(where, one)
    if "color" in mapping(encodings.get("value")):
        yield Flaw(f"{place}.value.color", "makes the counter an unsupported widget")
    for channel in ("x", "y", "color"):
        scale = mapping(mapping(encodings.get(channel)).get("scale"))
        if channel in encodings and scale.get("type") not in _SCALES:
            yield Flaw(f"{place}.{channel}.scale", f"its type is none of {', '.join(_SCALES)}")
        for where, one in listed(scale.get("mappings"), f"{place}.{channel}.scale.mappings"):
            if not isinstance(one.get("color"), str) or not _HEX.fullmatch(one["color"]):
                yield Flaw(f"{where}.color", "is no bare #rrggbb, and would be dropped")


def _format_flaws(place: str, encoded: Part) -> Iterator[Flaw]:
    shown = mapping(encoded.get("format"))
    if "format" in encoded and shown.get("type") not in _FORMATS:
        yield Flaw(f"{place}.format", f"its type is none of {', '.join(_FORMATS)}")
    if shown.get("type") == "number-currency" and not shown.get("currencyCode"):
        yield Flaw(f"{place}.format", "is money of no currency")
    if mapping(encoded.get("scale")).get("type") == "quantitative" and not shown:
        yield Flaw(f"{place}.format", "is missing: the number would be shown raw")


def _encoded(place: str, part: object, scale: object = None) -> Iterator[tuple[str, Part]]:
    """Every encoding of a field, however deep it lies; those of an axis with several have the axis' scale."""
    if isinstance(part, list):
        for number, entry in enumerate(part):
            yield from _encoded(f"{place}[{number}]", entry, scale)
    elif isinstance(part, dict):
        scale = part.get("scale", scale)
        if "fieldName" in part:
            yield place, {"scale": scale, **part}
        for name, entry in part.items():
            if name not in ("scale", "format", "style"):
                yield from _encoded(f"{place}.{name}", entry, scale)


def _names(query: Part) -> list[object]:
    return [one.get("name") for _, one in listed(query.get("fields"), "")]
