"""SLAs through the real command line: proposed, signed, listed, in force the night after."""

import getpass
import json
import shutil
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest
from deltalake import DeltaTable

from tests.e2e.account import END, Account, Ran, rightrun

_NEXT_DAY = "2026-01-27T00:00:00Z"


@pytest.fixture(scope="module")
def copied(account: Account, tmp_path_factory: pytest.TempPathFactory) -> Account:
    """The account in a home of its own, whose SLAs these tests decide about."""
    root = tmp_path_factory.mktemp("decided")
    shutil.copytree(account.export, root / "export")
    shutil.copytree(
        account.home, root / "home", ignore=shutil.ignore_patterns("mlflow.db", "mlartifacts")
    )
    return Account(root)


@pytest.fixture(scope="module")
def named(account: Account) -> dict[str, str]:
    """A job with a proposal, one without, and one that declares its SLA."""

    def rows(name: str) -> pd.DataFrame:
        table = DeltaTable(str(account.home / "gold" / name)).to_pandas()
        return table.sort_values("series_key").set_index("series_key")

    proposals, jobs = rows("sla_proposals")["status"], rows("jobs")["sla_source"]
    return {
        "open": str(proposals.index[proposals == "ok"][0]),
        "unproposed": str(proposals.index[proposals == "too_few_runs"][0]),
        "declared": str(jobs.index[jobs.fillna("").str.startswith("sla")][0]),
    }


def _sla(account: Account, *arguments: str) -> Ran:
    return account.run("sla", *arguments, "--home", account.home)


def test_a_proposal_is_signed_and_holds_from_the_next_night(copied: Account) -> None:
    proposed = _sla(copied, "propose", "--json", "--limit", "1000").json()
    one, other = proposed[0]["series_key"], proposed[1]["series_key"]
    assert all(row["evidence"] and row["sla_kind"] for row in proposed)
    signed = _sla(copied, "accept", one, "--by", "ada [red]lovelace[/red]")
    assert signed.code == 0, signed.err
    assert "ada [red]lovelace[/red]" in signed.out
    assert "it holds for runs that start from 20" in " ".join(signed.out.split())
    said = _sla(copied, "accept", other, "--as", "06:30 Europe/Berlin", "--json").json()
    assert said[0]["sla"] == "06:30 Europe/Berlin"
    assert said[0]["decided_by"] == getpass.getuser()

    def listed() -> dict[str, dict[str, object]]:
        rows = _sla(copied, "list", "--json", "--limit", "1000").json()
        return {row["series_key"]: row for row in rows}

    before = listed()[one]
    assert (before["sla_source"], before["from_next_night"]) == ("accepted", True)
    assert (before["decided_by"], before["decided_at"] is not None) == (
        "ada [red]lovelace[/red]",
        True,
    )
    (copied.home / "rightrun.yml").write_text(json.dumps({"slas": {other: "45m"}}))
    night = copied.nightly("--as-of", _NEXT_DAY, "--json")
    assert night.code == 0, night.err
    after = listed()
    assert (after[one]["sla_source"], after[one]["from_next_night"]) == ("accepted", False)
    assert after[one]["p_miss"] is not None
    # The settings file counts before what was accepted.
    assert (after[other]["sla_source"], after[other]["sla_limit_seconds"]) == ("yaml", 2700.0)
    assert after[other]["decided_by"] == "rightrun.yml"
    refused = _sla(copied, "accept", other)
    assert refused.code == 2
    assert "rightrun.yml" in refused.err
    # What the file no longer says holds no longer, and what was accepted can be taken back.
    stray = f"{other}[red]"
    (copied.home / "rightrun.yml").write_text(json.dumps({"slas": {stray: "45m"}}))
    assert _sla(copied, "accept", one, "--as", "none").code == 0
    told = copied.nightly("--as-of", _NEXT_DAY)
    assert told.code == 0, told.err
    assert not {one, other} & set(listed())
    # A key that no job has is said where people look, with the key that may have been meant.
    warned = f"no job has the key {stray!r}, which has an SLA by yaml: did you mean {other}"
    for said in (told.out, _sla(copied, "list").err):
        assert warned in " ".join(said.split())
    assert _sla(copied, "list", "--json").json() is not None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("accept", "no such job"), "no job has the key"),
        (("accept", "{open}", "--as", "soon"), "neither a duration"),
        (("accept", "{open}", "--as", "06:30 localtime"), "no time zone"),
        (("accept", "{declared}"), "change it there"),
        (("accept", "{unproposed}"), "nothing is proposed"),
        (("accept", "{open}", "--by", " "), "say who decides"),
    ],
)
def test_a_mistake_is_one_sentence(
    account: Account, named: dict[str, str], arguments: tuple[str, ...], said: str
) -> None:
    done = _sla(account, *(argument.format(**named) for argument in arguments))
    assert done.code == 2, done.out
    assert said in done.err.replace("\n", " ")
    assert "Traceback" not in done.err


def test_a_home_without_tables_is_said_and_not_made(tmp_path: Path) -> None:
    for command in (("list",), ("accept", "w/1")):
        done = rightrun("sla", *command, "--home", "nowhere", cwd=tmp_path)
        assert done.code == 2
        assert "holds no tables yet" in done.err.replace("\n", " ")
    assert not (tmp_path / "nowhere").exists()


def test_a_setting_that_is_no_sla_is_one_sentence(copied: Account) -> None:
    for said, text in (("no key of a job", {"7": "45m"}), ("neither a duration", {"w/7": "soon"})):
        (copied.home / "rightrun.yml").write_text(json.dumps({"slas": text}))
        done = copied.nightly("--as-of", _NEXT_DAY)
        (copied.home / "rightrun.yml").unlink()
        assert done.code == 2
        assert said in done.err.replace("\n", " ")
        assert "Traceback" not in done.err


def test_show_sla_tells_of_runs_to_come_in_progress_and_growth(account: Account) -> None:
    told = account.run("show", "sla", "--home", account.home, "--json").json()
    assert set(told) == {"next_runs", "in_flight", "growing", "compliance"}
    assert all(0.0 <= row["p_miss"] <= 1.0 for row in told["next_runs"])
    seen = account.run("show", "sla", "--home", account.home)
    assert seen.code == 0, seen.err
    assert "Runs in progress" in seen.out


def test_a_job_is_a_picture(account: Account, tmp_path: Path) -> None:
    jobs = account.run("show", "jobs", "--home", account.home, "--json", "--limit", "1000").json()
    job = next(row for row in jobs if row["runs"] > 5 and row["sla_kind"])
    file = tmp_path / "pictures" / "job.svg"
    seen = account.run("show", "job", job["series_key"], "--svg", file, "--home", account.home)
    assert seen.code == 0, seen.err
    assert "SLA leaves" in seen.out
    assert "in time" in seen.out
    drawn = ElementTree.parse(file).getroot()
    assert drawn.tag.endswith("svg")
    words = " ".join(drawn.itertext())
    assert "SLA leaves" in words
    told = account.run("show", "job", job["series_key"], "--home", account.home, "--json").json()
    assert {"next_runs", "in_flight", "growth", "proposed_sla"} <= set(told)
    assert END[:4] == "2026"
