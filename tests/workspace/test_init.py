"""`rightrun init`: what a workspace lacks is said with what mends it, and nothing is quoted or overwritten."""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from pyspark.sql import SparkSession

from pipeline.cli.app import main
from pipeline.errors import UserError
from pipeline.settings import load_settings
from pipeline.sources.system_tables import SystemTables
from pipeline.tables import source
from pipeline.workspace.finding import Finding
from pipeline.workspace.grants import grant
from pipeline.workspace.survey import survey
from pipeline.workspace.system_catalogs import SystemCatalog
from tests.workspace.server import (
    BROKEN,
    DENIED,
    MALFORMED,
    TOKEN,
    UNAUTHENTICATED,
    Answer,
    Query,
    Server,
    fault,
)

UC = "/api/2.1/unity-catalog"
ME = "ana@example.com"
SCHEMAS = ("lakeflow", "billing", "compute", "access", "query", "information_schema")


def _granted(*privileges: str, principal: str = ME) -> dict[str, Any]:
    assignment = {"principal": principal, "privileges": [{"privilege": p} for p in privileges]}
    return {"privilege_assignments": [assignment]}


@pytest.fixture
def ready(server: Server) -> Server:
    """A workspace that has all that a night needs."""
    server.says(
        f"{UC}/metastore_summary",
        {"metastore_id": "m-1", "name": "main", "region": "eu-west-1", "owner": "admins", "storage_root": "s3://x"},
    )  # fmt: skip
    states = [{"schema": schema, "state": "ENABLE_COMPLETED"} for schema in SCHEMAS]
    states[1]["state"] = "MANAGED"
    server.says(f"{UC}/metastores/m-1/systemschemas", {"schemas": states})
    server.says(f"{UC}/effective-permissions/CATALOG/system", _granted("USE_CATALOG"))
    for schema in SCHEMAS:
        path = f"{UC}/effective-permissions/SCHEMA/system.{schema}"
        server.says(path, _granted("USE_SCHEMA", "SELECT", principal="data platform"))
    server.says(f"{UC}/catalogs/rightrun", {"name": "rightrun", "owner": ME})
    server.says("/api/2.2/jobs/list", {"jobs": [{"job_id": 1}]})
    warehouses = [
        {"name": "classic", "id": "c1", "state": "RUNNING"},
        {"name": "sql", "id": "s1", "state": "STOPPED", "enable_serverless_compute": True},
    ]
    server.says("/api/2.0/sql/warehouses", {"warehouses": warehouses})
    server.says(f"{UC}/metastores", {"metastores": [{"region": "eu-west-1"}]})
    return server


def _survey(
    server: Server,
    catalog: str = "rightrun",
    warehouse: str | None = None,
    retry_seconds: int = 2,
    **catalogs: str,
) -> dict[str, Finding]:
    places = [SystemCatalog.at(place, region) for region, place in catalogs.items()]
    asked = tuple(places) or (SystemCatalog.at("system"),)
    findings = survey(server.connect(retry_seconds), catalog, asked, warehouse)
    return {finding.item: finding for finding in findings}


def _states(findings: dict[str, Finding], *but: str) -> set[str]:
    return {str(one.state) for item, one in findings.items() if item not in but}


def test_a_workspace_that_has_everything(ready: Server) -> None:
    findings = _survey(ready)
    assert _states(findings) == {"ok"}
    assert (findings["metastore"].value, findings["warehouse"].value) == ("m-1", "s1")
    assert not any(finding.mends for finding in findings.values())


def test_schemas_are_enabled_by_a_command_that_names_them(ready: Server) -> None:
    states = {"lakeflow": "AVAILABLE", "billing": "", "compute": "UNAVAILABLE", "access": "NEW"}
    pages = [
        {"schemas": [{"schema": schema, "state": state}], "next_page_token": str(number)}
        for number, (schema, state) in enumerate(states.items())
    ]
    del pages[-1]["next_page_token"]
    ready.says(f"{UC}/metastores/m-1/systemschemas", *pages)
    findings = _survey(ready)
    assert findings["system schema lakeflow"].mends == (
        "databricks system-schemas enable m-1 lakeflow",
    )
    assert findings["system schema lakeflow"].stops
    assert findings["system schema billing"].mends == (
        "databricks system-schemas enable m-1 billing",
    )
    assert not findings["system schema billing"].stops, "a night runs without costs"
    assert "not on offer" in findings["system schema compute"].explanation


def test_init_and_check_say_the_same_grants(ready: Server, spark: SparkSession) -> None:
    for path in (f"{UC}/effective-permissions/CATALOG/nowhere",
                 f"{UC}/effective-permissions/SCHEMA/nowhere.lakeflow"):  # fmt: skip
        ready.says(path, _granted("SELECT", principal="somebody else"))
    finding = _survey(ready, eu="nowhere")["reading nowhere.lakeflow"]
    tables = SystemTables(spark, "nowhere")
    tables.__dict__["_principal"] = ME
    assert finding.stops
    assert finding.mends == tables.inspect(source.JOBS).mends
    assert finding.mends == (
        f"GRANT USE CATALOG ON CATALOG `nowhere` TO `{ME}`",
        f"GRANT USE SCHEMA, SELECT ON SCHEMA `nowhere`.`lakeflow` TO `{ME}`",
    )


def test_names_cannot_break_out_of_the_sql() -> None:
    statement = grant(("SELECT",), "SCHEMA", "a`b", "c", principal="d` TO `e")
    assert statement == "GRANT SELECT ON SCHEMA `a``b`.`c` TO `d`` TO ``e`"


def test_a_grant_on_each_table_is_enough_and_on_one_is_not(ready: Server) -> None:
    ready.says(f"{UC}/effective-permissions/SCHEMA/system.billing", _granted("USE_SCHEMA"))
    for name in ("usage", "list_prices"):
        path = f"{UC}/effective-permissions/TABLE/system.billing.{name}"
        ready.says(path, _granted("SELECT"))
    assert _states(_survey(ready)) == {"ok"}
    ready.says(f"{UC}/effective-permissions/TABLE/system.billing.usage", _granted("BROWSE"))
    finding = _survey(ready)["reading system.billing"]
    assert finding.mends == (f"GRANT USE SCHEMA, SELECT ON SCHEMA `system`.`billing` TO `{ME}`",)


def test_who_may_not_see_all_grants_sees_their_own(ready: Server) -> None:
    def answer(query: Query) -> Answer:
        return Answer(_granted("ALL_PRIVILEGES")) if query.get("principal") == ME else DENIED

    for schema in SCHEMAS:
        ready.says(f"{UC}/effective-permissions/SCHEMA/system.{schema}", answer)
    assert _states(_survey(ready)) == {"ok"}


@pytest.mark.parametrize(
    ("table", "state"), [(Answer({"name": "jobs"}), "not known"), (DENIED, "missing")]
)
def test_where_grants_are_not_told_a_table_is_looked_at(
    ready: Server, table: Answer, state: str
) -> None:
    ready.says(f"{UC}/effective-permissions/SCHEMA/system.lakeflow", DENIED)
    ready.says(f"{UC}/tables/system.lakeflow.jobs", table)
    finding = _survey(ready)["reading system.lakeflow"]
    assert (str(finding.state), len(finding.mends)) == (state, 2)


def test_the_catalog_is_created_by_who_may(ready: Server) -> None:
    findings = _survey(ready, catalog="other `one`")
    assert findings["catalog other `one`"].mends == (
        "CREATE CATALOG IF NOT EXISTS `other ``one```",
        f"GRANT USE CATALOG, CREATE SCHEMA ON CATALOG `other ``one``` TO `{ME}`",
    )
    ready.says(f"{UC}/effective-permissions/METASTORE/m-1", _granted("CREATE_CATALOG"))
    mine = _survey(ready, catalog="mine")["catalog mine"]
    assert mine.mends == ("CREATE CATALOG IF NOT EXISTS `mine`",)
    ready.says(f"{UC}/catalogs/rightrun", {"owner": "somebody"})
    ready.says(f"{UC}/effective-permissions/CATALOG/rightrun", _granted("USE_CATALOG"))
    assert "CREATE SCHEMA not granted" in _survey(ready)["catalog rightrun"].explanation


def test_without_unity_catalog_it_is_said_and_nothing_of_it_asked(ready: Server) -> None:
    ready.says(f"{UC}/metastore_summary", fault(404, "METASTORE_DOES_NOT_EXIST"))
    findings = _survey(ready)
    assert findings["metastore"].stops
    assert "only a Hive metastore" in findings["metastore"].explanation
    assert findings["metastore"].mends == (
        "databricks metastores assign 1234567890 METASTORE_ID main",
    )
    assert str(findings["serverless"].state) == "missing"
    assert not any("system" in item for item in findings)


def test_warehouses_are_named_or_chosen(ready: Server) -> None:
    assert _survey(ready, warehouse="classic")["warehouse"].value == "c1"
    with pytest.raises(UserError, match="classic"):
        _survey(ready, warehouse="clasic")
    ready.says("/api/2.0/sql/warehouses", {})
    findings = _survey(ready)
    assert findings["warehouse"].mends[0].startswith("databricks warehouses create")
    assert str(findings["serverless"].state) == "not known"


def test_other_regions_are_named_until_they_are_read(ready: Server) -> None:
    stores = [{"region": "eu-west-1"}, {"region": "us-east-1"}]
    ready.says(f"{UC}/metastores", {"metastores": stores})
    assert "jobs in us-east-1 are not seen" in _survey(ready)["regions"].explanation
    ready.says(f"{UC}/effective-permissions/CATALOG/us", _granted("ALL_PRIVILEGES"))
    ready.says(f"{UC}/effective-permissions/SCHEMA/us.bronze", _granted("ALL_PRIVILEGES"))
    places = {"eu-west-1": "system", "us-east-1": "us.bronze"}
    findings = _survey(ready, **places)
    assert _states(findings) == {"ok"}
    assert "reading us.bronze" in findings


@pytest.mark.parametrize("answer", [DENIED, BROKEN, MALFORMED, Answer([])],
                         ids=["403", "500", "malformed", "no-object"])  # fmt: skip
def test_what_is_not_told_is_not_known(ready: Server, answer: Answer) -> None:
    me = "/api/2.0/preview/scim/v2/Me"
    for path in ready.answers:
        if path != me:
            ready.says(path, answer)
    findings = _survey(ready)
    # A table that cannot be seen cannot be read either.
    looked_at = [item for item in findings if item.startswith("reading")]
    assert _states(findings, "identity", "Jobs API", *looked_at) == {"not known"}
    assert TOKEN not in repr(findings)


def test_too_many_requests_are_waited_for_as_long_as_is_asked(ready: Server) -> None:
    busy = fault(429, "RESOURCE_EXHAUSTED", Retry_After="1")
    ready.says("/api/2.0/sql/warehouses", busy, {"warehouses": []})
    assert "none is seen" in _survey(ready, retry_seconds=60)["warehouse"].explanation
    ready.says("/api/2.0/sql/warehouses", busy)
    assert "no answer in time" in _survey(ready)["warehouse"].explanation


def test_what_does_not_answer_is_asked_no_longer_than_is_said(ready: Server) -> None:
    def late(_: Query) -> Answer:
        time.sleep(1.2)
        return Answer({})

    ready.says("/api/2.0/sql/warehouses", late)
    began = time.monotonic()
    assert "no answer in time" in _survey(ready)["warehouse"].explanation
    assert time.monotonic() - began < 10


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


@pytest.fixture
def init(
    ready: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Ended]:
    """The command as a user gives it, logged in to the workspace."""
    monkeypatch.setenv("DATABRICKS_HOST", ready.host)
    monkeypatch.setenv("DATABRICKS_TOKEN", TOKEN)

    def run(*words: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["rightrun", "init", *words])
        code: object = 0
        try:
            main()
        except SystemExit as ended:
            code = ended.code
        printed = capsys.readouterr()
        assert TOKEN not in printed.out + printed.err
        return Ended(int(str(code)), printed.out, printed.err)

    return run


def test_settings_are_written_once_and_are_settings(
    init: Callable[..., Ended], tmp_path: Path
) -> None:
    home = tmp_path / "home"
    first = init("--home", str(home))
    assert first.code == 0, first.err
    assert f"rightrun check --source databricks --engine databricks --home {home}" in first.out
    file = home / "rightrun.yml"
    assert yaml.safe_load(file.read_text()) == {
        "catalog": "rightrun",
        "system_catalog": "system",
        "model_prefix": "rightrun.model",
    }
    assert load_settings(home).catalog == "rightrun"
    assert "# SQL warehouse for the bundle: s1" in file.read_text()
    assert TOKEN not in file.read_text()
    file.write_text("catalog: ours\n")
    second = init("--home", str(home))
    assert second.code == 1, "this catalog is not there"
    assert "CREATE CATALOG IF NOT EXISTS `ours`" in second.out
    assert "kept; --overwrite writes it anew" in second.out
    assert file.read_text() == "catalog: ours\n"
    init("--home", str(home), "--catalog", "rightrun", "--overwrite")
    assert load_settings(home).catalog == "rightrun"


def test_a_script_reads_every_finding(init: Callable[..., Ended], tmp_path: Path) -> None:
    ended = init("--home", str(tmp_path / "home"), "--json")
    records = json.loads(ended.out)
    assert {record["state"] for record in records} == {"ok"}
    (warehouse,) = (record for record in records if record["item"] == "warehouse")
    assert (warehouse["value"], warehouse["mends"], warehouse["is_needed"]) == ("s1", [], False)


def test_without_a_log_in_it_is_one_sentence(
    init: Callable[..., Ended], ready: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ready.says("/api/2.0/preview/scim/v2/Me", UNAUTHENTICATED)
    refused = init("--home", str(tmp_path / "home"))
    assert (refused.code, refused.out) == (2, "")
    assert "does not accept the credentials (401)" in refused.err
    monkeypatch.delenv("DATABRICKS_TOKEN")
    monkeypatch.delenv("DATABRICKS_HOST")
    nobody = init("--home", str(tmp_path / "home"))
    assert nobody.code == 2
    assert "no credentials for a Databricks workspace were found" in " ".join(nobody.err.split())
    assert not (tmp_path / "home").exists()
