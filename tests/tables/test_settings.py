"""Settings: what counts before what, and how one that cannot be used is refused."""

import json
from datetime import date
from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.settings import load_settings
from pipeline.steps.given import LeftOut


def test_a_variable_counts_before_the_file_and_the_file_before_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "rightrun.yml").write_text(
        "currency_code: EUR\ncatalog: ours\nslas: {1/2: 45m}", encoding="utf-8"
    )
    monkeypatch.setenv("RIGHTRUN_CURRENCY_CODE", "GBP")
    monkeypatch.setenv("RIGHTRUN_SLAS", '{"3/4": "1h"}')
    settings = load_settings(tmp_path)
    assert (settings.currency_code, settings.catalog) == ("GBP", "ours")
    assert settings.slas == {"3/4": "1h"}
    assert settings.model_prefix == "rightrun.model"


@pytest.mark.parametrize(
    ("exported", "read"),
    [("spark_catalog", "spark_catalog"), ('{"eu": "system", "us": "ours.bronze"}', None)],
)
def test_system_tables_are_in_one_catalog_or_in_one_a_region(
    exported: str, read: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RIGHTRUN_SYSTEM_CATALOG", exported)
    settings = load_settings(tmp_path)
    assert settings.system_catalog == (read or json.loads(exported))


@pytest.mark.parametrize(
    ("written", "exported", "sentence"),
    [
        ("curency: EUR", {}, r"no setting 'curency'.*rightrun.yml: did you mean currency_code\?"),
        ("1: EUR", {}, "no setting '1'.*settings are currency_code, catalog"),
        ("currency_code: eur", {}, "setting currency_code in .*rightrun.yml: String should match"),
        ("", {"RIGHTRUN_CURRENCY_CODE": "eur"}, "in RIGHTRUN_CURRENCY_CODE: String should match"),
        ("slas: {1/2: 16:30}", {}, "setting slas.1/2 in .*put it in quotes"),
        ("", {"RIGHTRUN_SLAS": "45m"}, "RIGHTRUN_SLAS is not readable JSON"),
        ("- a list", {}, "must hold settings"),
        ("system_catalog: {}", {}, "no region is named"),
        ("system_catalog: {eu: a.b.c}", {}, "'a.b.c' is not CATALOG or CATALOG.SCHEMA"),
        ("", {"RIGHTRUN_SYSTEM_CATALOG": "a..b"}, "in RIGHTRUN_SYSTEM_CATALOG: 'a..b' is not"),
        (
            "freezes: [{from: 2026-12-24, to: 2026-12-20}]",
            {},
            "setting freezes.0 in .* is before from",
        ),
        ("backfills: [{from: 2026-12-24}]", {}, "setting backfills.0.to in .*Field required"),
        ("freezes: [{from: 2026-12-24, to: 2026-12-25, jobs: [7]}]", {}, "put it in quotes"),
        ("freezes: [{from: 2026-12-24, to: 2026-12-25, jobs: ['7']}]", {}, "'7', which is no key"),
        ("holidays: [Christmas]", {}, "setting holidays.0 in .*valid date"),
        ("alert_floor_minutes: -1", {}, "setting alert_floor_minutes in .*greater than or equal"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_with_the_place_it_is_set(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    written: str,
    exported: dict[str, str],
    sentence: str,
) -> None:
    (tmp_path / "rightrun.yml").write_text(written, encoding="utf-8")
    for name, value in exported.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UserError, match=sentence):
        load_settings(tmp_path)


def test_days_that_are_not_like_others_are_read(tmp_path: Path) -> None:
    (tmp_path / "rightrun.yml").write_text(
        "holidays: [2026-12-25]\nfreezes: [{from: 2026-12-21, to: 2027-01-03}]\n"
        "backfills: [{from: 2026-06-01, to: 2026-06-02, jobs: [1/2]}]\n",
        encoding="utf-8",
    )
    settings = load_settings(tmp_path)
    assert settings.holidays == (date(2026, 12, 25),)
    assert settings.left_out == (
        LeftOut(date(2026, 12, 21), date(2027, 1, 3)),
        LeftOut(date(2026, 6, 1), date(2026, 6, 2), ("1/2",)),
    )
