"""Answers at any width, in pipes, and where a terminal knows no sign but ASCII."""

import os
import shlex
import subprocess
import sys

import pytest
from rich.cells import cell_len

from tests.e2e.account import Account

_LISTS = (
    ("show", "night"),
    ("show", "jobs"),
    ("show", "sla"),
    ("show", "anomalies"),
    ("show", "rightsizing", "--all"),
    ("show", "costs"),
    ("show", "costs", "--by", "job"),
    ("show", "quality"),
    ("sla", "list"),
    ("sla", "propose"),
)


def _alone(
    account: Account, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """The command in a process and an environment of its own."""
    return subprocess.run(
        [sys.executable, "-m", "pipeline.cli", *arguments, "--home", str(account.home)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("command", _LISTS, ids=" ".join)
def test_nothing_is_cut_and_no_line_is_too_long(
    account: Account, command: tuple[str, ...], width: int
) -> None:
    seen = account.run(*command, "--home", account.home, width=width)
    assert seen.code == 0, seen.err
    # Only a command, which is to be copied whole, may be longer.
    too_long = [line for line in seen.out.splitlines() if cell_len(line) > width]
    assert [line for line in too_long if "rightrun " not in line] == []
    jobs = account.run("show", "jobs", "--home", account.home, "--json").json()
    keys = {job["series_key"] for job in jobs}
    listed = {key for key in keys if key in seen.out}
    if command[:2] == ("show", "jobs"):
        assert len(listed) == min(len(keys), 50)


def test_a_list_that_is_cut_says_of_how_many_and_how_to_see_all(account: Account) -> None:
    total = len(account.run("show", "jobs", "--home", account.home, "--json").json())
    cut = account.run("show", "jobs", "--home", account.home, "--limit", "3")
    last = cut.out.splitlines()[-1]
    assert last.startswith(f"3 of {total}; all: rightrun show jobs --limit {total} --home ")
    everything = shlex.split(last.split("rightrun ")[1])
    assert account.run(*everything).out.count("\n") >= total


def test_the_command_that_shows_all_keeps_what_was_asked_for(account: Account) -> None:
    jobs = account.run("show", "jobs", "--home", account.home, "--json").json()
    state = "active"
    total = sum(job["state"] == state for job in jobs)
    cut = account.run(
        "show",
        "jobs",
        "--home",
        account.home,
        "--state",
        state,
        "--sort",
        "runs:desc",
        "--limit",
        "1",
    )
    last = cut.out.splitlines()[-1]
    assert last.startswith(f"1 of {total}; all: ")
    everything = account.run(*shlex.split(last.split("rightrun ")[1]), "--json")
    assert [job["series_key"] for job in everything.json()] == [
        job["series_key"]
        for job in sorted(jobs, key=lambda job: -job["runs"])
        if job["state"] == state
    ]
    wrong = account.run("show", "jobs", "--home", account.home, "--state", "activ")
    assert (wrong.code, "did you mean active" in wrong.err) == (2, True)


def test_an_output_that_is_full_is_one_sentence(account: Account) -> None:
    done = subprocess.run(
        f'"{sys.executable}" -m pipeline.cli show jobs --home "{account.home}" > /dev/full',
        shell=True,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (2, "rightrun: No space left on device: make room\n")


def test_a_query_shows_every_column_it_asks_for(account: Account) -> None:
    query = "select cast(null as int) as nothing, 1234.5678 as amount, cast('nan' as double) as odd"
    seen = account.run("sql", query, "--home", account.home).out
    assert "NULL" in seen
    assert "1234.5678" in seen
    assert "nan" in seen
    row = account.run("sql", query, "--home", account.home, "--json").json()
    assert row == [{"nothing": None, "amount": 1234.5678, "odd": None}]


def test_scripts_get_everything_in_the_form_they_ask_for(account: Account) -> None:
    rows = account.run("show", "costs", "--by", "job", "--home", account.home, "--json").json()
    assert all(isinstance(row["list_cost"], float) for row in rows)
    text = account.run("show", "costs", "--by", "job", "--home", account.home, "--csv").out
    assert len(text.splitlines()) == 1 + len(rows)
    two = account.run("show", "costs", "--home", account.home, "--csv", "--json")
    assert two.code == 2
    several = account.run("show", "sla", "--home", account.home, "--csv")
    assert (several.code, "use --json" in several.err) == (2, True)


def test_what_changed_since_the_night_before_is_no_list_of_a_first_night(account: Account) -> None:
    assert account.run("show", "changes", "--home", account.home, "--json").json() == []


def test_the_version_and_short_help_are_there(account: Account) -> None:
    assert account.run("--version").out.startswith("rightrun 0.")
    assert "show" in account.run("-h").out
    assert "--team" in account.run("show", "failing", "-h").out


def test_ascii_terminals_and_closed_pipes_end_quietly(account: Account) -> None:
    ascii_only = _alone(account, "show", "jobs", PYTHONIOENCODING="ascii", COLUMNS="80")
    assert (ascii_only.returncode, ascii_only.stderr) == (0, "")
    assert ascii_only.stdout.isascii()
    piped = subprocess.run(
        f'"{sys.executable}" -m pipeline.cli show jobs --csv --home "{account.home}" | head -n 1',
        shell=True,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert piped.stdout.startswith("workspace_id,series_key")
    assert piped.stderr == ""


def test_an_answer_loads_no_engine_and_no_statistics(account: Account) -> None:
    code = (
        "import sys; sys.argv = ['rightrun', 'show', 'sla', '--home', sys.argv[1]]\n"
        "from pipeline.cli.app import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'pyspark', 'pysail', 'pyarrow', 'numpy', 'pandas', 'scipy', 'numba', 'mlflow', 'matplotlib', 'sqlglot'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(account.home)],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert done.stderr.strip() == "[]"
    assert "Next runs" in done.stdout


def test_the_truth_can_be_asked_beside_the_tables(account: Account) -> None:
    query = (
        "select count(*) as runs, count(t.run_id) as simulated from silver.runs r"
        " left join truth.runs t on t.run_id = r.run_id"
    )
    done = account.run("sql", query, "--home", account.home, "--json")
    assert done.code == 0, done.err
    (row,) = done.json()
    assert row["runs"] == row["simulated"] > 0
