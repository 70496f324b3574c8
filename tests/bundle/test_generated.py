"""What is generated: from the graph, from the tables, and the same each time."""

import re
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from pipeline.bundle.check import check_bundle
from pipeline.bundle.dashboards import HAS_WAREHOUSE
from pipeline.bundle.environment import PINS, wheel_name
from pipeline.bundle.files import generated_files, root_text
from pipeline.bundle.grants import SCHEMAS
from pipeline.bundle.project import read_project
from pipeline.bundle.workflow import TRACK, nightly, reports, stage_needs
from pipeline.graph.graph import GRAPH, Graph
from pipeline.settings import Settings, load_settings
from pipeline.tables.catalogue import TABLES
from pipeline.tracking.families import FAMILIES

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
BASE = (ROOT / "tests/environment/serverless-5.txt").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def resources(folder: Path, kind: str) -> dict[str, dict]:
    declared: dict[str, dict] = {}
    for file in sorted((folder / "resources").glob("*.yml")):
        declared |= yaml.safe_load(file.read_text(encoding="utf-8"))["resources"].get(kind, {})
    return declared


def test_the_bundle_of_this_repository_is_current_and_in_order() -> None:
    assert check_bundle(ROOT).faults == ()
    written = (ROOT / "databricks.yml").read_text(encoding="utf-8")
    assert written == root_text(Settings().catalog, builds_wheel=True)


def test_a_bundle_just_made_is_in_order(whole: Path) -> None:
    report = check_bundle(whole)
    assert report.faults == ()
    assert report.resources == 21
    assert [part.split(" by ")[0] for part in report.unchecked] == ["the whole"]


def test_generating_twice_gives_the_same_text(whole: Path) -> None:
    project = read_project(whole)
    assert generated_files(project) == generated_files(project)


def test_a_night_has_a_task_for_each_stage_and_one_that_tracks_it_and_a_dashboard() -> None:
    *tasks, deliver, has_warehouse, refresh = nightly(GRAPH)["tasks"]
    assert [task["task_key"] for task in tasks] == [*GRAPH.stages, TRACK]
    assert has_warehouse["depends_on"] == tasks[-1]["depends_on"]
    assert has_warehouse["condition_task"]["left"] == "id:${var.warehouse_id}"
    assert refresh["depends_on"] == [{"task_key": HAS_WAREHOUSE, "outcome": "true"}]
    assert refresh["dashboard_task"]["subscription"]["subscribers"] == "${var.subscribers}"
    assert (deliver["depends_on"], deliver["run_if"]) == ([{"task_key": TRACK}], "ALL_DONE")
    assert deliver["python_wheel_task"]["parameters"][:2] == ["alerts", "deliver"]
    for task in tasks:
        words = task["python_wheel_task"]["parameters"]
        assert words[:3] == ["nightly", "--only", task["task_key"]]
        assert words[words.index("--night") + 1] == "{{job.run_id}}"


def test_a_stage_waits_for_all_that_it_reads_and_names_none_twice() -> None:
    needs = stage_needs(GRAPH)

    def reached(stage: str) -> set[str]:
        return {*needs[stage]}.union(*(reached(before) for before in needs[stage]))

    for step in GRAPH.steps:
        read = {str(table.layer) for table in step.reads} & needs.keys()
        assert read - {str(step.stage)} <= reached(str(step.stage)), step.name
    for stage, before in needs.items():
        for other in before:
            assert other not in {*()}.union(*(reached(one) for one in before if one != other)), (
                stage
            )


def test_stages_that_need_nothing_of_each_other_do_not_wait_for_each_other() -> None:
    # Without gold's steps nothing leads from bronze to what reads gold.
    steps = [step for step in GRAPH.steps if str(step.stage) in ("silver", "gold")]
    needs = stage_needs(Graph(steps))
    assert needs == {"bronze": (), "silver": ("bronze",), "gold": ("silver",)}
    gold_alone = stage_needs(
        Graph([step for step in steps if step.writes.full_name == "gold.jobs"])
    )
    assert gold_alone["bronze"] == ()


def test_the_watch_is_paused_and_mails_nobody_of_each_look(whole: Path) -> None:
    watch = resources(whole, "jobs")["watch"]
    assert watch["schedule"]["pause_status"] == "PAUSED"
    assert not [key for key in watch if key.endswith("_notifications")]
    assert (watch["max_concurrent_runs"], watch["queue"]) == (1, {"enabled": False})
    (task,) = watch["tasks"]
    assert (task["max_retries"], task["timeout_seconds"]) == (0, watch["timeout_seconds"])


def test_every_task_may_be_tried_again_and_one_night_runs_at_a_time(whole: Path) -> None:
    for name, job in resources(whole, "jobs").items():
        if name == "watch":
            continue
        assert (job["max_concurrent_runs"], job["queue"]) == (1, {"enabled": True}), name
        for task in filter(lambda task: "python_wheel_task" in task, job["tasks"]):
            assert (task["max_retries"], task["retry_on_timeout"]) == (2, False)
            assert 0 < task["timeout_seconds"] <= job["timeout_seconds"]
        assert job["email_notifications"]["on_failure"] == ["${var.notification_email}"]
        assert job["webhook_notifications"]["on_failure"] == "${var.destinations}"
        assert job["health"]["rules"][0]["value"] < job["timeout_seconds"]
        # It is for whoever wants it: all others run where their target lets them.
        pauses = {"deliver": "PAUSED"}
        assert job.get("schedule", {}).get("pause_status") == pauses.get(name)


def test_each_schema_that_a_night_writes_is_declared_with_a_comment(whole: Path) -> None:
    schemas = resources(whole, "schemas")
    assert {table.layer.schema for table in TABLES} | {"staging"} == schemas.keys() == {*SCHEMAS}
    assert all(schema["comment"] for schema in schemas.values())


def test_readers_are_given_gold_and_ops_and_nothing_else(whole: Path) -> None:
    granted = {
        name: {grant["principal"]: grant["privileges"] for grant in schema["grants"]}
        for name, schema in resources(whole, "schemas").items()
    }
    readable = {name for name, grants in granted.items() if "${var.readers}" in grants}
    assert readable == {"gold", "ops"}
    for name in readable:
        assert granted[name]["${var.readers}"] == ["USE_SCHEMA", "SELECT"]
    other = [*resources(whole, "volumes").values(), *resources(whole, "registered_models").values()]
    assert {grant["principal"] for one in other for grant in one["grants"]} == {"${var.run_as}"}
    every = {
        privilege for grants in granted.values() for one in grants.values() for privilege in one
    }
    assert not every & {"ALL_PRIVILEGES", "MANAGE"}


def test_there_is_a_registered_model_for_each_family(whole: Path) -> None:
    assert resources(whole, "registered_models").keys() == {family.name for family in FAMILIES}


def test_each_target_has_settings_that_a_night_can_load(whole: Path) -> None:
    homes = {home.name: load_settings(home) for home in (whole / "resources/homes").iterdir()}
    assert homes.keys() == {"dev", "staging", "prod"}
    assert len({home.catalog for home in homes.values()}) == 3
    assert len({home.experiment for home in homes.values()}) == 3
    for home in homes.values():
        assert home.model_prefix == f"{home.catalog}.model"


def test_variables_of_this_shell_have_no_say_in_what_is_deployed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = generated_files(read_project(folder))
    monkeypatch.setenv("RIGHTRUN_CATALOG", "another")
    monkeypatch.setenv("RIGHTRUN_EXPERIMENT", "/Shared/elsewhere")
    assert generated_files(read_project(folder)) == before


def test_catalogs_by_region_reach_the_settings_of_their_target_and_its_grants(folder: Path) -> None:
    root = yaml.safe_load((folder / "databricks.yml").read_text(encoding="utf-8"))
    root["targets"]["prod"]["variables"] |= {
        "sources": {"eu": "system", "us": "us_share.bronze"},
        "run_as": "0000-1111",
    }
    (folder / "databricks.yml").write_text(yaml.safe_dump(root), encoding="utf-8")
    files = generated_files(read_project(folder))
    home = yaml.safe_load(files["resources/homes/prod/rightrun.yml"])
    assert home["system_catalog"] == {"eu": "system", "us": "us_share.bronze"}
    sql = files["resources/sql/prod.sql"]
    assert "GRANT SELECT ON TABLE `system`.`lakeflow`.`jobs` TO `0000-1111`;" in sql
    assert "GRANT SELECT ON TABLE `us_share`.`bronze`.`jobs` TO `0000-1111`;" in sql


def test_what_is_pinned_is_what_was_tested() -> None:
    locked = dict(re.findall(r"^([a-z0-9-]+)==(\S+) \\$", LOCK, re.MULTILINE))
    # The base holds its typing-extensions, so what needs a newer one is older there.
    older = {"pydantic-settings", "typing-inspection"}
    assert {name for name, pin in PINS.items() if locked[name] != pin} <= older


def test_what_is_pinned_and_the_base_are_all_that_the_wheel_asks_for() -> None:
    base = dict(re.findall(r"^([a-z0-9-]+)==(\S+)$", BASE, re.MULTILINE))
    assert not PINS.keys() & base.keys()
    requirements = [Requirement(line) for line in PROJECT["dependencies"]]
    versions = base | PINS
    assert [one.name for one in requirements if versions[one.name] not in one.specifier] == []


def test_the_wheel_has_what_a_task_needs(whole: Path) -> None:
    with zipfile.ZipFile(whole / "dist" / wheel_name()) as wheel:
        names = wheel.namelist()
    assert {name.split("/")[0] for name in names} >= {"optimizer", "pipeline", "simulator"}
    assert "pipeline/models/duration_forecast.py" in names


def test_reports_are_sent_where_a_channel_is_called_so(folder: Path) -> None:
    words = {
        is_named: [
            job["tasks"][0]["python_wheel_task"]["parameters"]
            for job in reports(["reports"] if is_named else ["team"]).values()
        ]
        for is_named in (True, False)
    }
    assert all(one[-2:] == ["--send", "reports"] for one in words[True])
    assert all("--send" not in one for one in words[False])
    # Settings go to each target as they are written: by reference.
    (folder / "rightrun.yml").write_text(
        'channels: {reports: {kind: slack, url: "${secret:rightrun-prod/slack}"}}\n'
    )
    files = generated_files(read_project(folder))
    assert "--send" in files["resources/reports.yml"]
    assert "${secret:rightrun-prod/slack}" in files["resources/homes/prod/rightrun.yml"]
