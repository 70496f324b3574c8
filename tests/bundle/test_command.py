"""The commands, as a shell runs them in an empty folder with nothing in the environment."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from typer.core import TyperGroup
from typer.main import get_command

from pipeline.bundle.lint.documents import read_documents
from pipeline.bundle.workflow import TRACK
from pipeline.cli.app import app, main
from pipeline.nightly import night
from tests.e2e.account import Ran, rightrun

WRITTEN = {
    ".github/workflows/rightrun.yml",
    "databricks.yml",
    "rightrun.yml",
    "resources/nightly.yml",
    "resources/homes/prod/rightrun.yml",
    "resources/sql/prod.sql",
}


def alone(*arguments: str, cwd: Path) -> Ran:
    """In a process of its own, which finds no home, no settings and no credentials."""
    ended = subprocess.run(
        [sys.executable, "-m", "pipeline.cli", *arguments],
        cwd=cwd,
        env={"PATH": os.defpath, "PYTHONWARNINGS": "error", "LANG": "C"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return Ran(ended.returncode, ended.stdout, ended.stderr)


def test_an_empty_folder_becomes_a_bundle_in_order(tmp_path: Path) -> None:
    written = alone("bundle", "init", cwd=tmp_path)
    assert (written.code, written.err) == (0, "")
    assert {*written.out.split("\n")} >= WRITTEN
    checked = alone("bundle", "check", "--json", cwd=tmp_path)
    assert (checked.code, checked.err) == (0, "")
    assert checked.json()["faults"] == []


def test_a_bundle_is_not_written_over(folder: Path) -> None:
    again = rightrun("bundle", "init", cwd=folder)
    assert (again.code, again.out) == (2, "")
    assert "databricks.yml is there already" in again.err


def test_settings_that_are_there_stay_and_name_the_catalog(tmp_path: Path) -> None:
    (tmp_path / "rightrun.yml").write_text("catalog: watch\nslas: {'1/2': 45m}\n")
    assert rightrun("bundle", "init", cwd=tmp_path).code == 0
    home = yaml.safe_load((tmp_path / "resources/homes/dev/rightrun.yml").read_text())
    assert (home["catalog"], home["slas"]) == ("watch_dev", {"1/2": "45m"})
    assert (tmp_path / "rightrun.yml").read_text().startswith("catalog: watch\n")
    assert rightrun("bundle", "check", cwd=tmp_path).code == 0


def test_what_was_changed_is_generated_again_and_nothing_else(folder: Path) -> None:
    assert rightrun("bundle", "generate", cwd=folder).out == "All files are current.\n"
    root = (folder / "databricks.yml").read_text(encoding="utf-8")
    (folder / "databricks.yml").write_text(root.replace("rightrun_staging", "rehearsal"))
    stale = rightrun("bundle", "check", "--json", cwd=folder)
    assert stale.code == 1
    stale_names = {fault["file"] for fault in stale.json()["faults"]}
    generated = rightrun("bundle", "generate", cwd=folder)
    assert {*generated.out.split()} == stale_names
    assert rightrun("bundle", "check", cwd=folder).code == 0


def test_files_of_a_target_that_is_gone_are_removed(folder: Path) -> None:
    root = yaml.safe_load((folder / "databricks.yml").read_text(encoding="utf-8"))
    del root["targets"]["staging"]
    (folder / "databricks.yml").write_text(yaml.safe_dump(root), encoding="utf-8")
    (folder / "resources/own.yml").write_text("resources: {}\n")
    (folder / "dist/rightrun-0.0.1-py3-none-any.whl").write_text("an older release")
    assert rightrun("bundle", "generate", cwd=folder).code == 0
    assert not (folder / "resources/homes/staging").exists()
    assert (folder / "resources/own.yml").exists()
    assert len([*(folder / "dist").iterdir()]) == 1


def test_a_fault_is_a_sentence_with_its_place_and_exit_code_1(folder: Path) -> None:
    root = (folder / "databricks.yml").read_text(encoding="utf-8")
    (folder / "databricks.yml").write_text(root.replace("root_path:", "rot_path:"))
    checked = rightrun("bundle", "check", cwd=folder)
    assert checked.code == 1
    assert "databricks.yml: targets.prod.workspace: production needs a root_path" in checked.out


@pytest.mark.parametrize("command", ["generate", "check"])
def test_a_folder_without_a_bundle_is_for_the_user_to_mend(command: str, tmp_path: Path) -> None:
    ended = rightrun("bundle", command, cwd=tmp_path)
    assert (ended.code, ended.out) == (2, "")
    assert "run rightrun bundle init first" in ended.err


def test_every_part_goes_into_yaml_and_comes_back(whole: Path) -> None:
    for file in whole.rglob("*.yml"):
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
        assert json.loads(json.dumps(document)) == document
        assert "&id" not in file.read_text(encoding="utf-8")


def test_a_command_that_succeeds_returns(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # On Databricks a task whose entry point ends by SystemExit has failed, whatever its code.
    monkeypatch.chdir(whole)
    monkeypatch.setattr(sys, "argv", ["rightrun", "bundle", "check"])
    assert main() is None


def test_every_task_is_called_in_words_that_its_command_knows(whole: Path) -> None:
    commands = get_command(app).commands
    for job in read_documents(whole).resources("jobs"):
        for wheel in filter(None, (task.get("python_wheel_task") for task in job.value["tasks"])):
            name, *words = wheel["parameters"]
            command = commands[name]
            if isinstance(command, TyperGroup):
                name, *words = words
                command = command.commands[name]
            context = command.make_context(name, words)
            assert context.params["engine"] == "databricks"
            assert context.params.get("as_of", "") in ("", "{{job.parameters.as_of}}")


def test_a_night_of_tasks_ends_with_the_stage_that_ends_a_night() -> None:
    assert TRACK == night.TRACK
