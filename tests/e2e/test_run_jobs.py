"""Jobs that other jobs fire, from the tables of the source to the forecast of their runs."""

from datetime import datetime

import pandas as pd
import pytest
from pyspark.sql import SparkSession

from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.scoring.firing import firings
from pipeline.tables import gold, silver
from tests.e2e.account import END, Account
from tests.e2e.truth import RUN, stored, told

_LEAST = 5
_QUIRKS = "run_jobs,failures,repairs,slowdowns,level_shifts"


@pytest.fixture(scope="module")
def chained(tmp_path_factory: pytest.TempPathFactory) -> Account:
    """An account in which failures, repairs and new levels travel along its chains; its first night."""
    account = Account(tmp_path_factory.mktemp("chained"))
    made = ("--jobs", "120", "--days", "20", "--end", END, "--quirks", _QUIRKS)
    simulated = account.run("simulate", "--out", account.export, *made)
    assert simulated.code == 0, simulated.err
    night = account.nightly("--as-of", END)
    assert night.code == 0, night.err
    return account


@pytest.fixture(scope="module")
def linked(chained: Account) -> dict[str, str]:
    """The job that fires each job, by the truth, where it has done so often enough."""
    truth = told(chained.export, "firings")
    pair = ["workspace_id", "job_id", "upstream_job_id"]
    counts = truth.groupby(pair).size()
    often = counts[counts >= _LEAST].reset_index()
    first, second = (often["workspace_id"] + "/" + often[name] for name in pair[1:])
    assert first.is_unique
    assert len(first) > 3
    return dict(zip(first, second, strict=True))


def test_the_pairs_found_are_the_pairs_there_are(
    chained: Account, linked: dict[str, str], spark: SparkSession
) -> None:
    home = DeltaFolder(chained.home, spark)
    found = firings(
        *(home.read(table) for table in (silver.RUNS, silver.TASK_RUNS, gold.JOBS)),
        as_of=datetime.fromisoformat(END),
    ).toPandas()
    assert dict(zip(found["series_key"], found["upstream_series_key"], strict=True)) == linked
    assert found["fired"].map(len).sum() == len(told(chained.export, "firings"))


def test_fired_runs_are_forecast_by_the_schedule_and_lateness_of_what_fires_them(
    chained: Account, linked: dict[str, str]
) -> None:
    runs = stored(chained.home, "gold.run_forecast").set_index("series_key")
    upstream = runs["upstream_series_key"].dropna()
    assert upstream[~upstream.index.duplicated()].to_dict() == linked
    fired = runs.loc[list(linked)]
    assert set(fired["start_basis"]) == {"cron"}
    assert (fired.groupby(level=0).size() >= 5).all()
    # Each night as long after the other's as it has usually been.
    began = stored(chained.home, "silver.runs").set_index(RUN)["started_at"]
    truth = told(chained.export, "firings")
    own, other = (
        began.reindex(pd.MultiIndex.from_frame(truth[["workspace_id", name]])).to_numpy()
        for name in ("run_id", "upstream_run_id")
    )
    usual = pd.Series(own - other).groupby(truth["workspace_id"] + "/" + truth["job_id"]).median()
    first = runs[runs["run_number"] == 1]["scheduled_at"]
    theirs = first.reindex(list(linked.values())).set_axis(list(linked))
    late = first.reindex(list(linked)) - theirs - usual.reindex(list(linked))
    assert (late.abs() < pd.Timedelta(minutes=10)).all()


def test_a_slow_upstream_is_to_blame_for_a_part(chained: Account, linked: dict[str, str]) -> None:
    runs = stored(chained.home, "gold.run_forecast").set_index("series_key")
    fired = runs.index.isin(list(linked))
    assert runs.loc[fired, "p_miss_upstream"].max() > 0.02
    assert (runs.loc[~fired, "p_miss_upstream"].fillna(0.0) == 0.0).all()
