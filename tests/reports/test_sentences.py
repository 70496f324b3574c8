"""What a report says: what changed, what it cost, what to do, what had been said; and what is not known."""

from pathlib import Path

from pipeline.reports import sentences
from pipeline.reports.evidence import evidence
from pipeline.reports.period import Rhythm
from pipeline.reports.report import report_of
from pipeline.tables import gold
from tests.reports.homes import LAST_WEEK, account, cost, job, job_cost, runs, slas
from tests.strategies.tables import Row, at, on

WEEK = LAST_WEEK
RUNS = [
    runs(1, 0, succeeded=9, failed=1),
    runs(1, WEEK, succeeded=8, failed=1, timed_out=1, cancelled=5),
    runs(2, WEEK + 6, succeeded=10),
    runs(2, WEEK + 7, failed=100),
]
SLAS = [slas(1, 0, met=9, missed=1), slas(1, WEEK, met=7, missed=3, pending=2)]
COSTS = [cost("a", day, "10.25") for day in range(WEEK)] + [
    cost("a", day, "11.25") for day in range(WEEK, 2 * WEEK)
]
JOBS = [job(1, team="a"), job(2, team="b")]


def _statement(number: int, outcome: str, **columns: object) -> Row:
    return {
        "statement_id": str(number),
        "open_from": on(WEEK + 1),
        "kind": "run_miss",
        "night_at": at(WEEK + 1),
        "workspace_id": "w",
        "series_key": "w/1",
        "outcome": outcome,
    } | columns


def test_what_changed_is_beside_the_week_before(tmp_path: Path) -> None:
    rows = {gold.JOBS: JOBS, gold.JOB_DAILY: RUNS, gold.SLA_DAILY: SLAS}
    whole = account(tmp_path, rows)
    assert sentences.changed(whole.facts()) == (
        "90.0 % of the 20 runs that ended succeeded, as many as in the week before, and 3 of 10 runs with an SLA"
        " missed it, against 1 of 10 before."
    )
    assert sentences.changed(whole.facts("b")) == (
        "100.0 % of the 10 runs that ended succeeded, and no run had an SLA that is decided."
    )


def test_without_the_week_before_nothing_is_compared(tmp_path: Path) -> None:
    rows = {gold.JOB_DAILY: [runs(1, WEEK + 2, succeeded=1)]}
    facts = account(tmp_path, rows).facts()
    assert sentences.changed(facts) == (
        "100.0 % of the 1 run that ended succeeded, and no run had an SLA that is decided; nothing is known of the"
        " week before to compare with."
    )
    assert report_of(facts).notes[0] == "Of this week, runs are known from 1 April 2026 on."


def test_what_it_cost_is_beside_the_week_before_where_both_are_billed(tmp_path: Path) -> None:
    rows = {
        gold.JOBS: JOBS,
        gold.TEAM_COST_DAILY: COSTS,
        gold.COST_DAILY: [job_cost(1, 1, "5.00"), job_cost(1, WEEK, "9.50"), job_cost(2, 2, "7")],
    }
    assert sentences.cost(account(tmp_path / "billed", rows).facts()) == (
        "The week cost 78.75 EUR at list prices, 9.8 % more than the week before; the dearest rise is that of"
        " job 1, by 4.50."
    )
    partly = account(tmp_path / "partly", rows, last_cost_day=WEEK + 2)
    assert sentences.cost(partly.facts()) == (
        "The 3 of its 7 days that are billed in full cost 33.75 EUR at list prices."
    )
    assert partly.facts().rises == ()
    unbilled = account(tmp_path / "unbilled", rows, last_cost_day=WEEK - 1)
    assert sentences.cost(unbilled.facts()) == (
        "What it cost is not known, as no day of this week is billed in full: the last is 29 March 2026."
    )


def test_what_has_no_price_is_said(tmp_path: Path) -> None:
    unpriced = cost("a", WEEK, "1", unpriced_quantity=12, unpriced_unit="DBU")
    facts = account(tmp_path, {gold.TEAM_COST_DAILY: [*COSTS[:-1], unpriced]}).facts()
    assert sentences.cost(facts).endswith("; 12 DBU have no list price and are not in it.")


def test_what_to_do_is_the_most_urgent(tmp_path: Path) -> None:
    failing = {
        "workspace_id": "w",
        "is_failing": True,
        "consecutive_failures": 3,
        "failing_since": at(12),
        "last_termination_code": "CLUSTER_ERROR",
    }
    likely = {
        "workspace_id": "w",
        "series_key": "w/2",
        "sla_status": "ok",
        "sla_kind": "limit",
        "sla_limit_seconds": 60.0,
        "p_miss": 0.75,
        "next_start_at": at(15, 6),
    }
    rows = {
        gold.JOBS: JOBS,
        gold.JOB_HEALTH: [failing | {"series_key": "w/1"}],
        gold.JOB_FORECAST: [likely],
    }
    whole = account(tmp_path, rows)
    assert sentences.to_do(whole.facts()) == (
        "Look first at job 1, which has failed 3 times in a row since 4 April 2026 (cluster error); 1 is likely to"
        " miss the SLA with the next run."
    )
    assert sentences.to_do(whole.facts("b")) == (
        "Look first at job 2, whose next run misses its SLA (within 1m00s) with a probability of 75.0 %."
    )


def test_receipts_say_what_came_of_what_was_said(tmp_path: Path) -> None:
    rows = {
        gold.JOBS: JOBS,
        gold.RECEIPTS: [
            _statement(1, "came", probability=0.9),
            _statement(2, "did_not_come", probability=0.6),
            _statement(3, "did_not_come", probability=0.1),
            _statement(4, "never_known", probability=0.7),
            _statement(5, "came", kind="flag"),
            _statement(6, "not_known_yet", kind="flag"),
            _statement(7, "came", probability=0.9, open_from=on(WEEK - 1)),
        ],
    }
    whole = account(tmp_path, rows)
    assert sentences.receipts(whole.facts()) == [
        "We said 1.6 misses of 3 runs, 1 came. Of 2 runs that we called likely to miss, 1 did.",
        "We flagged jobs 2 times: people have called 1 of these an incident and 0 expected.",
    ]
    assert sentences.receipts(whole.facts("b")) == [
        "In this week we said nothing about misses of which it is known what came."
    ]


def test_a_week_of_which_nothing_is_known_says_so(tmp_path: Path) -> None:
    nights: dict = {gold.NIGHT_STEPS: []}
    facts = account(tmp_path, nights, last_cost_day=None).facts()
    report = report_of(facts)
    assert report.sentences == (
        "Nothing is known of runs in this week.",
        "What it cost is not known, as no day of this week is billed in full.",
        "Nothing is urgent: no job is failing, and no next run is likely to miss its SLA.",
    )
    assert report.receipts == (
        "No night spoke of this week while it lasted, so nothing was foretold.",
    )
    assert report.figures == ()
    assert report.sections == ()


def test_the_days_of_a_month_stand_by_week(tmp_path: Path) -> None:
    rows = {
        gold.JOB_DAILY: [runs(1, day, succeeded=1) for day in (-50, -20, -1, 0, 8)],
        gold.TEAM_COST_DAILY: [cost("a", day, "1.50") for day in range(-50, 9)],
    }
    facts = account(tmp_path, rows, newest=9, last_cost_day=7, rhythm=Rhythm.MONTHLY).facts()
    assert facts.period.name == "2026-03"
    weeks = next(section for section in evidence(facts) if section.title == "Week by week")
    assert [(row["day"].text, row["runs"].text, row["list cost"].text) for row in weeks.rows] == [
        ("Sun 1 Mar", "0", "1.50"),
        ("2 to 8 Mar", "1", "10.50"),
        ("9 to 15 Mar", "0", "10.50"),
        ("16 to 22 Mar", "1", "10.50"),
        ("23 to 29 Mar", "1", "10.50"),
        ("30 to 31 Mar", "1", "not billed yet"),
    ]
