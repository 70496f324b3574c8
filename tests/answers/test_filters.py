"""Whose jobs a question is about: a team or an owner that nobody is, is not an empty answer."""

import pytest
from pyspark.sql import SparkSession

from pipeline.answers.questions import Filter, Questions
from pipeline.errors import UserError
from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.tables import gold, ops
from tests.strategies.tables import frame_of, on

_JOBS = [
    ("1/1", "load orders", "data-platform", "Ann.Smith@example.com"),
    ("1/2", "load shops", "ml-platform", "bo@example.com"),
    ("1/3", "score", None, None),
]


@pytest.fixture(scope="module")
def home(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> DeltaFolder:
    """Three jobs, and a team that only usage names."""
    lakehouse = DeltaFolder(tmp_path_factory.mktemp("filtered"), spark)
    jobs = [
        {"workspace_id": "1", "series_key": key, "name": name, "team": team, "owner": owner}
        for key, name, team, owner in _JOBS
    ]
    costs = [
        {"team": team, "usage_date": on(0), "currency_code": "USD"}
        for team in ("", "ml-platform", "warehouse")
    ]
    given = {"reader": "job_trends", "input": "last_cost_day", "position": str(on(0))}
    for table, rows in (
        (gold.JOBS, jobs),
        (gold.TEAM_COST_DAILY, costs),
        (ops.POSITIONS, [given]),
    ):
        lakehouse.create(table)
        lakehouse.merge(table, frame_of(spark, table, rows))
    return lakehouse


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
    home: DeltaFolder, team: str | None, owner: str | None, keys: list[str]
) -> None:
    jobs = Questions(home, Filter.among(home, team, owner)).jobs(10)
    assert sorted(jobs["series_key"]) == keys


@pytest.mark.parametrize(
    ("team", "owner", "said"),
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
    home: DeltaFolder, team: str | None, owner: str | None, said: str
) -> None:
    with pytest.raises(UserError, match=said):
        Filter.among(home, team, owner)


def test_the_costs_of_a_team_without_jobs_are_asked_for_by_its_name(home: DeltaFolder) -> None:
    costs = Questions(home, Filter.among(home, "ware", None)).cost_by_team()
    assert costs["team"].tolist() == ["warehouse"]


def test_a_job_that_is_not_there_is_answered_with_the_names_near_it(home: DeltaFolder) -> None:
    asking = Questions(home, Filter())
    for asked, near in (("load order", "load orders"), ("1/9", "1/")):
        with pytest.raises(UserError, match=f"'{asked}': did you mean {near}"):
            asking.key_of(asked)
