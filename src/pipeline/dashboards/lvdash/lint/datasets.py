"""Whether each dataset is one query, of which the columns and the parameters are known."""

import logging
import re
from collections.abc import Iterator
from functools import cache

from sqlglot import exp, parse
from sqlglot.errors import SqlglotError

from pipeline.dashboards.lvdash.lint.flaw import Flaw, Part, listed, mapping

MOST_DATASETS = 100
_DATA_TYPES = ("STRING", "DATE", "DATETIME", "INTEGER", "DECIMAL")
_COMPLEX_TYPES = ("RANGE", "MULTI")
_PARAMETER = re.compile(r"(?<![:\w]):([A-Za-z_]\w*)(?:\.(min|max))?")
_LITERAL = re.compile(r"'(?:[^'\\]|\\.|'')*'")


class Datasets:
    """By name: the columns that its query returns, None where that cannot be told, what the dashboard computes
    beside them, and its parameters."""

    def __init__(self, document: Part) -> None:
        self.columns: dict[str, frozenset[str] | None] = {}
        self.measures: dict[str, frozenset[str]] = {}
        self.parameters: dict[str, frozenset[str]] = {}
        self.flaws: list[Flaw] = []
        entries = list(listed(document.get("datasets"), "datasets"))
        if len(entries) > MOST_DATASETS:
            self.flaws.append(Flaw("datasets", f"{len(entries)} are more than {MOST_DATASETS}"))
        for place, dataset in entries:
            name = dataset.get("name")
            if not isinstance(name, str) or not name:
                self.flaws.append(Flaw(place, "has no name"))
                continue
            if name in self.columns:
                self.flaws.append(Flaw(place, f"another dataset is called {name}"))
            if not dataset.get("displayName"):
                self.flaws.append(Flaw(place, "has no displayName"))
            self.columns[name] = self._columns(place, dataset)
            self.measures[name] = frozenset(
                str(one.get("displayName")) for _, one in listed(dataset.get("columns"), "")
            )
            self.parameters[name] = self._parameters(place, dataset)

    def _columns(self, place: str, dataset: Part) -> frozenset[str] | None:
        if dataset.get("asset_name"):
            return None
        lines = _lines(dataset)
        if (
            not isinstance(lines, list)
            or not lines
            or not all(isinstance(one, str) for one in lines)
        ):
            self.flaws.append(Flaw(f"{place}.queryLines", "is no list of lines of SQL"))
            return None
        for number, line in enumerate(lines[:-1]):
            if not line.endswith(("\n", " ")):
                where = f"{place}.queryLines[{number}]"
                self.flaws.append(Flaw(where, "runs into the next: end it with a new line"))
        columns, why_not = returned("".join(lines))
        if why_not:
            self.flaws.append(Flaw(f"{place}.queryLines", why_not))
        return columns

    def _parameters(self, place: str, dataset: Part) -> frozenset[str]:
        declared = {}
        for where, one in listed(dataset.get("parameters"), f"{place}.parameters"):
            self.flaws += [Flaw(where, what) for what in _parameter_flaws(one)]
            declared[str(one.get("keyword"))] = one
        lines = _lines(dataset)
        texts = lines if isinstance(lines, list) else []
        sql = "".join(line for line in texts if isinstance(line, str))
        used = {match[1]: match[2] for match in _PARAMETER.finditer(_LITERAL.sub("''", sql))}
        for name in sorted(used.keys() - declared.keys()):
            self.flaws.append(Flaw(place, f"its query uses :{name}, which is no parameter of it"))
        for name in sorted(declared.keys() - used.keys()):
            self.flaws.append(Flaw(place, f"its query does not use the parameter {name}"))
        for name in sorted(used.keys() & declared.keys()):
            if (used[name] is not None) != (declared[name].get("complexType") == "RANGE"):
                self.flaws.append(
                    Flaw(place, f"a range, and nothing else, has .min and .max: {name}")
                )
        return frozenset(declared)


def _lines(dataset: Part) -> object:
    """The lines of its query, which an older export has as one text."""
    return [dataset["query"]] if "query" in dataset else dataset.get("queryLines")


@cache
def returned(sql: str) -> tuple[frozenset[str] | None, str]:
    """The columns that the query returns, and why they are not known, which is empty where they are."""
    # It warns of what it only knows to be a command.
    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    try:
        statements = [one for one in parse(sql, read="databricks") if one is not None]
    except SqlglotError as error:
        return None, f"is not readable SQL: {str(error).splitlines()[0]}"
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        return None, "is not one SELECT"
    query = statements[0]
    if query.is_star:
        return None, "returns *: name its columns"
    names = query.named_selects
    if "" in names:
        return None, "returns a column without a name"
    if len(set(names)) < len(names):
        return None, "returns two columns of one name"
    return frozenset(names), ""


def _parameter_flaws(one: Part) -> Iterator[str]:
    keyword = one.get("keyword")
    if not isinstance(keyword, str) or not re.fullmatch(r"[A-Za-z_]\w*", keyword):
        yield "has no keyword that SQL could name"
    if one.get("dataType") not in _DATA_TYPES:
        yield f"its dataType is none of {', '.join(_DATA_TYPES)}"
    if "complexType" in one and one["complexType"] not in _COMPLEX_TYPES:
        yield f"its complexType is none of {', '.join(_COMPLEX_TYPES)}"
    chosen = mapping(one.get("defaultSelection"))
    expected = "range" if one.get("complexType") == "RANGE" else "values"
    if expected not in chosen:
        yield f"its defaultSelection has no {expected}"
    elif mapping(chosen[expected]).get("dataType") != one.get("dataType"):
        yield "its defaultSelection is of another dataType"
