"""Answers for scripts: strict JSON, and CSV that a spreadsheet does not carry out."""

import csv
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO

from hypothesis import given
from hypothesis import strategies as st

from pipeline.answers.for_scripts import as_csv, as_json

_ROW = {
    "name": "a [b] \n=c",
    "list_cost": Decimal("12.340000000000000000"),
    "p_miss": 0.25,
    "z": float("inf"),
    "missing": float("nan"),
    "none": None,
    "at": datetime(2026, 11, 25, 2, 0, tzinfo=UTC),
    "day": date(2026, 11, 25),
    "is_failing": False,
    "columns": ["x", None],
    "hash": b"\x01\xff",
    "memory": {"shares": [0.5, float("nan")]},
}


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


def test_json_has_numbers_times_with_a_zone_and_nulls() -> None:
    (row,) = json.loads(as_json([_ROW]), parse_constant=_refuse)
    assert row == {
        "name": "a [b] \n=c",
        "list_cost": 12.34,
        "p_miss": 0.25,
        "z": None,
        "missing": None,
        "none": None,
        "at": "2026-11-25T02:00:00+00:00",
        "day": "2026-11-25",
        "is_failing": False,
        "columns": ["x", None],
        "hash": "01ff",
        "memory": {"shares": [0.5, None]},
    }
    assert json.loads(as_json({"runs": [], "job": [_ROW]}))["runs"] == []


@given(
    amount=st.decimals(
        allow_nan=False, allow_infinity=False, places=6, min_value=0, max_value=10**9
    )
)
def test_money_keeps_its_micros(amount: Decimal) -> None:
    (row,) = json.loads(as_json([{"list_cost": amount}]))
    assert Decimal(str(row["list_cost"])).quantize(Decimal("0.000001")) == amount


def test_csv_has_a_header_and_no_formula() -> None:
    text = as_csv(list(_ROW), [_ROW, _ROW | {"name": '=HYPERLINK("x")', "p_miss": -1.0}])
    first, second = csv.DictReader(StringIO(text))
    assert list(first) == list(_ROW)
    assert (first["list_cost"], first["none"], first["z"]) == ("12.34", "", "")
    assert json.loads(first["columns"]) == ["x", None]
    assert second["name"] == '\'=HYPERLINK("x")'
    assert second["p_miss"] == "-1.0"
    assert as_csv(["a", "b"], []) == "a,b\n"
