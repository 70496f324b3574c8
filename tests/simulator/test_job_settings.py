"""How simulated jobs are set up agrees with what the tables tell of them."""

import pandas as pd

from tests.simulator.conftest import Account

_KEY = ["workspace_id", "job_id"]


def _settings(account: Account) -> pd.DataFrame:
    return account.arrow("jobs_api/job_settings").to_pandas().set_index(_KEY)


def test_settings_are_those_of_the_newest_definition(account: Account) -> None:
    settings = _settings(account)
    jobs = account.arrow("lakeflow/jobs").to_pandas().sort_values("change_time")
    newest = jobs.drop_duplicates(_KEY, keep="last").set_index(_KEY)
    assert len(set(settings.index.get_level_values("workspace_id"))) == 1, "one Jobs API is asked"
    there = newest[newest["delete_time"].isna()].join(settings, how="inner", rsuffix="_set")
    assert len(there) == len(settings) > 10
    assert (there["name"] == there["name_set"]).all()
    # Old versions lack the columns that came later.
    there = there[there["timeout_seconds"].notna()]
    assert (there["timeout_seconds"] == there["timeout_seconds_set"]).all()
    assert (there["timeout_seconds"] > 0).any()
    limits = [
        [[rule["value"] for rule in rules] for rules in there[column]]
        for column in ("health_rules", "health_rules_set")
    ]
    assert limits[0] == limits[1]
    assert any(limits[0])
    assert set(settings["queue_enabled"]) == {True, False}


def test_what_is_tried_again_is_set_up_so(account: Account) -> None:
    retries = {
        (*key, task["task_key"]): task["max_retries"]
        for key, tasks in _settings(account)["tasks"].items()
        for task in tasks
    }
    assert 0 in retries.values()
    runs = account.arrow("lakeflow/job_task_run_timeline").to_pandas()
    spans = runs.groupby([*_KEY, "job_run_id", "task_key", "run_id"]).agg(
        began=("period_start_time", "min"), ended=("period_end_time", "max")
    )
    spans = spans.sort_values("began").reset_index()
    waited = spans["began"] - spans.groupby([*_KEY, "job_run_id", "task_key"])["ended"].shift()
    # A repair comes later.
    again = spans[waited == pd.Timedelta(seconds=20)]
    tasks = {(w, j, t) for w, j, t in again[[*_KEY, "task_key"]].itertuples(index=False)}
    assert tasks & retries.keys()
    assert all(retries[task] for task in tasks & retries.keys())
