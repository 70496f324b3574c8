"""Each kind of fault is found, in the file and at the place where it is, in one sentence."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.bundle.check import check_bundle
from pipeline.bundle.lint.fault import Fault
from pipeline.errors import UserError

ROOT, NIGHT, CATALOG = "databricks.yml", "resources/nightly.yml", "resources/unity_catalog.yml"
DASHBOARDS, DASHBOARD = "resources/dashboards.yml", "resources/dashboards/rightrun.lvdash.json"
Damage = Callable[[dict[str, Any]], object]


def job(document: dict[str, Any]) -> dict[str, Any]:
    part: dict[str, Any] = document["resources"]["jobs"]["nightly"]
    return part


def task(document: dict[str, Any], number: int = 0) -> dict[str, Any]:
    part: dict[str, Any] = job(document)["tasks"][number]
    return part


def environment(document: dict[str, Any]) -> dict[str, Any]:
    part: dict[str, Any] = job(document)["environments"][0]["spec"]
    return part


def prod(document: dict[str, Any]) -> dict[str, Any]:
    part: dict[str, Any] = document["targets"]["prod"]
    return part


def dashboard(document: dict[str, Any]) -> dict[str, Any]:
    part: dict[str, Any] = document["resources"]["dashboards"]["rightrun"]
    return part


def gold(document: dict[str, Any]) -> dict[str, Any]:
    part: dict[str, Any] = document["resources"]["schemas"]["gold"]
    return part


# What is done to which file, where the fault is said to be, and words of its sentence.
FAULTS: dict[str, tuple[str, Damage, str, str]] = {
    "a variable that nobody declares": (
        *(NIGHT, lambda d: job(d).update(name="${var.nmae}")),
        *("resources.jobs.nightly.name", "no variable nmae"),
    ),
    "a dashboard with the workspace's own mark": (
        *(DASHBOARDS, lambda d: dashboard(d).update(etag="1")),
        *("resources.dashboards.rightrun.etag", "no deployment takes it"),
    ),
    "a dashboard whose file is not there": (
        *(DASHBOARDS, lambda d: dashboard(d).update(file_path="dashboards/none.lvdash.json")),
        *("resources.dashboards.rightrun.file_path", "there is no file"),
    ),
    "a dashboard without a file": (
        *(DASHBOARDS, lambda d: dashboard(d).pop("file_path")),
        *("resources.dashboards.rightrun", "has no file_path"),
    ),
    "a resource that nobody declares": (
        *(CATALOG, lambda d: gold(d).update(comment="${resources.schemas.golden.name}")),
        *("resources.schemas.gold.comment", "no resource schemas.golden"),
    ),
    "a field of the bundle that is none": (
        *(NIGHT, lambda d: job(d).update(name="${bundle.nmae}")),
        *("resources.jobs.nightly.name", "leads nowhere"),
    ),
    "a reference to an environment variable": (
        *(NIGHT, lambda d: job(d).update(name="${HOME}")),
        *("resources.jobs.nightly.name", "leads nowhere"),
    ),
    "a reference that is not closed": (
        *(NIGHT, lambda d: job(d).update(name="${var.catalog")),
        *("resources.jobs.nightly.name", "not closed"),
    ),
    "a reference in a name": (
        *(CATALOG, lambda d: gold(d).update({"${var.x}": "1"})),
        *("resources.schemas.gold.${var.x}", "no variable x"),
    ),
    "a part of a variable that it has not": (
        *(NIGHT, lambda d: job(d).update(name="${var.sources.mars}")),
        *("resources.jobs.nightly.name", "has no mars"),
    ),
    "a job parameter that the job has not": (
        *(NIGHT, lambda d: job(d)["parameters"].pop(0)),
        *("resources.jobs.nightly.tasks[0].python_wheel_task.parameters[8]", "no parameter home"),
    ),
    "a value that no run knows": (
        *(NIGHT, lambda d: task(d)["python_wheel_task"]["parameters"].append("{{run.id}}")),
        *(
            "resources.jobs.nightly.tasks[0].python_wheel_task.parameters[13]",
            "no value that a run knows",
        ),
    ),
    "a value that is not closed": (
        *(NIGHT, lambda d: task(d)["python_wheel_task"]["parameters"].append("{{job.id")),
        *("resources.jobs.nightly.tasks[0].python_wheel_task.parameters[13]", "not closed"),
    ),
    "a value of a task that is not there": (
        *(NIGHT, lambda d: job(d).update(description="{{tasks.copper.result_state}}")),
        *("resources.jobs.nightly.description", "no task copper"),
    ),
    "a task before it that is not there": (
        *(NIGHT, lambda d: task(d, 1).update(depends_on=[{"task_key": "copper"}])),
        *("resources.jobs.nightly.tasks[1].depends_on", "no task 'copper'"),
    ),
    "tasks in a circle": (
        *(NIGHT, lambda d: task(d).update(depends_on=[{"task_key": "track"}])),
        *("resources.jobs.nightly.tasks", "wait for each other"),
    ),
    "two tasks of one key": (
        *(NIGHT, lambda d: task(d, 1).update(task_key="bronze")),
        *("resources.jobs.nightly.tasks", "2 tasks have the task_key 'bronze'"),
    ),
    "an environment that is not there": (
        *(NIGHT, lambda d: task(d).update(environment_key="default")),
        *("resources.jobs.nightly.tasks[0].environment_key", "no environment 'default'"),
    ),
    "a wheel without an environment": (
        *(NIGHT, lambda d: task(d).pop("environment_key")),
        *("resources.jobs.nightly.tasks[0]", "needs an environment_key"),
    ),
    "a task of two kinds": (
        *(NIGHT, lambda d: task(d).update(notebook_task={"notebook_path": "/Shared/x"})),
        *("resources.jobs.nightly.tasks[0]", "is of one kind"),
    ),
    "a job without tasks": (
        *(NIGHT, lambda d: job(d).update(tasks=[])),
        *("resources.jobs.nightly.tasks", "needs a task"),
    ),
    "an entry point that the wheel has not": (
        *(NIGHT, lambda d: task(d)["python_wheel_task"].update(entry_point="righrun")),
        *(
            "resources.jobs.nightly.tasks[0].python_wheel_task.entry_point",
            "has no entry point 'righrun'",
        ),
    ),
    "a cron of five fields": (
        *(NIGHT, lambda d: job(d)["schedule"].update(quartz_cron_expression="0 3 * * *")),
        *("resources.jobs.nightly.schedule.quartz_cron_expression", "5 fields"),
    ),
    "a cron of two kinds of day": (
        *(NIGHT, lambda d: job(d)["schedule"].update(quartz_cron_expression="0 0 3 1 * MON")),
        *("resources.jobs.nightly.schedule.quartz_cron_expression", "both a day of the month"),
    ),
    "a time zone that is none": (
        *(NIGHT, lambda d: job(d)["schedule"].update(timezone_id="Europe/Atlantis")),
        *("resources.jobs.nightly.schedule.timezone_id", "no time zone"),
    ),
    "two nights at once": (
        *(NIGHT, lambda d: job(d).update(max_concurrent_runs=2)),
        *("resources.jobs.nightly.max_concurrent_runs", "must be 1"),
    ),
    "a grant to nobody": (
        *(CATALOG, lambda d: gold(d)["grants"][1].update(principal="")),
        *("resources.schemas.gold.grants[1]", "names no principal"),
    ),
    "a grant of nothing": (
        *(CATALOG, lambda d: gold(d)["grants"][1].update(privileges=[])),
        *("resources.schemas.gold.grants[1]", "grants nothing"),
    ),
    "a permission for two": (
        *(ROOT, lambda d: prod(d)["permissions"][0].update(group_name="users")),
        *("targets.prod.permissions[0]", "names one of"),
    ),
    "a permission without a level": (
        *(NIGHT, lambda d: job(d).update(permissions=[{"group_name": "users"}])),
        *("resources.jobs.nightly.permissions[0]", "has no level"),
    ),
    "a privilege that is none": (
        *(CATALOG, lambda d: gold(d)["grants"][1].update(privileges=["LOOK"])),
        *("resources.schemas.gold", "does not take it: 'LOOK'"),
    ),
    "a field that is none": (
        *(NIGHT, lambda d: task(d).update(retries=3)),
        *("resources.jobs.nightly", "Unexpected field 'retries'"),
    ),
    "a field that is required": (
        *(CATALOG, lambda d: gold(d).pop("catalog_name")),
        *("resources.schemas.gold", "catalog_name"),
    ),
    "a preview in a job": (
        *(NIGHT, lambda d: job(d).update(budget_policy_id="b")),
        *("resources.jobs.nightly.budget_policy_id", "is Public Preview"),
    ),
    "a preview deep in a job": (
        *(NIGHT, lambda d: environment(d).update(project_environment="pyproject.toml")),
        *("resources.jobs.nightly.environments[0].spec.project_environment", "is Beta"),
    ),
    "a preview of a task": (
        *(NIGHT, lambda d: task(d).update(alert_task={"alert_id": "a"})),
        *("resources.jobs.nightly.tasks[0].alert_task", "is Public Preview"),
    ),
    "a field that is none, in a target": (
        *(ROOT, lambda d: prod(d)["resources"]["schemas"]["gold"].update(prevent_destroy=True)),
        *("targets.prod.resources.schemas.gold", "Unexpected field 'prevent_destroy'"),
    ),
    "a kind of resource that is none": (
        *(NIGHT, lambda d: d["resources"].update(job={})),
        *("resources.job", "did you mean"),
    ),
    "a resource that is no mapping": (
        *(CATALOG, lambda d: d["resources"].update(volumes=["collected"])),
        *("resources.volumes", "must map"),
    ),
    "a section that is none": (
        *(ROOT, lambda d: d.update(variabels={})),
        *("variabels", "did you mean variables?"),
    ),
    "a field of a target that is none": (
        *(ROOT, lambda d: prod(d).update(runas={})),
        *("targets.prod.runas", "did you mean run_as?"),
    ),
    "a preset that is none": (
        *(ROOT, lambda d: d["targets"]["staging"]["presets"].update(pause_status="PAUSED")),
        *("targets.staging.presets.pause_status", "did you mean trigger_pause_status?"),
    ),
    "a mode that is none": (
        *(ROOT, lambda d: prod(d).update(mode="prod")),
        *("targets.prod.mode", "modes are"),
    ),
    "production as whoever comes": (
        *(ROOT, lambda d: prod(d).pop("run_as")),
        *("targets.prod.run_as", "service principal"),
    ),
    "production in two places": (
        *(ROOT, lambda d: prod(d).pop("workspace")),
        *("targets.prod.workspace", "root_path"),
    ),
    "a target that says nothing": (
        *(ROOT, lambda d: d["targets"].update(empty={})),
        *("resources/homes/empty/rightrun.yml", "not as it would be generated"),
    ),
    "a variable without a value": (
        *(ROOT, lambda d: d["variables"]["team"].pop("default")),
        *("targets.prod.variables", "team has neither a value here nor a default"),
    ),
    "a value of no variable": (
        *(ROOT, lambda d: prod(d)["variables"].update(warehous_id="1")),
        *("targets.prod.variables.warehous_id", "did you mean warehouse_id?"),
    ),
    "a name with a reference": (
        *(ROOT, lambda d: d["bundle"].update(name="${var.catalog}")),
        *("bundle.name", "without ${...}"),
    ),
    "an include of nothing": (
        *(ROOT, lambda d: d["include"].append("alerts/*.yml")),
        *("include[1]", "no file alerts/*.yml"),
    ),
    "an include elsewhere": (
        *(ROOT, lambda d: d["include"].append("/etc/passwd")),
        *("include[1]", "no path within"),
    ),
    "a folder to deploy that is not there": (
        *(ROOT, lambda d: d["sync"]["paths"].append("src")),
        *("sync.paths[1]", "no folder src"),
    ),
    "a wheel that is not there": (
        *(NIGHT, lambda d: environment(d)["dependencies"].insert(0, "../dist/other.whl")),
        *(
            "resources.jobs.nightly.environments[0].spec.dependencies[0]",
            "no file ../dist/other.whl",
        ),
    ),
    "settings that are not deployed": (
        *(NIGHT, lambda d: job(d)["parameters"][0].update(default="${workspace.file_path}/home")),
        *("resources.jobs.nightly.parameters[0].default", "deploys no home"),
    ),
    "a file that somebody has changed": (
        *(NIGHT, lambda d: job(d).update(timeout_seconds=60)),
        *("", "not as it would be generated"),
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found(name: str, folder: Path) -> None:
    file, damage, place, words = FAULTS[name]
    document = yaml.safe_load((folder / file).read_text(encoding="utf-8"))
    damage(document)
    (folder / file).write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    faults = check_bundle(folder).faults
    assert [fault for fault in faults if is_at(fault, file, place) and words in fault.what], faults
    assert all("\n" not in str(fault) for fault in faults)


def is_at(fault: Fault, file: str, place: str) -> bool:
    """A fault of a generated file stands in that file and at no place within it."""
    return (fault.file, fault.place) == (file, place) or (fault.file, fault.place) == (place, "")


def test_a_resource_declared_twice_is_found(folder: Path) -> None:
    (folder / "resources/more.yml").write_text((folder / CATALOG).read_text(encoding="utf-8"))
    faults = check_bundle(folder).faults
    places = {fault.place for fault in faults if "is declared in" in fault.what}
    assert {"resources.schemas.gold", "resources.volumes.collected"} <= places


@pytest.mark.parametrize(
    ("text", "words"),
    [("{", "is no readable JSON"), ("[]", "is no object"), ('{"pages": []}', "there is none")],
)
def test_what_is_wrong_within_the_file_of_a_dashboard_is_found(
    folder: Path, text: str, words: str
) -> None:
    (folder / DASHBOARD).write_text(text, encoding="utf-8")
    faults = check_bundle(folder).faults
    assert any(fault.file == DASHBOARD and words in fault.what for fault in faults), faults


def test_a_file_that_would_not_be_generated_any_more_is_found(folder: Path) -> None:
    root = yaml.safe_load((folder / ROOT).read_text(encoding="utf-8"))
    del root["targets"]["staging"]
    (folder / ROOT).write_text(yaml.safe_dump(root), encoding="utf-8")
    assert [fault.file for fault in check_bundle(folder).faults] == [
        "resources/homes/staging/rightrun.yml",
        "resources/sql/staging.sql",
    ]


def test_the_signs_of_a_reference_may_stand_for_themselves(folder: Path) -> None:
    document = yaml.safe_load((folder / NIGHT).read_text(encoding="utf-8"))
    job(document)["description"] = "costs $${no.reference}"
    (folder / NIGHT).write_text(yaml.safe_dump(document), encoding="utf-8")
    assert {fault.what[:12] for fault in check_bundle(folder).faults} == {"is not as it"}


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        (ROOT, "bundle: [", "is not readable YAML"),
        (ROOT, "- a\n", "must hold `name: value` lines"),
        (ROOT, "bundle: {name: rightrun}\n", "has no targets"),
        (NIGHT, "a: b: c\n", "is not readable YAML"),
        ("rightrun.yml", "catalogue: x\n", "did you mean catalog"),
    ],
)
def test_what_cannot_be_read_is_for_the_user_to_mend(
    folder: Path, file: str, text: str, words: str
) -> None:
    (folder / file).write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=words) as stopped:
        check_bundle(folder)
    assert Path(file).name in str(stopped.value)
