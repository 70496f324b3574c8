"""CSV as people have it: whatever program wrote it, the same rows, or a sentence that says why not."""

import csv
import gzip
from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.sources.layout import is_csv
from pipeline.tables import source
from tests.sources.written import csv_text, read_rows, spark_text, text_rows

_JOBS = text_rows(source.JOBS, 5)


def expected(rows: list[list[str]]) -> list[dict[str, str | None]]:
    kept = [column.name for column in source.JOBS.columns if not column.sensitive]
    return [
        {name: row[rows[0].index(name)] or None for name in kept} for row in rows[1:] if any(row)
    ]


def _hostile() -> list[list[str]]:
    rows = [list(row) for row in _JOBS]
    at = rows[0].index("name")
    rows[1][at] = 'says "no", twice; and\nthen | a tab\t'
    rows[2][at] = "\\\\server\\share, and ümläute"
    rows[3][at] = 'C:\\"temp"\\, ends in one\\'
    rows[4][at] = "\\\\server\\share"
    return rows


@pytest.mark.parametrize(
    "text",
    [
        csv_text(_hostile()),
        csv_text(_hostile(), delimiter=";"),
        csv_text(_hostile(), delimiter="\t"),
        csv_text(_hostile(), delimiter="|"),
        csv_text(_hostile(), delimiter="^"),
        csv_text(_hostile(), delimiter="\x01"),
        csv_text(_hostile(), quoting=csv.QUOTE_ALL),
        csv_text(_hostile(), lineterminator="\r\n"),
        csv_text(_hostile(), lineterminator="\r"),
        spark_text(_hostile()),
        spark_text(_hostile(), ";"),
        spark_text(_hostile(), quote_all=True),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_a_dialect_is_found(text: str, encoding: str, tmp_path: Path) -> None:
    file = tmp_path / "jobs.csv"
    file.write_bytes(text.encode(encoding))
    assert read_rows(file, source.JOBS, tmp_path) == expected(_hostile())


def test_an_escaped_text_without_a_separator_in_it_is_read(tmp_path: Path) -> None:
    """In both ways of quoting each row has its fields; in one of them texts go on behind a quote."""
    rows = [["workspace_id", "job_id", "change_time", "tags"]]
    rows += [["1", str(job), "2026-01-01T00:00:00Z", '{"team":"x"}'] for job in range(3)]
    file = tmp_path / "jobs.csv"
    file.write_text(spark_text(rows))
    assert {row["tags"] for row in read_rows(file, source.JOBS, tmp_path)} == {'{"team":"x"}'}


def test_doubled_quotes_behind_a_backslash_stay_doubled(tmp_path: Path) -> None:
    rows = [list(row) for row in _JOBS]
    rows[1][rows[0].index("name")] = 'a path, C:\\temp\\"x"\\'
    file = tmp_path / "jobs.csv"
    file.write_text(csv_text(rows))
    assert '\\"' in file.read_text()
    assert read_rows(file, source.JOBS, tmp_path) == expected(rows)


def test_an_index_column_capitals_and_blank_lines_do_not_matter(tmp_path: Path) -> None:
    header, *rows = _JOBS
    numbered = [
        ["", *(f" {name.upper()} " for name in header)],
        *([str(number), *row] for number, row in enumerate(rows)),
    ]
    file = tmp_path / "jobs.csv"
    file.write_text(csv_text(numbered, lineterminator="\r\n") + "\r\n\r\n")
    assert read_rows(file, source.JOBS, tmp_path) == expected(_JOBS)


def test_a_word_for_nothing_is_a_name_where_it_is_quoted(tmp_path: Path) -> None:
    """Quoted nothing is NULL; a quoted word for nothing is one only where no text may stand."""
    header = ["workspace_id", "job_id", "name", "change_time", "delete_time", "run_as"]
    text = '"1","2","NULL","2026-01-01T00:00:00Z","NULL",""\n3,4,NULL,2026-01-01T00:00:00Z,,\\N\n'
    file = tmp_path / "jobs.csv"
    file.write_text(",".join(header) + "\n" + text)
    first, second = read_rows(file, source.JOBS, tmp_path)
    assert (first["name"], first["delete_time"], first["run_as"]) == ("NULL", None, None)
    assert (second["name"], second["delete_time"], second["run_as"]) == (None, None, None)


def test_a_header_may_stand_in_the_first_part_only(tmp_path: Path) -> None:
    parts = [tmp_path / f"part-{number}.csv.gz" for number in range(2)]
    for part, rows in zip(parts, (_JOBS[:3], _JOBS[3:]), strict=True):
        part.write_bytes(gzip.compress(csv_text(rows, delimiter=";").encode()))
    assert all(map(is_csv, parts))
    rows = [row for part in parts for row in read_rows(part, source.JOBS, tmp_path, parts)]
    assert rows == expected(_JOBS)


@pytest.mark.parametrize(
    "text", ["", "\n\n", "\ufeff", ",".join(_JOBS[0]), ",".join(_JOBS[0]) + "\n"]
)
def test_an_empty_csv_file_holds_no_rows(text: str, tmp_path: Path) -> None:
    file = tmp_path / "jobs.csv"
    file.write_text(text)
    assert read_rows(file, source.JOBS, tmp_path) == []


def test_an_empty_parquet_file_holds_no_rows(tmp_path: Path) -> None:
    (tmp_path / "jobs.parquet").touch()
    assert read_rows(tmp_path / "jobs.parquet", source.JOBS, tmp_path) == []


def _cells(**cells: str) -> str:
    rows = [list(row) for row in _JOBS]
    for name, cell in cells.items():
        rows[2][rows[0].index(name)] = cell
    return csv_text(rows, delimiter=";")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (csv_text(_JOBS[1:]), "header was not recognised"),
        (csv_text(_JOBS).replace("change_time", "changed"), "lacks the column change_time"),
        (csv_text([*_JOBS, [*_JOBS[1], "hunter2"]]), "line 7 has 19 fields, and its header 18"),
        (csv_text(_JOBS) + 'hunter2,"', "never closed"),
        (_cells(change_time="01.02.2026 03:04"), "';', holds dates in a local form (change_time)"),
        (_cells(create_time="2/1/26"), "dates in a local form (create_time)"),
        (_cells(tags="{'team': 'hunter2'}"), "holds tags as Python prints values"),
        (_cells(trigger="Row(schedule=None)"), "holds trigger as Python prints values"),
        (_cells(health_rules="[Row(metric='hunter2')]"), "holds health_rules as Python prints"),
        (_cells(tags="[('team', 'hunter2')]"), "holds tags as Python prints values"),
    ],
)
def test_what_no_dialect_reads_is_named(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "jobs.csv"
    file.write_text(text)
    with pytest.raises(UserError) as refused:
        read_rows(file, source.JOBS, tmp_path)
    sentence = str(refused.value)
    assert said in sentence
    assert str(file) in sentence
    assert "hunter2" not in sentence


def test_other_encodings_are_named_with_their_line(tmp_path: Path) -> None:
    rows = [list(row) for row in _JOBS]
    rows[3][rows[0].index("name")] = "Löhne"
    file = tmp_path / "jobs.csv"
    file.write_bytes(csv_text(rows).encode("cp1252"))
    with pytest.raises(
        UserError, match="is not UTF-8 text from line 4 on: it seems to be Windows-1252"
    ):
        read_rows(file, source.JOBS, tmp_path)


def test_a_decimal_comma_is_named(tmp_path: Path) -> None:
    rows = text_rows(source.USAGE, 3)
    rows[2][rows[0].index("usage_quantity")] = "1.234,5"
    file = tmp_path / "usage.csv"
    file.write_text(csv_text(rows, delimiter=";"))
    with pytest.raises(UserError, match=r"numbers with a decimal comma \(usage_quantity\)"):
        read_rows(file, source.USAGE, tmp_path)


def test_a_usage_log_of_the_account_console_is_named_for_what_it_is(tmp_path: Path) -> None:
    file = tmp_path / "usage.csv"
    file.write_text("workspaceId,timestamp,clusterId,sku,dbus,machineHours\r\n1,2,3,S,1.0,1.0\r\n")
    with pytest.raises(UserError, match="is a usage log, as the account console") as refused:
        read_rows(file, source.USAGE, tmp_path)
    assert "export system.billing.usage" in str(refused.value)
