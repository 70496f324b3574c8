"""Damages an export can suffer: `damage(folder, seed)` does one of them to one of its tables.

Each is a plain function of the table's folder (two Parquet files of good rows) and a generator of
random numbers. What comes of it is for the reader of the export to say: one sentence, or rows.
"""

import gzip
import json
import random
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
from deltalake import write_deltalake

from pipeline.tables.declaration import SourceTable
from pipeline.tables.source import SOURCE_TABLES
from tests.sources.small import path_of

Damage = Callable[[Path, SourceTable, random.Random], None]
HOSTILE = [
    "'; DROP TABLE bronze.jobs; --",
    "\u202e\u0000\x1b[31m",
    "a\nb\r\nc",
    '{"a": "b"}',
    "\\N",
    "`" * 3,
    "x" * 100_000,
    "𝕏😀é",
]
_FAR = datetime(9999, 12, 31, 23, 59, tzinfo=UTC)


def _part(place: Path, rng: random.Random) -> Path:
    return place / f"part-{rng.randrange(2)}.parquet"


def _read(file: Path) -> pa.Table:
    return pq.ParquetFile(file).read()


def _rewrite(file: Path, change: Callable[[pa.Table], pa.Table]) -> None:
    changed = change(_read(file))
    pq.write_table(changed, file)


def _with(rows: pa.Table, name: str, values: pa.Array) -> pa.Table:
    return rows.set_column(rows.column_names.index(name), name, values)


def _times(table: SourceTable) -> list[str]:
    return [column.name for column in table.columns if column.type == "timestamp"]


def no_table(place: Path, table: SourceTable, rng: random.Random) -> None:
    shutil.rmtree(place)


def no_files(place: Path, table: SourceTable, rng: random.Random) -> None:
    for file in place.iterdir():
        file.unlink()
    (place / "_SUCCESS").touch()


def truncated(place: Path, table: SourceTable, rng: random.Random) -> None:
    file = _part(place, rng)
    data = file.read_bytes()
    file.write_bytes(data[: rng.randrange(1, len(data))])


def empty_file(place: Path, table: SourceTable, rng: random.Random) -> None:
    _part(place, rng).write_bytes(b"")


def text_in_parquet(place: Path, table: SourceTable, rng: random.Random) -> None:
    _part(place, rng).write_text("workspace_id,job_id\n1,2\n")


def flipped_bytes(place: Path, table: SourceTable, rng: random.Random) -> None:
    """Damage between the magic numbers: the footer may still be whole."""
    file = _part(place, rng)
    data = bytearray(file.read_bytes())
    for _ in range(rng.choice([1, 20])):
        data[rng.randrange(4, len(data) - 8)] = rng.randrange(256)
    file.write_bytes(data)


def other_type(place: Path, table: SourceTable, rng: random.Random) -> None:
    def change(rows: pa.Table) -> pa.Table:
        name = rng.choice(rows.column_names)
        n = len(rows)
        values = rng.choice(
            [
                pa.array([True] * n),
                pa.array([1.5] * n),
                pa.array([7] * n, pa.uint64()),
                pa.array(["x"] * n).dictionary_encode(),
                pa.array([{"k": "v"}] * n),
                pa.array([[1]] * n),
                pa.array([b"\xff\xfe"] * n),
                pa.array([timedelta(1)] * n),
                pa.nulls(n),
                pa.array([{"key": "a", "value": "b"}] * n),
                pa.array([[{"key": "a", "value": "b"}]] * n),
                pa.array([1.0] * n, pa.float16()),
            ]
        )
        return _with(rows, name, values)

    _rewrite(_part(place, rng), change)


def dropped_column(place: Path, table: SourceTable, rng: random.Random) -> None:
    _rewrite(_part(place, rng), lambda rows: rows.drop_columns([rng.choice(rows.column_names)]))


def extra_column(place: Path, table: SourceTable, rng: random.Random) -> None:
    name = rng.choice(["new_column", "select", "a b`c;--", "", "WORKSPACE_ID", "raw_job_id", "é"])

    def change(rows: pa.Table) -> pa.Table:
        values = rng.choice([pa.array([{"deep": [{"er": 1}]}] * len(rows)), pa.nulls(len(rows))])
        return rows.append_column(name, values)

    _rewrite(_part(place, rng), change)


def null_keys(place: Path, table: SourceTable, rng: random.Random) -> None:
    def change(rows: pa.Table) -> pa.Table:
        name = rng.choice(table.keys)
        values = rows.column(name).to_pylist()
        values[rng.randrange(len(values))] = None
        return _with(rows, name, pa.array(values, rows.schema.field(name).type))

    _rewrite(_part(place, rng), change)


def moved_times(place: Path, table: SourceTable, rng: random.Random) -> None:
    """Reversed intervals, the far future, the far past."""

    def change(rows: pa.Table) -> pa.Table:
        names = [name for name in _times(table) if name in rows.column_names]
        if not names:
            return rows
        name = rng.choice(names)
        moved = rng.choice([datetime(1970, 1, 1, tzinfo=UTC), _FAR, datetime(1, 1, 1, tzinfo=UTC)])
        values = rows.column(name).to_pylist()
        values[rng.randrange(len(values))] = moved
        return _with(rows, name, pa.array(values, rows.schema.field(name).type))

    _rewrite(_part(place, rng), change)


def reversed_times(place: Path, table: SourceTable, rng: random.Random) -> None:
    """The start of each interval where its end was, and the other way about."""
    start, end = table.interval or rng.choices(_times(table) or [table.keys[0]], k=2)

    def change(rows: pa.Table) -> pa.Table:
        starts, ends = rows.column(start), rows.column(end)
        return _with(_with(rows, start, ends), end, starts)

    _rewrite(_part(place, rng), change)


def swapped_columns(place: Path, table: SourceTable, rng: random.Random) -> None:
    """Two columns under each other's names, of one type or of two."""
    one, other = rng.sample(table.column_names, 2)
    names = {one: other, other: one}
    _rewrite(
        _part(place, rng),
        lambda rows: rows.rename_columns([names.get(name, name) for name in rows.column_names]),
    )


def huge_amounts(place: Path, table: SourceTable, rng: random.Random) -> None:
    """Decimals as large as the type can hold, or of a scale that it cannot."""

    def change(rows: pa.Table) -> pa.Table:
        for column in table.columns:
            if column.type.startswith("decimal"):
                value = rng.choice(["9" * 20, "-" + "9" * 20, "1e-18", "9" * 38, "0." + "3" * 38])
                amount = Decimal(value)
                rows = _with(rows, column.name, pa.array([amount] * len(rows)))
        return rows

    _rewrite(_part(place, rng), change)


def shuffled_delivery(place: Path, table: SourceTable, rng: random.Random) -> None:
    """No damage at all: the rows in another order, and in other files."""
    rows = pa.concat_tables([_read(file) for file in sorted(place.glob("*.parquet"))])
    rows = rows.take(rng.sample(range(len(rows)), len(rows)))
    at = rng.randrange(len(rows) + 1)
    pq.write_table(rows.slice(0, at), place / "part-0.parquet")
    pq.write_table(rows.slice(at), place / "part-1.parquet")


def duplicated(place: Path, table: SourceTable, rng: random.Random) -> None:
    source = place / "part-0.parquet"
    rows = _read(source)
    names = [c.name for c in table.columns if c.name not in table.keys and c.type == "string"]
    if names and rng.random() < 0.5:  # The same keys, other content.
        rows = _with(rows, rng.choice(names), pa.array(["other"] * len(rows)))
    pq.write_table(pa.concat_tables([rows] * rng.choice([1, 3])), place / "part-2.parquet")


def huge_values(place: Path, table: SourceTable, rng: random.Random) -> None:
    def change(rows: pa.Table) -> pa.Table:
        names = [c.name for c in table.columns if c.type in ("double", "bigint")]
        if not names:
            return rows
        name = rng.choice(names)
        value: Any = rng.choice([1e308, float("nan"), float("-inf"), -1.0, 1e18])
        return _with(rows, name, pa.array([value] * len(rows), pa.float64()))

    _rewrite(_part(place, rng), change)


def hostile_strings(place: Path, table: SourceTable, rng: random.Random) -> None:
    def change(rows: pa.Table) -> pa.Table:
        for column in table.columns:
            if column.type == "string" and rng.random() < 0.5:
                values = [rng.choice(HOSTILE) + str(n) for n in range(len(rows))]
                rows = _with(rows, column.name, pa.array(values))
        return rows

    _rewrite(_part(place, rng), change)


def hostile_paths(place: Path, table: SourceTable, rng: random.Random) -> None:
    name = rng.choice(["a*b", "[x]?{y,z}", "%20 #", "new\nline", "job_id=9", "é'\"", "-rf", "a:b"])
    folder = place / name
    folder.mkdir()
    _part(place, rng).rename(folder / f"{name}.parquet")


def integer_ids(place: Path, table: SourceTable, rng: random.Random) -> None:
    def change(rows: pa.Table) -> pa.Table:
        kind = rng.choice([pa.int64(), pa.float64(), pa.int32()])
        for name in ("workspace_id", "job_id", "run_id", "cluster_id", "record_id"):
            if name in rows.column_names:
                rows = _with(rows, name, pa.array(range(len(rows)), pa.int64()).cast(kind))
        return rows

    _rewrite(_part(place, rng), change)


def other_times(place: Path, table: SourceTable, rng: random.Random) -> None:
    """The same times without a zone, in another unit or zone, or as old Spark wrote them."""
    kind = rng.choice([pa.timestamp("ns"), pa.timestamp("s"), pa.timestamp("us", "Asia/Tokyo")])

    def change(rows: pa.Table) -> pa.Table:
        for name in _times(table):
            rows = _with(rows, name, rows.column(name).cast(kind, safe=False))
        return rows

    file = _part(place, rng)
    changed = change(_read(file))
    pq.write_table(changed, file, use_deprecated_int96_timestamps=rng.random() < 0.4)


def mixed_schemas(place: Path, table: SourceTable, rng: random.Random) -> None:
    def change(rows: pa.Table) -> pa.Table:
        for column in table.columns:
            if column.nullable and rng.random() < 0.3:
                rows = rows.drop_columns([column.name])
            elif column.type == "bigint":
                rows = _with(rows, column.name, rows.column(column.name).cast(pa.string()))
            elif column.type == "string" and rng.random() < 0.3:
                held = rows.column(column.name).combine_chunks()
                rows = _with(rows, column.name, held.dictionary_encode())
        order = rng.sample(rows.column_names, len(rows.column_names))
        return rows.select(order)

    _rewrite(_part(place, rng), change)


def text_for_nested(place: Path, table: SourceTable, rng: random.Random) -> None:
    """Maps, structs and arrays as text: JSON, or nearly."""
    garbage = ['{"a":', "{a=b}", "[]", "{}", "null", "", '{"team":{"x":1}}', "5", '["a"]', "\u0000"]

    def change(rows: pa.Table) -> pa.Table:
        for column in table.columns:
            if "<" in column.type:
                values = [rng.choice(garbage) for _ in range(len(rows))]
                rows = _with(rows, column.name, pa.array(values))
        return rows

    _rewrite(_part(place, rng), change)


def _as_csv(file: Path, table: SourceTable) -> str:
    def text(value: Any, kind: str) -> str | None:
        if value is None:
            return None
        if kind.startswith("map"):
            return json.dumps(dict(value))
        return json.dumps(value, default=str) if "<" in kind else str(value)

    rows = _read(file)
    columns = {
        column.name: pa.array(
            [text(value, column.type) for value in rows.column(column.name).to_pylist()],
            pa.string(),
        )
        for column in table.columns
        if column.name in rows.column_names
    }
    sink = pa.BufferOutputStream()
    pa_csv.write_csv(pa.table(columns), sink)
    return bytes(sink.getvalue()).decode()


def as_csv(place: Path, table: SourceTable, rng: random.Random) -> None:
    """No damage at all: what a dump as CSV looks like."""
    for file in sorted(place.glob("*.parquet")):
        text = _as_csv(file, table)
        file.unlink()
        if rng.random() < 0.5:
            with gzip.open(file.with_suffix(".csv.gz"), "wt") as out:
                out.write(text)
        else:
            file.with_suffix(".csv").write_text(text)


def broken_csv(place: Path, table: SourceTable, rng: random.Random) -> None:
    file = _part(place, rng)
    text = _as_csv(file, table)
    file.unlink()
    lines = text.splitlines(keepends=True)
    at = rng.randrange(1, len(lines))
    damaged: list[bytes] = [
        text.replace('"', "", 1).encode(),
        text.replace('"', "").encode(),
        "".join([*lines[:at], "only,three,cells\n", *lines[at:]]).encode(),
        text.encode().replace(b"0", b"\xff", 3),
        text.replace(",", ";").encode(),
        text.replace("\n", "\r").encode(),
        b"\xef\xbb\xbf" + text.encode(),
        lines[0].encode(),
        b"",
        text[: rng.randrange(len(text))].encode(),
        text.encode("utf-16"),
        (lines[0].rstrip("\n") + "," + lines[0] + "".join(lines[1:])).encode(),
    ]
    file.with_suffix(".csv").write_bytes(rng.choice(damaged))


def plain_text_named_gz(place: Path, table: SourceTable, rng: random.Random) -> None:
    file = _part(place, rng)
    text = _as_csv(file, table).encode()
    file.unlink()
    packed = gzip.compress(text)
    file.with_suffix(".csv.gz").write_bytes(rng.choice([text, packed[:-20], packed + b"junk"]))


def delta(place: Path, table: SourceTable, rng: random.Random) -> None:
    """The table as Delta, its log whole or not."""
    rows = pa.concat_tables([_read(file) for file in sorted(place.glob("*.parquet"))])
    shutil.rmtree(place)
    by = [table.dated_by] if table.dated_by == "usage_date" and rng.random() < 0.5 else None
    write_deltalake(str(place), rows.slice(0, 6), partition_by=by)
    write_deltalake(str(place), rows.slice(6), mode="append", partition_by=by)
    log = sorted((place / "_delta_log").glob("*.json"))
    match rng.randrange(5):
        case 0:
            log[-1].write_text("{broken")
        case 1:
            log[0].unlink()
        case 2:
            rng.choice(sorted(place.rglob("*.parquet"))).unlink()
        case 3:
            shutil.rmtree(place / "_delta_log")
            (place / "_delta_log").mkdir()


def links(place: Path, table: SourceTable, rng: random.Random) -> None:
    match rng.randrange(3):
        case 0:
            (place / "gone.parquet").symlink_to(place / "nowhere")
        case 1:
            (place / "round").symlink_to(place)
        case 2:
            outside = place.parent.parent / "elsewhere"
            outside.mkdir(exist_ok=True)
            moved = outside / f"{table.name}.bin"
            (place / "part-0.parquet").replace(moved)
            (place / "part-0.parquet").symlink_to(moved)


def two_places(place: Path, table: SourceTable, rng: random.Random) -> None:
    shutil.copytree(place, place.parent.parent / rng.choice([table.name, table.system_name]))


def folder_named_as_file(place: Path, table: SourceTable, rng: random.Random) -> None:
    place.rename(place.with_suffix(".parquet"))


DAMAGES: tuple[Damage, ...] = (
    no_table,
    no_files,
    truncated,
    empty_file,
    text_in_parquet,
    flipped_bytes,
    other_type,
    dropped_column,
    extra_column,
    null_keys,
    moved_times,
    duplicated,
    huge_values,
    hostile_strings,
    hostile_paths,
    integer_ids,
    other_times,
    mixed_schemas,
    text_for_nested,
    as_csv,
    broken_csv,
    plain_text_named_gz,
    delta,
    links,
    two_places,
    folder_named_as_file,
    reversed_times,
    swapped_columns,
    huge_amounts,
    shuffled_delivery,
)


def damage(folder: Path, seed: int) -> tuple[str, SourceTable]:
    """Damage the export in `folder`; which damage it was, and to which table."""
    rng = random.Random(seed)
    done = DAMAGES[seed % len(DAMAGES)]
    table = rng.choice(SOURCE_TABLES)
    done(path_of(folder, table), table, rng)
    return done.__name__, table
