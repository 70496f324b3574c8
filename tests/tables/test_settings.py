"""Settings: what counts before what, and how one that cannot be used is refused."""

import json
from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.settings import load_settings


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
