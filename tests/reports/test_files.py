"""The files of a report: names that no team can break out of, and pages that no name can break."""

from html.parser import HTMLParser
from pathlib import Path

import pytest
from rich.cells import cell_len

from pipeline.errors import UserError
from pipeline.reports.files import file_stem, write_report
from pipeline.tables import gold
from pipeline.tables.declaration import Table
from tests.reports.homes import LAST_WEEK, account, cost, job, job_cost, runs, slas
from tests.strategies.tables import Row, at, on

HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "{{ 7 * 7 }} ${jndi} '\"&amp;`",
    "x" * 300,
    "\u202egnp.exe\u2066 مرحبا \u200f",
    "two\nlines\r\x1b[31mred\x00",
    "../../etc/passwd",
)


class _Page(HTMLParser):
    """The tags of a page, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def _rows(number: int, name: str) -> dict[Table, list[Row]]:
    """A job with this name in all that a report shows of it."""
    key = {"workspace_id": "w", "series_key": f"w/{number}"}
    fails = {"is_failing": True, "consecutive_failures": 1, "failing_since": at(13)}
    caused = {"run_date": on(LAST_WEEK), "failed_task_key": name, "runs_failed": 1}
    return {
        gold.JOBS: [job(number, name=name, team=name, url="javascript:alert(1)")],
        gold.JOB_DAILY: [runs(number, 0, succeeded=1), runs(number, LAST_WEEK, failed=1)],
        gold.SLA_DAILY: [slas(number, LAST_WEEK, missed=1)],
        gold.TEAM_COST_DAILY: [cost(name, day, "1") for day in range(14)],
        gold.COST_DAILY: [job_cost(number, LAST_WEEK, "3")],
        gold.FAILURES_DAILY: [key | caused | {"termination_code": name}],
        gold.JOB_HEALTH: [key | fails | {"last_termination_code": name}],
    }


def test_a_hostile_name_is_text(tmp_path: Path) -> None:
    rows: dict[Table, list[Row]] = {}
    for number, name in enumerate(HOSTILE):
        for table, own in _rows(number, name).items():
            rows.setdefault(table, []).extend(own)
    whole = account(tmp_path / "home", rows)
    assert set(whole.teams) == set(HOSTILE)
    folder = tmp_path / "out"
    written = [write_report(whole.facts(team), folder) for team in [None, *HOSTILE]]
    assert sorted(folder.iterdir()) == sorted(file for files in written for file in files)
    for page_file, mail_file in written:
        page = _Page()
        page.feed(page_file.read_text(encoding="utf-8"))
        assert not {"script", "img", "iframe", "link", "object", "form", "a"} & set(page.tags)
        assert not [key for key, _ in page.attributes if key.startswith("on") or key == "src"]
        mail = mail_file.read_text(encoding="utf-8")
        for words in ("".join(page.words), mail):
            assert all(sign.isprintable() or sign == "\n" for sign in words)
            assert "49" not in words
        assert all(cell_len(line) <= 80 for line in mail.splitlines())


def test_each_team_has_files_of_its_own(tmp_path: Path) -> None:
    teams = ["a/b", "a-b", "A-b", "a b", "..", "数据", "データ", "x" * 300, "x" * 299, "con"]
    rows = {gold.TEAM_COST_DAILY: [cost(team, LAST_WEEK, "1") for team in teams]}
    whole = account(tmp_path, rows)
    stems = [file_stem(whole.facts(team)) for team in [None, *teams]]
    assert stems[0] == "rightrun-weekly-2026-W14"
    assert len({stem.lower() for stem in stems}) == len(stems)
    assert "rightrun-weekly-2026-W14-a-b" in stems
    assert all(set(stem) <= set("abcdefghijklmnopqrstuvwxyz0123456789-W") for stem in stems)
    assert max(map(len, stems)) < 100


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    facts = account(tmp_path / "home", {}).facts()
    with pytest.raises(UserError, match=r"cannot be written to .*--out"):
        write_report(facts, tmp_path / "file")
