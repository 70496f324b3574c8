"""Whose jobs an answer is about: a team or an owner that nobody is, is not an empty answer."""

from pathlib import Path

import pytest

from pipeline.answers import listings
from pipeline.answers.delta_reader import DeltaReader
from pipeline.answers.jobs.which import key_of, selection_of
from pipeline.answers.selection import Selection
from pipeline.errors import UserError
from pipeline.tables import gold, ops
from tests.answers.homes import reader_of
from tests.strategies.tables import on

_JOBS = [
    ("1/1", "load orders", "data-platform", "Ann.Smith@example.com", 1),
    ("1/2", "load shops", "ml-platform", "bo@example.com", 2),
    ("1/3", "score", None, None, None),
]


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> DeltaReader:
    """Three jobs, and a team that only usage names."""
    jobs = [
        {
            "workspace_id": "1",
            "series_key": key,
            "name": name,
            "team": team,
            "owner": owner,
            "tier": tier,
        }
        for key, name, team, owner, tier in _JOBS
    ]
    costs = [
        {"team": team, "usage_date": on(0), "currency_code": "USD"}
        for team in ("", "ml-platform", "warehouse")
    ]
    given = {"reader": "job_trends", "input": "last_cost_day", "position": str(on(0))}
    home = tmp_path_factory.mktemp("filtered")
    return reader_of(home, {gold.JOBS: jobs, gold.TEAM_COST_DAILY: costs, ops.POSITIONS: [given]})


@pytest.mark.parametrize(
    ("team", "owner", "keys"),
    [
        ("Data_Platform", None, ["1/1"]),
        ("data", None, ["1/1"]),
        (None, "ann", ["1/1"]),
        (None, "BO@EXAMPLE.COM", ["1/2"]),
        ("ML plat", "bo", ["1/2"]),
        ("warehouse", None, []),
    ],
)
def test_a_part_that_only_one_has_is_enough(
    reader: DeltaReader, team: str | None, owner: str | None, keys: list[str]
) -> None:
    jobs = listings.JOBS.rows(reader, selection_of(reader, team, owner))
    assert sorted(job["series_key"] for job in jobs.shown) == keys


@pytest.mark.parametrize(
    ("team", "owner", "sentence"),
    [
        ("plat", None, "part of several: say which of data-platform, ml-platform"),
        ("data-plattform", None, r"no team 'data-plattform': did you mean data-platform or"),
        ("xyzzy", None, "no team 'xyzzy': there are data-platform, ml-platform, warehouse"),
        ("", None, "no team ''"),
        (None, "smyth.ann", "no owner 'smyth.ann'"),
        (None, "example", "part of several"),
    ],
)
def test_one_that_nobody_is_is_refused_with_the_names_near_it(
    reader: DeltaReader, team: str | None, owner: str | None, sentence: str
) -> None:
    with pytest.raises(UserError, match=sentence):
        selection_of(reader, team, owner)


def test_the_costs_of_a_team_without_jobs_are_asked_for_by_its_name(reader: DeltaReader) -> None:
    costs = listings.TEAM_COSTS.rows(reader, selection_of(reader, "ware"))
    assert [row["team"] for row in costs.shown] == ["warehouse"]


def test_a_job_that_is_not_there_is_answered_with_the_names_near_it(reader: DeltaReader) -> None:
    assert key_of(reader, "1/2") == key_of(reader, "load shops") == "1/2"
    for called, near in (("load order", "load orders"), ("1/9", "1/")):
        with pytest.raises(UserError, match=f"'{called}': did you mean {near}"):
            key_of(reader, called)


def test_rows_are_filtered_sorted_and_cut_and_counted(reader: DeltaReader) -> None:
    by_tier = listings.JOBS.rows(reader, Selection(sort="tier:desc", limit=2))
    assert [job["tier"] for job in by_tier.shown] == [2, 1]
    assert (by_tier.total, by_tier.is_cut) == (3, True)
    # Without a value a row is last in either order.
    for order in ("tier", "tier:desc"):
        assert listings.JOBS.rows(reader, Selection(sort=order)).shown[-1]["series_key"] == "1/3"
    assert [job["tier"] for job in listings.JOBS.rows(reader, Selection(tier=2)).shown] == [2]


def test_what_an_answer_cannot_be_asked_is_refused(reader: DeltaReader) -> None:
    with pytest.raises(UserError, match=r"--sort 'teir' is no column.*did you mean tier"):
        listings.JOBS.rows(reader, Selection(sort="teir"))
    with pytest.raises(UserError, match="--tier says nothing here"):
        listings.TEAM_COSTS.rows(reader, Selection(tier=1))


def test_a_home_without_a_table_says_which_command_makes_it(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no table gold\.jobs yet: run rightrun nightly first"):
        listings.JOBS.rows(DeltaReader(tmp_path), Selection())
