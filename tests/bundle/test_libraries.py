"""Databricks' own library takes every resource; the schema of the whole is asked where a copy is given."""

import json
from importlib import import_module
from pathlib import Path

import pytest
import yaml

from pipeline.bundle import check
from pipeline.bundle.check import check_bundle
from pipeline.bundle.lint import library
from pipeline.bundle.lint.documents import read_documents
from pipeline.bundle.lint.library import CLASSES
from pipeline.errors import UserError


def test_the_library_takes_every_resource_as_it_is(whole: Path) -> None:
    for resource in read_documents(whole).resources():
        module, name = CLASSES[resource.kind]
        kind = getattr(import_module(f"databricks.bundles.{module}"), name)
        # What it makes of the resource says all that we said, and adds nothing.
        assert without_empty(kind.from_dict(dict(resource.value)).as_dict()) == without_empty(
            dict(resource.value)
        )


def without_empty(value: object) -> object:
    if isinstance(value, dict):
        return {
            name: without_empty(entry) for name, entry in value.items() if entry not in ({}, [])
        }
    return [without_empty(entry) for entry in value] if isinstance(value, list) else value


def test_without_the_library_the_check_says_that_it_is_not_whole(
    whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (check, library):
        monkeypatch.setattr(module, "has_library", lambda: False)
    report = check_bundle(whole)
    assert report.faults == ()
    assert "pip install databricks-bundles==" in report.unchecked[0]


def a_schema(**job_fields: object) -> str:
    """A schema in the form of the official one, of which a job may hold these fields."""
    definition = {"type": "object", "properties": job_fields, "additionalProperties": False}
    path = ("github.com", "databricks", "cli", "bundle", "config", "resources.Job")
    definitions: object = definition
    for step in reversed(path):
        definitions = {step: definitions}
    resources = {
        "oneOf": [
            {
                "type": "object",
                "properties": {
                    "jobs": {"additionalProperties": {"$ref": "#/$defs/" + "/".join(path)}}
                },
            },
            {"type": "string", "pattern": r"\$\{\p{L}+\}"},
        ]
    }
    return json.dumps(
        {"$defs": definitions, "type": "object", "properties": {"resources": resources}}
    )


def test_the_schema_is_asked_of_each_resource_and_of_the_whole(whole: Path, tmp_path: Path) -> None:
    schema = tmp_path / "schema.json"
    job = yaml.safe_load((whole / "resources/nightly.yml").read_text())["resources"]["jobs"][
        "nightly"
    ]
    fields: dict[str, object] = {field: {} for field in job}
    schema.write_text(a_schema(**fields))
    report = check_bundle(whole, schema)
    assert (report.faults, report.unchecked) == ((), ())
    schema.write_text(a_schema(**fields | {"timeout_seconds": {"type": "string"}}))
    faults = check_bundle(whole, schema).faults
    files = {
        "nightly": "nightly",
        "watch": "watch",
        "deliver": "deliver",
        "maintain": "maintain",
        "report_weekly": "reports",
        "report_monthly": "reports",
        "selftest": "selftest",
    }
    assert {(fault.file, fault.place) for fault in faults} == {
        (f"resources/{file}.yml", f"resources.jobs.{job}.timeout_seconds")
        for job, file in files.items()
    }


def test_a_section_that_does_not_fit_is_found_too(whole: Path, tmp_path: Path) -> None:
    schema = tmp_path / "schema.json"
    schema.write_text(json.dumps({"properties": {"variables": {"maxProperties": 1}}}))
    [fault] = check_bundle(whole, schema).faults
    assert (fault.file, fault.place) == ("databricks.yml", "variables")


@pytest.mark.parametrize("text", [None, "no JSON", '{"type": 7}'])
def test_what_is_no_schema_is_for_the_user_to_mend(
    whole: Path, tmp_path: Path, text: str | None
) -> None:
    schema = tmp_path / "schema.json"
    if text is not None:
        schema.write_text(text)
    with pytest.raises(UserError, match="is no JSON schema"):
        check_bundle(whole, schema)
