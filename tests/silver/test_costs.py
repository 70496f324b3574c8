"""Costs: charged once, priced by what held, corrected later, and complete to the last digit."""

import random
from collections import defaultdict
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from pipeline.gold.costs import cost_daily, team_cost_daily
from pipeline.silver.costs import prices, run_costs, usage_costs
from pipeline.tables import bronze, gold, silver, source
from tests.parity.comparing import compared_columns, differences, shown
from tests.strategies.tables import Row, at, attempt_slices, frame_of, on, one, rows_of, sliced

_SKU = {"sku_name": "JOBS", "cloud": "AWS", "usage_unit": "DBU"}
_NINE = Decimal("1e-9")


def _price(price: str, start: int = -400, end: int | None = None, **columns: Any) -> Row:
    # The start and the end are days, for a price that holds from midnight to midnight.
    amount = {"default": Decimal(price), "promotional": None, "effective_list": None}
    default: Row = _SKU | {
        "currency_code": "USD",
        "price_start_time": at(start),
        "price_end_time": None if end is None else at(end),
        "pricing": amount,
    }
    return default | columns


_RECORDS = iter(range(10**9))


def _usage(quantity: str, day: int = 0, hour: int = 0, **columns: Any) -> Row:
    default: Row = _SKU | {
        "workspace_id": "w",
        "record_id": f"r{next(_RECORDS)}",
        "record_type": "ORIGINAL",
        "usage_date": on(day),
        "source_date": on(day),
        "usage_start_time": at(day, hour),
        "usage_end_time": at(day, hour) + timedelta(hours=1),
        "usage_quantity": Decimal(quantity),
        "billing_origin_product": "JOBS",
    }
    return default | columns


def _of_run(run: str, job: str = "7") -> Row:
    return {"usage_metadata": {"job_id": job, "job_run_id": run}}


def _costs(
    spark: SparkSession, usage: list[Row], price_rows: list[Row], currency: str = "USD"
) -> DataFrame:
    priced = prices(frame_of(spark, bronze.LIST_PRICES, price_rows))
    started = frame_of(spark, silver.TASK_UPDATES, [])
    pipelines = frame_of(spark, silver.PIPELINE_VERSIONS, [])
    return usage_costs(
        frame_of(spark, bronze.USAGE, usage), priced, started, pipelines, currency_code=currency
    )


def test_a_run_of_three_hours_twenty_is_charged_once(spark: SparkSession) -> None:
    # A run from 04:47 to 08:07 used 2 DBU in each of the clock hours 4 to 8: 10 DBU at 0.50 = 5.00.
    start, end = at(0, 4, 47), at(0, 8, 7)
    usage = [_usage("2", hour=hour, **_of_run("70")) for hour in range(4, 9)]
    output_row = one(run_costs(_costs(spark, usage, [_price("0.5")])))
    assert output_row["list_cost"] == Decimal(5)
    assert output_row["usage_quantity"] == Decimal(10)
    # The official dashboard joins usage hours to slices by
    #   usage_start >= trunc(slice start) AND usage_start < trunc(slice end) + 1 hour,
    # which a slice that ends on the hour also fulfils for the hour after it: 04:47-05:00 matches
    # the hours 4 and 5, so hours 5 to 8 count twice: 9 hours instead of 5, or 9.00 = 1.8 times.
    spark.createDataFrame(
        [(s, e) for s, e in sliced(start, end)], "started timestamp, ended timestamp"
    ).createOrReplaceTempView("golden_slices")
    spark.createDataFrame(
        [(row["usage_start_time"],) for row in usage], "usage_start_time timestamp"
    ).createOrReplaceTempView("golden_usage")
    theirs = spark.sql(
        "SELECT sum(2 * 0.5) AS cost FROM golden_usage JOIN golden_slices"
        " ON usage_start_time >= date_trunc('HOUR', started)"
        " AND usage_start_time < date_trunc('HOUR', ended) + INTERVAL 1 HOUR"
    ).collect()[0]["cost"]
    assert float(theirs) == pytest.approx(1.8 * float(output_row["list_cost"]))
    assert len(attempt_slices({}, start, end)) == 5


def test_windows_end_where_the_next_begins(spark: SparkSession) -> None:
    # The first says it holds for ever, the second until day 20 though a third starts on day 10.
    price_rows = [_price("1"), _price("2", 5, 20), _price("3", 10, None)]
    output = sorted(
        rows_of(prices(frame_of(spark, bronze.LIST_PRICES, price_rows))),
        key=lambda r: r["valid_from"],
    )
    assert [(row["valid_from"], row["valid_to"]) for row in output] == [
        (at(-400), at(5)),
        (at(5), at(10)),
        (at(10), None),
    ]
    # So each hour has one price: 1 + 2 + 3, and none is multiplied; midnight is the new price's.
    usage = [_usage("1", day, hour) for day, hour in ((4, 23), (5, 0), (9, 23), (10, 0), (15, 0))]
    total = sum(row["list_cost"] for row in rows_of(_costs(spark, usage, price_rows)))
    assert total == Decimal(1 + 2 + 2 + 3 + 3)
    # A window may also end before the next begins: between them there is no price.
    gap = _costs(spark, [_usage("4", 7)], [_price("1", -400, 5), _price("2", 10)])
    assert (one(gap)["price_status"], one(gap)["unpriced_quantity"]) == ("unpriced", Decimal(4))


def test_nested_windows_and_those_without_length_leave_no_hole(spark: SparkSession) -> None:
    # A sale from day 3 to 6 inside a price without end, and a window that ends as it begins.
    price_rows = [_price("1"), _price("0.5", 3, 6), _price("50", 8, 8)]
    usage = [_usage("1", day) for day in (2, 3, 5, 6, 8, 9)]
    costs = {row["usage_date"]: row for row in rows_of(_costs(spark, usage, price_rows))}
    assert [float(costs[on(day)]["list_cost"]) for day in (2, 3, 5, 6, 8, 9)] == [
        1.0,
        0.5,
        0.5,
        1.0,
        1.0,
        1.0,
    ]
    # Two prices with one start: the one that ends first, then the other.
    price_rows = [_price("7", 0), _price("5", 0, 4)]
    output = sorted(
        rows_of(prices(frame_of(spark, bronze.LIST_PRICES, price_rows))),
        key=lambda r: r["valid_from"],
    )
    assert [(row["valid_from"], row["valid_to"], row["effective_price"]) for row in output] == [
        (at(0), at(4), Decimal(5)),
        (at(4), None, Decimal(7)),
    ]


_WINDOWS = st.lists(
    st.tuples(
        st.sampled_from("AB"),
        st.integers(0, 9),
        st.none() | st.integers(0, 10),
        st.integers(1, 5),
    ),
    min_size=1,
    max_size=14,
)


@settings(max_examples=8)
@given(_WINDOWS, st.randoms())
def test_at_each_instant_the_price_that_started_last_holds(
    spark: SparkSession, drawn: list[tuple[str, int, int | None, int]], order: random.Random
) -> None:
    """As brute force says at every instant; windows are disjoint, and their order does not matter."""
    windows = list(
        {(sku, start): (sku, start, end, price) for sku, start, end, price in drawn}.values()
    )
    price_rows = [
        _price(str(price), start, end, sku_name=sku) for sku, start, end, price in windows
    ]
    output = rows_of(prices(frame_of(spark, bronze.LIST_PRICES, price_rows)))
    for sku in "AB":
        for day in range(-1, 12):
            holding = [
                (start, price)
                for of, start, end, price in windows
                if of == sku and start <= day and (end is None or day < end)
            ]
            in_force = [
                row["effective_price"]
                for row in output
                if row["sku_name"] == sku
                and row["valid_from"] <= at(day)
                and (row["valid_to"] is None or at(day) < row["valid_to"])
            ]
            assert in_force == [Decimal(price) for _, price in sorted(holding)[-1:]]
    order.shuffle(price_rows)
    again = rows_of(prices(frame_of(spark, bronze.LIST_PRICES, price_rows)))
    assert sorted(map(repr, again)) == sorted(map(repr, output))


def test_a_promotion_is_what_is_charged(spark: SparkSession) -> None:
    amount = {
        "default": Decimal("0.7"),
        "promotional": {"default": Decimal("0.35")},
        "effective_list": {"default": Decimal("0.35")},
    }
    price_rows = [_price("0", pricing=amount)]
    assert one(_costs(spark, [_usage("10")], price_rows))["list_cost"] == Decimal("3.5")
    price = one(prices(frame_of(spark, bronze.LIST_PRICES, price_rows)))
    assert (price["list_price"], price["effective_price"]) == (Decimal("0.7"), Decimal("0.35"))


def test_one_currency_at_a_time(spark: SparkSession) -> None:
    price_rows = [_price("1"), _price("0.9", currency_code="EUR")]
    usage = [_usage("10")]
    for currency, cost in (("USD", "10"), ("EUR", "9"), ("CHF", "0")):
        row = one(_costs(spark, usage, price_rows, currency))
        assert (row["currency_code"], row["list_cost"]) == (currency, Decimal(cost))
        assert row["price_status"] == ("unpriced" if currency == "CHF" else "priced")


def test_free_is_not_unpriced(spark: SparkSession) -> None:
    usage = [
        _usage("3", sku_name="X_FREE_USAGE_Y"),
        _usage("4", sku_name="NEW"),
        _usage("5", cloud=None),
    ]
    output = {(r["sku_name"], r["cloud"]): r for r in rows_of(_costs(spark, usage, [_price("1")]))}
    free, new = output["X_FREE_USAGE_Y", "AWS"], output["NEW", "AWS"]
    assert (free["price_status"], free["unpriced_quantity"]) == ("free", Decimal(0))
    assert (new["price_status"], new["unpriced_quantity"]) == ("unpriced", Decimal(4))
    assert output["JOBS", None]["price_status"] == "unpriced"
    assert all(row["list_cost"] == 0 for row in output.values())


def test_what_has_no_price_says_how_much_in_which_unit(spark: SparkSession) -> None:
    new, other = {"sku_name": "NEW"}, {"sku_name": "OTHER", "usage_unit": "GB"}
    usage = [
        _usage("4", **_of_run("70"), **new),
        _usage("1", **_of_run("70")),
        _usage("3", 1, **_of_run("71"), **new),
        _usage("2", 1, **_of_run("71"), **other),
        _usage("5", 2, **_of_run("72")),
    ]
    costs = _costs(spark, usage, [_price("1")])
    runs = {row["run_id"]: row for row in rows_of(run_costs(costs))}
    unpriced = {
        run: (float(row["list_cost"]), float(row["unpriced_quantity"]), row["unpriced_unit"])
        for run, row in runs.items()
    }
    assert unpriced == {
        "70": (1.0, 4.0, "DBU"),
        "71": (0.0, 5.0, "several units"),
        "72": (5.0, 0.0, None),
    }
    days = cost_daily(costs, frame_of(spark, silver.JOB_VERSIONS, []))
    teams = {row["usage_date"]: row for row in rows_of(team_cost_daily(days))}
    assert [teams[on(day)]["unpriced_unit"] for day in range(3)] == ["DBU", "several units", None]


def test_corrections_add_up(spark: SparkSession) -> None:
    # 1.5 is taken back and stated as 1.25: quantities are summed, whatever the record type.
    usage = [
        _usage("1.5", **_of_run("70")),
        _usage("-1.5", record_type="RETRACTION", **_of_run("70")),
        _usage("1.25", record_type="RESTATEMENT", **_of_run("70")),
    ]
    row = one(_costs(spark, usage, [_price("2")]))
    assert (row["usage_quantity"], row["list_cost"]) == (Decimal("1.25"), Decimal("2.5"))
    assert row["records"] == 3


def test_only_dbu_are_dbu(spark: SparkSession) -> None:
    usage = [_usage("2", **_of_run("70")), _usage("9", usage_unit="GB", **_of_run("70"))]
    row = one(run_costs(_costs(spark, usage, [_price("1"), _price("0.1", usage_unit="GB")])))
    assert (row["usage_quantity"], row["list_cost"]) == (Decimal(2), Decimal("2.9"))


_QUANTITIES = st.decimals(-1000, 1000, places=18, allow_nan=False)
_USAGES = st.lists(
    st.tuples(
        _QUANTITIES,
        st.integers(0, 3),
        st.sampled_from(("JOBS", "JOBS", "SQL", "NO_PRICE", "A_FREE_USAGE")),
        st.sampled_from((None, "7", "8")),
        st.sampled_from((None, "", "search", "data\x1f")),
        st.sampled_from(("ORIGINAL", "RETRACTION", "RESTATEMENT")),
    ),
    min_size=1,
    max_size=40,
)
_HELD = (
    ("JOBS", -400, Decimal("0.123456789499")),
    ("JOBS", 2, Decimal("0.2")),
    ("SQL", -400, Decimal("7.0000000005")),
)


def _nine(value: Decimal) -> Decimal:
    return value.quantize(_NINE, rounding=ROUND_HALF_UP)


@settings(max_examples=5)
@given(_USAGES, st.integers(0, 99))
def test_coverage_adds_to_the_total_exactly(
    spark: SparkSession, drawn: list[tuple[Any, ...]], order: int
) -> None:
    """Gold's teams, and the empty one, sum to what exact arithmetic makes of bronze."""
    usage = [
        _usage(
            str(quantity),
            day,
            sku_name=sku,
            record_type=kind,
            custom_tags=None if team is None else [("Team", team)],
            **({} if job is None else _of_run("70", job)),
        )
        for quantity, day, sku, job, team, kind in drawn
    ]
    price_rows = [_price(str(price), day, sku_name=sku) for sku, day, price in _HELD]
    versions: list[Row] = [
        {"workspace_id": "w", "job_id": "7", "valid_from": at(0), "is_first": True, "team": "core"}
    ]
    defined = frame_of(spark, silver.JOB_VERSIONS, versions)

    expected: dict[str, Decimal] = defaultdict(Decimal)
    for row in usage:
        of_sku = [
            p for sku, day, p in _HELD if sku == row["sku_name"] and on(day) <= row["usage_date"]
        ]
        expected["list_cost"] += _nine(row["usage_quantity"]) * (_nine(of_sku[-1]) if of_sku else 0)
        if not of_sku and row["sku_name"] == "NO_PRICE":
            expected["unpriced_quantity"] += _nine(row["usage_quantity"])
        expected["usage_quantity"] += _nine(row["usage_quantity"])

    costs = rows_of(_costs(spark, usage, price_rows))
    days = rows_of(cost_daily(frame_of(spark, silver.USAGE_COSTS, costs), defined))
    teams = rows_of(team_cost_daily(frame_of(spark, gold.COST_DAILY, days)))
    for rows, names in (
        (costs, ("list_cost", "unpriced_quantity", "usage_quantity")),
        (days, ("list_cost", "unpriced_quantity")),
        (teams, ("list_cost", "unpriced_quantity")),
    ):
        for name in names:
            assert sum((row[name] for row in rows), Decimal(0)) == expected[name]
    for row in teams:
        parts = row["by_job_tag"] + row["by_pipeline_tag"] + row["by_usage_tag"]
        assert parts == (row["list_cost"] if row["team"] else 0)

    shuffled = random.Random(order).sample(usage, len(usage))
    problems = differences(
        costs,
        rows_of(_costs(spark, shuffled, price_rows[::-1])),
        keys=silver.USAGE_COSTS.keys,
        columns=compared_columns(silver.USAGE_COSTS),
    )
    assert not problems, shown(problems)


def test_the_team_that_held_that_day_is_charged(spark: SparkSession) -> None:
    # Team a until noon of day 3, then b: day 2 is a's; day 3 and later are b's, who had it at the
    # day's end. Before the first version known, that version stands in: day -9 is a's.
    key = {"workspace_id": "w", "job_id": "7"}
    versions: list[Row] = [
        key | {"valid_from": at(-5), "valid_to": at(3, 12), "is_first": True, "team": "a"},
        key | {"valid_from": at(3, 12), "valid_to": None, "is_first": False, "team": "b"},
    ]
    usage = [
        _usage("1", day, custom_tags=[("team", "c")], **_of_run("70")) for day in (-9, 2, 3, 9)
    ]
    usage += [_usage("1", 9, custom_tags=[("team", "c")]), _usage("1", 9)]
    costs = _costs(spark, usage, [_price("1")])
    output = rows_of(cost_daily(costs, frame_of(spark, silver.JOB_VERSIONS, versions)))
    charged = {
        (row["usage_date"], row["job_id"], row["team"], row["attribution"]) for row in output
    }
    assert charged == {
        (on(-9), "7", "a", "job_tag"),
        (on(2), "7", "a", "job_tag"),
        (on(3), "7", "b", "job_tag"),
        (on(9), "7", "b", "job_tag"),
        (on(9), "", "c", "usage_tag"),
        (on(9), "", "", "none"),
    }
    assert {row["currency_code"] for row in output} == {"USD"}


def test_names_that_hold_separators_stay_apart(spark: SparkSession) -> None:
    # Two payers whose names differ only in where one ends and the next begins.
    usage = [
        _usage("1", usage_metadata={"cluster_id": "a\x1fb", "warehouse_id": "c"}),
        _usage("2", usage_metadata={"cluster_id": "a", "warehouse_id": "b\x1fc"}),
    ]
    output = rows_of(_costs(spark, usage, [_price("1")]))
    assert len({row["usage_key"] for row in output}) == len(output) == 2


_IDS = st.sampled_from([None, "", "1", "2"])
_METADATA = st.fixed_dictionaries(
    dict.fromkeys(
        ("dlt_pipeline_id", "dlt_update_id", "job_id", "cluster_id", "warehouse_id"), _IDS
    )
)


@settings(max_examples=10)
@given(st.lists(st.none() | _METADATA, min_size=20, max_size=60))
def test_whom_a_record_is_billed_under_is_whom_its_cost_is(
    spark: SparkSession, metadata: list[Row | None]
) -> None:
    """So what changed of bronze names the rows to make again: nothing of one payer is another's."""
    usage = frame_of(
        spark,
        bronze.USAGE,
        [_usage(f"{n + 1}", day=n % 2, usage_metadata=m) for n, m in enumerate(metadata)],
    )
    started = [
        {"workspace_id": "w", "pipeline_id": "1", "update_id": update, "job_id": "2", "run_id": run}
        for update, run in (("1", "8"), ("2", "8"), ("", "9"))
    ]
    updates = frame_of(spark, silver.TASK_UPDATES, started)
    priced = prices(frame_of(spark, bronze.LIST_PRICES, [_price("1")]))
    pipelines = frame_of(spark, silver.PIPELINE_VERSIONS, [])
    output = rows_of(usage_costs(usage, priced, updates, pipelines, currency_code="USD"))
    (payer,) = (one for one in source.USAGE.derived if one.column.name == "payer_id")
    records = rows_of(usage.withColumn(payer.column.name, F.expr(payer.expression)))
    totals: list[dict[Any, Decimal]] = []
    for rows in (records, output):
        total: dict[Any, Decimal] = defaultdict(Decimal)
        for row in rows:
            total[row["usage_date"], row["payer_id"]] += row["usage_quantity"]
        totals.append(total)
    assert totals[0] == totals[1]
