"""Reports by the real command: each figure is Gold's, added up anew here, and the whole is its teams."""

import json
import re
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from tests.alerts.certificates import make_certificate
from tests.alerts.mailboxes import mailbox
from tests.e2e.account import Account, rightrun

MONDAY = date(2026, 1, 19)
DAYS = [MONDAY + timedelta(days=number) for number in range(7)]


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("out") / "reports of the week"


@pytest.fixture(scope="module")
def written(account: Account, out: Path) -> dict[str | None, dict[str, Any]]:
    """What the command says that it has written, by team."""
    ran = rightrun(
        *("report", "weekly", "--home", account.home, "--out", out, "--json"), cwd=account.root
    )
    assert (ran.code, ran.err) == (0, "")
    return {one["team"]: one for one in ran.json()}


@pytest.fixture(scope="module")
def gold(account: Account) -> dict[str, list[dict[str, Any]]]:
    names = ("jobs", "job_daily", "sla_daily", "team_cost_daily", "failures_daily", "job_trends")
    folder = account.home / "gold"
    return {name: DeltaTable(folder / name).to_pyarrow_table().to_pylist() for name in names}


def test_it_writes_two_files_for_the_account_and_for_each_team(
    written: dict[str | None, dict[str, Any]], out: Path
) -> None:
    files = [Path(file) for one in written.values() for file in one["files"]]
    assert sorted(files) == sorted(out.iterdir())
    assert [file.name for file in files[:2]] == [
        "rightrun-weekly-2026-W04.html",
        "rightrun-weekly-2026-W04.txt",
    ]
    assert len(written) > 3


def test_figures_are_those_of_gold(
    written: dict[str | None, dict[str, Any]], gold: dict[str, list[dict[str, Any]]]
) -> None:
    team_of = {job["series_key"]: job["team"] or "" for job in gold["jobs"]}
    (last_cost_day,) = {row["last_cost_day"] for row in gold["job_trends"]}
    counts: dict[tuple[str, str], int] = defaultdict(int)
    costs: dict[str, Decimal] = defaultdict(Decimal)
    for row in gold["job_daily"]:
        if row["run_date"] in DAYS:
            for name in ("runs", "succeeded", "failed", "timed_out"):
                counts[team_of[row["series_key"]], name] += row[name]
    for row in gold["sla_daily"]:
        if row["run_date"] in DAYS:
            for name in ("met", "missed", "pending"):
                counts[team_of[row["series_key"]], name] += row[name]
    for row in gold["team_cost_daily"]:
        if row["usage_date"] in DAYS and row["usage_date"] <= last_cost_day:
            costs[row["team"]] += row["list_cost"]
    teams = {team for team, _ in counts} | set(costs)
    assert set(written) == {None} | teams - {""}
    for team, one in written.items():
        whose = teams if team is None else {team}
        outcomes = one["facts"]["outcomes"]
        for name in ("runs", "succeeded", "met", "missed", "pending"):
            assert outcomes[name] == sum(counts[each, name] for each in whose)
        failed = sum(counts[each, name] for each in whose for name in ("failed", "timed_out"))
        assert outcomes["failed"] == failed
        assert one["facts"]["costs"]["list_cost"] == float(sum(costs[each] for each in whose))
        assert one["facts"]["costs"]["days"] == sum(day <= last_cost_day for day in DAYS)
    assert written[None]["facts"]["outcomes"]["runs"] > 100
    assert sum(costs.values()) > 0


def test_lists_are_those_of_gold(
    written: dict[str | None, dict[str, Any]], gold: dict[str, list[dict[str, Any]]]
) -> None:
    missed: dict[str, int] = defaultdict(int)
    failed: dict[str, int] = defaultdict(int)
    for row in gold["sla_daily"]:
        missed[row["series_key"]] += row["missed"] if row["run_date"] in DAYS else 0
    for row in gold["failures_daily"]:
        if row["run_date"] in DAYS:
            failed[row["series_key"]] += row["runs_failed"]
    facts = written[None]["facts"]
    assert {job["series_key"]: job["missed"] for job in facts["misses"]} == {
        key: count for key, count in missed.items() if count
    }
    assert {job["series_key"]: job["failed_runs"] for job in facts["failures"]} == failed


def test_both_files_say_the_same_and_only_the_facts(
    written: dict[str | None, dict[str, Any]],
) -> None:
    for one in written.values():
        page, mail = (Path(file).read_text(encoding="utf-8") for file in one["files"])
        assert "<script" not in page
        # Nothing is asked for: what has an address are links to jobs.
        assert not re.search(r"""src=|url\(|@import|<link|<base""", page)
        outcomes, costs = one["facts"]["outcomes"], one["facts"]["costs"]
        ended = outcomes["succeeded"] + outcomes["failed"]
        words = " ".join(mail.split())
        for text in (page, words):
            assert f"{costs['list_cost']:,.2f} USD" in text
            if ended:
                assert f"the {ended:,} run" in text
        for day in one["facts"]["days"]:
            assert f"{date.fromisoformat(day['day']):%a}" in mail
        assert all(len(line) <= 80 for line in mail.splitlines())


def test_one_team_is_written_alone_and_again_without_a_difference(
    account: Account, written: dict[str | None, dict[str, Any]], tmp_path: Path
) -> None:
    team = next(team for team in written if team)
    words = ("report", "weekly", "--home", account.home, "--team", team.upper())
    ran = rightrun(*words, "--out", tmp_path / "new", cwd=account.root)
    assert ran.code == 0
    assert len(ran.out.split("\n")) == 3
    for file in written[team]["files"]:
        again = tmp_path / "new" / Path(file).name
        assert again.read_bytes() == Path(file).read_bytes()


def test_a_month_of_which_nothing_is_known_says_so(account: Account, tmp_path: Path) -> None:
    ran = rightrun(
        *("report", "monthly", "--home", account.home, "--out", tmp_path), cwd=account.root
    )
    assert ran.code == 0
    assert [file.name for file in sorted(tmp_path.iterdir())] == [
        "rightrun-monthly-2025-12.html",
        "rightrun-monthly-2025-12.txt",
    ]
    mail = " ".join((tmp_path / "rightrun-monthly-2025-12.txt").read_text("utf-8").split())
    assert "Nothing is known of runs in this month: what is known begins on " in mail
    assert "no day of this month is billed in full" in mail


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("weekly", "--team", "nobody's"), 'there is no team "nobody\'s"'),
        (("weekly", "--home", "nowhere"), "holds no tables yet: run rightrun nightly first"),
        (("weekly", "--out", "/proc/none"), "name another folder with --out"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    account: Account, words: tuple[str, ...], sentence: str
) -> None:
    home = () if "--home" in words else ("--home", account.home)
    ran = rightrun("report", *words, *home, cwd=account.root)
    assert (ran.code, ran.out) == (2, "")
    assert sentence in " ".join(ran.err.split())
    assert "Traceback" not in ran.err


def test_a_report_is_sent_by_mail_once(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with mailbox(certificate) as box:
        channel = {
            "kind": "email",
            "host": "localhost",
            "port": box.port,
            "sender": "rightrun@example.com",
            "to": ["ana@example.com"],
            "allow_private": True,
        }
        monkeypatch.setenv("RIGHTRUN_CHANNELS", json.dumps({"mail": channel}))
        out = tmp_path / "out"
        words = ("report", "weekly", "--home", account.home, "--out", out, "--send")
        assert rightrun(*words, "nobody", cwd=account.root).code == 2
        assert not out.exists()
        told = []
        for _ in range(2):
            ran = rightrun(*words, "mail", cwd=account.root)
            assert (ran.code, ran.err) == (0, "")
            told.append(ran.out.splitlines()[-1])
            ran = rightrun("alerts", "deliver", "--home", account.home, cwd=account.root)
            assert (ran.code, ran.err) == (0, "")
    assert "it goes out with rightrun alerts deliver" in told[0]
    assert "is not sent twice" in told[1]
    (mail,) = box.mails
    assert mail["Subject"].startswith("RightRun: Week of ")
    parts = {kind: mail.get_body((kind,)) for kind in ("plain", "html")}
    for kind, ending in (("plain", "txt"), ("html", "html")):
        part = parts[kind]
        assert part is not None
        written = (out / f"rightrun-weekly-2026-W04.{ending}").read_text(encoding="utf-8")
        assert part.get_content().replace("\r\n", "\n").strip() == written.strip()
