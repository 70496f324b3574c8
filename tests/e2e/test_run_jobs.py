"""Jobs that other jobs fire, from the tables of the source to the forecast of their runs."""

from datetime import datetime

import pandas as pd
import pytest
from pyspark.sql import SparkSession
from rich.cells import cell_len

from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.scoring.firing import firings
from pipeline.tables import gold, silver
from tests.e2e.account import END, Account
from tests.e2e.truth import RUN, stored, told

_LEAST = 5
_QUIRKS = "run_jobs,failures,repairs,slowdowns,level_shifts,downstream_failures,hostile_names"


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


def test_who_comes_before_whom_is_who_does(chained: Account) -> None:
    """Every pair of the truth, fired or fed by a table, with as many runs, and no other."""
    found = stored(chained.home, "gold.job_dependencies")
    pair = ["upstream_series_key", "series_key"]
    counted = found.set_index([*pair, "kind", "table_name"])["runs"].to_dict()
    fired = told(chained.export, "firings")
    keys = [fired["workspace_id"] + "/" + fired[name] for name in ("upstream_job_id", "job_id")]
    firing = fired.groupby([key.rename(name) for key, name in zip(keys, pair, strict=True)]).size()
    fed = told(chained.export, "feeds").set_index([*pair, "table_name"])["runs"]
    assert min(len(firing), len(fed)) > 3
    expected = {(*key, "fires", ""): runs for key, runs in firing.items()}
    expected |= {(key[0], key[1], "feeds", key[2]): runs for key, runs in fed.items()}
    assert counted == expected
    assert found["table_name"].str.contains("<b>").any()


def test_a_job_in_time_for_its_chain_is_told_so(chained: Account) -> None:
    places = stored(chained.home, "gold.job_chains").set_index("series_key")
    assert sorted(places.index) == sorted(stored(chained.home, "gold.jobs")["series_key"])
    bound = places[places["status"] == "ok"]
    other = bound[bound["deadline_series_key"] != bound.index]
    assert len(other) > 0
    for key, row in other.iterrows():
        assert row["critical_path"][-1] == row["deadline_series_key"]
        assert key in row["critical_path"]
        assert row["latest_start_at"] < row["deadline_at"]
        assert places.loc[row["deadline_series_key"], "deadline_at"] <= row["deadline_at"]
    shown = chained.run("show", "chain", other.index[0], "--home", chained.home, width=80)
    assert shown.code == 0, shown.err
    assert [line for line in shown.out.splitlines() if cell_len(line) > 80] == []
    text = " ".join(shown.out.split())
    assert "A failure here would reach" in text
    assert "It must start by" in text
    assert "Critical path:" in text
    assert "lineage" not in text
    told_as = chained.run("show", "chain", other.index[0], "--home", chained.home, "--json").json()
    assert told_as["chain"]["slack_seconds"] == pytest.approx(other["slack_seconds"].iloc[0])
    assert len(told_as["after"]) >= told_as["chain"]["downstream_jobs"]
    nobody = chained.run("show", "chain", "nobody's job", "--home", chained.home)
    assert nobody.code == 2
    assert "no job has the key, id or name" in nobody.err
