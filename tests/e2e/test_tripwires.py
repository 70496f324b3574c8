"""What `rightrun bundle tripwires` writes of an account, held against its tables."""

import json
from pathlib import Path

from databricks.bundles.jobs import Job

from tests.e2e.account import Account


def test_updates_are_those_of_the_table_for_jobs_whose_settings_are_known(
    account: Account, tmp_path: Path
) -> None:
    table = account.run(
        "sql",
        "SELECT t.series_key, t.threshold_seconds, t.bound, t.false_alarms FROM gold.tripwires t",
        *("--home", account.home, "--json"),
    )
    wires = {row["series_key"]: row for row in table.json()}
    file = tmp_path / "tripwires.json"
    written = account.run(
        *("bundle", "tripwires", "--tier", "p1, P2,P3", "--destination", "d"),
        *("--out", file, "--home", account.home),
    )
    assert (written.code, written.out) == (0, "")
    updates = json.loads(file.read_text())
    bodies = {
        f"{workspace}/{body['job_id']}": body["new_settings"]
        for workspace, of_workspace in updates.items()
        for body in of_workspace
    }
    assert f"{len(bodies)} of {len(wires)} jobs would change" in written.err
    assert len(bodies) > 3
    for key, settings in bodies.items():
        Job.from_dict(settings)
        assert settings["health"]["rules"][0]["value"] == wires[key]["threshold_seconds"] - 1
        assert settings.keys() <= {"health", "webhook_notifications"}
    # Every other job has a reason.
    left = [line for line in written.err.splitlines() if " left as they are: " in line]
    assert sum(int(line.split()[0]) for line in left) == len(wires) - len(bodies)
    assert all(0 <= row["false_alarms"] <= 1000 for row in wires.values() if row["false_alarms"])
    printed = account.run("bundle", "tripwires", "--home", account.home)
    critical = printed.json()
    assert sum(map(len, critical.values())) < len(bodies)


def test_a_tier_that_there_is_not_is_refused(account: Account) -> None:
    refused = account.run("bundle", "tripwires", "--tier", "P1,P7", "--home", account.home)
    assert (refused.code, refused.out) == (2, "")
    assert "'P7' is none of P1, P2, P3" in refused.err
