"""How a CSV file is written: its encoding, separator, quotes and header, found in the file itself.

A dialect is right when the first line, read in it, names columns that the table declares. Quotes
inside quotes are doubled, or escaped by a backslash as Spark writes them; where a file has a quote
behind a backslash, the way in which every quoted text ends at a separator is the right one.
"""

import codecs
import csv
import gzip
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from pipeline.errors import UserError
from pipeline.sources.layout import REPAIR, printable
from pipeline.sources.lookalikes import explain_lookalike
from pipeline.tables.declaration import SourceTable

_BLOCK_BYTES = 16 * 1024 * 1024
_HEAD_BYTES = 1024 * 1024
_UTF8, _UTF16 = "utf-8-sig", "utf-16"
_BLANK = codecs.BOM_UTF8 + codecs.BOM_UTF16 + b" \t\r\n\0"
_USUAL = ",;\t|"
_NO_SEPARATORS = "_\"'.-\\ \r\n\0"
_WIDEST_FIELD = 2**31 - 1
# Bytes that UTF-8 has no use for, while it is found out what an escape is where it stands.
_BACKSLASH, _QUOTE, _BETWEEN = b"\xff", b"\xfe", b"\xfd"


@dataclass(frozen=True)
class Dialect:
    """How to read one CSV file."""

    encoding: str
    separator: str
    header: tuple[str, ...]
    """The names of all columns, in their order."""
    has_header: bool
    """Whether the file's own first row holds them; else the first file of its table does."""
    is_escaped: bool = False
    """Whether a backslash stands before a quote inside quotes, in place of a second quote."""
    has_rows: bool = True

    @property
    def is_read_as_is(self) -> bool:
        """Whether Arrow reads the file as it is."""
        return self.encoding == _UTF8 and not self.is_escaped


def dialect_of(
    file: Path, table: SourceTable, first: Callable[[], "Dialect | None"]
) -> Dialect | None:
    """The dialect of a file of the table, `first` asked for that of the table's first file where the
    file has no header; None for an empty file, UserError for one that no dialect fits."""
    with _opened(file) as data:
        head = data.read(_BLOCK_BYTES)
        if not head.strip(_BLANK) and not data.read(1):
            return None
    encoding = _encoding(head)
    has_escapes = _scan(file, encoding)
    text = next(_blocks(file, encoding))[:_HEAD_BYTES].decode(errors="ignore")
    dialect = _by_header(file, text, encoding, table, first)
    if has_escapes and (doubled := _first_fault(file, dialect)) is not None:
        dialect = replace(dialect, is_escaped=True)
        # Where the other way of quoting fails, this one must not.
        if _first_fault(file, dialect, last_line=doubled[0]) is not None:
            raise UserError(
                f"{printable(file)} is not a readable CSV file ({doubled[1]}): {REPAIR}"
            )
        _refuse_open_quote(file, sum(block.count(b'"') for block in _read(file, dialect)))
    return dialect


def open_as_utf8(file: Path, dialect: Dialect) -> BinaryIO:
    """The file as UTF-8 with its quotes doubled."""
    return io.BufferedReader(_Blocks(_read(file, dialect)), _BLOCK_BYTES)


def fault(file: Path, dialect: Dialect) -> str:
    """The first line that is not written in the dialect and what is wrong with it, never its text;
    empty where there is none."""
    first_fault = _first_fault(file, dialect)
    return first_fault[1] if first_fault is not None else ""


def _first_fault(
    file: Path, dialect: Dialect, last_line: int | None = None
) -> tuple[int, str] | None:
    """The first faulty line and what is wrong with it, of those up to `last_line`."""
    csv.field_size_limit(_WIDEST_FIELD)
    width = len(dialect.header)
    with io.TextIOWrapper(open_as_utf8(file, dialect), encoding="utf-8", newline="") as text:
        rows = csv.reader(text, delimiter=dialect.separator, strict=True)
        line = 1
        try:
            for row in rows:
                if row and len(row) != width:
                    return line, f"line {line} has {len(row)} fields, and its header {width}"
                line = rows.line_num + 1
                if last_line is not None and line > last_line:
                    break
        except csv.Error:
            return line, f"a quoted text in line {line} does not end where the field ends"
    return None


def _opened(file: Path) -> BinaryIO:
    if file.name.lower().endswith(".gz"):
        return io.BufferedReader(gzip.open(file, "rb"))
    return file.open("rb")


def _encoding(head: bytes) -> str:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _UTF16
    # Of Latin letters every other byte is zero.
    for first, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if len(head) > 1 and not head[first:100:2].strip(b"\0"):
            return encoding
    return _UTF8


def _scan(file: Path, encoding: str) -> bool:
    """Whether a quote stands behind a backslash; UserError for text that is not what it should be."""
    quotes = 0
    has_escapes = False
    for block in _blocks(file, encoding):
        quotes += block.count(b'"')
        has_escapes = has_escapes or b'\\"' in block
    if not has_escapes:
        _refuse_open_quote(file, quotes)
    return has_escapes


def _refuse_open_quote(file: Path, quotes: int) -> None:
    if quotes % 2:
        # Arrow would read the rest of the file as one value, and rows would vanish unseen.
        raise UserError(
            f"{printable(file)} is not a readable CSV file: it has a quote that is never closed:"
            f" {REPAIR}"
        )


def _by_header(
    file: Path,
    text: str,
    encoding: str,
    table: SourceTable,
    ask_first: Callable[[], Dialect | None],
) -> Dialect:
    """The dialect whose separator makes the most declared columns of the first row."""
    line = text.partition("\n")[0]
    others = sorted(
        {c for c in line if not c.isalnum() and c.isascii()} - {*_USUAL, *_NO_SEPARATORS}
    )
    best = Dialect(encoding, ",", (), has_header=True)
    for separator in (*_USUAL, *others):
        names, has_rows = _first_row(text, separator)
        if _declared(names, table) > _declared(best.header, table):
            best = Dialect(encoding, separator, names, has_header=True, has_rows=has_rows)
    if best.header:
        return best
    first = ask_first()
    if first is not None and len(_first_row(text, first.separator)[0]) == len(first.header):
        return replace(first, encoding=encoding, has_header=False, is_escaped=False, has_rows=True)
    raise UserError(
        explain_lookalike(file, table, _first_row(text, ",")[0])
        or f"the first line of {printable(file)} names none of the columns of {table.system_name}, so its"
        " header was not recognised: write the names of the columns into it, separated by commas"
    )


def _first_row(text: str, separator: str) -> tuple[tuple[str, ...], bool]:
    """The first row of the text, and whether others follow it."""
    lines = io.StringIO(text, newline="")
    try:
        row = next((row for row in csv.reader(lines, delimiter=separator) if row), [])
    except csv.Error:
        return (), False
    return tuple(name.strip() for name in row), bool(lines.read().strip())


def _declared(names: tuple[str, ...], table: SourceTable) -> int:
    return len({name.lower() for name in names} & {*table.column_names})


def _read(file: Path, dialect: Dialect) -> Iterator[bytes]:
    blocks = _blocks(file, dialect.encoding)
    return _doubled(blocks) if dialect.is_escaped else blocks


def _blocks(file: Path, encoding: str) -> Iterator[bytes]:
    """The text as UTF-8 without a byte order mark, one block after the other."""
    decoder = codecs.getincrementaldecoder(encoding)()
    lines = 1
    with _opened(file) as data:
        while True:
            block = data.read(_BLOCK_BYTES)
            try:
                text = decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                # The bytes that could be read, of this block and of what the last one left open.
                line = lines + error.object[: error.start].count(b"\n")
                raise UserError(_not_in(file, encoding, line)) from None
            lines += block.count(b"\n")
            if text:
                yield text.encode()
            if not block:
                return


def _not_in(file: Path, encoding: str, line: int) -> str:
    if encoding != _UTF8:
        return (
            f"{printable(file)} is UTF-16 that breaks off or is damaged: export it again, as UTF-8"
        )
    return (
        f"{printable(file)} is not UTF-8 text from line {line} on: it seems to be Windows-1252 or Latin-1,"
        " or damaged; save it as UTF-8"
    )


def _doubled(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Text whose quotes are escaped by backslashes as text whose quotes are doubled.

    Inside quotes `\\\\` is a backslash and `\\"` a quote; outside them two backslashes are two.
    """
    left, is_inside = b"", False
    for block in blocks:
        block = left + block
        # A backslash at the end may belong to what follows.
        end = len(block.rstrip(b"\\"))
        left, block = block[end:], block[:end]
        parts = block.replace(b"\\\\", _BACKSLASH).replace(b'\\"', _QUOTE).split(b'"')
        inside = slice(0 if is_inside else 1, None, 2)
        outside = slice(1 if is_inside else 0, None, 2)
        parts[inside] = _replaced(parts[inside], b"\\", b'""')
        parts[outside] = _replaced(parts[outside], b"\\\\", b'"')
        is_inside ^= len(parts) % 2 == 0
        yield b'"'.join(parts)
    yield left


def _replaced(parts: list[bytes], backslash: bytes, quote: bytes) -> list[bytes]:
    """The escapes of these parts, none of which holds a quote, by what they are there."""
    # Together: a call for each of a million parts would take seconds.
    joined = _BETWEEN.join(parts).replace(_BACKSLASH, backslash).replace(_QUOTE, quote)
    return joined.split(_BETWEEN) if parts else parts


class _Blocks(io.RawIOBase):
    """Blocks of bytes as a file."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._left = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._left:
            block = next(self._blocks, None)
            if block is None:
                return 0
            self._left = memoryview(block)
        count = min(len(buffer), len(self._left))
        buffer[:count] = self._left[:count]
        self._left = self._left[count:]
        return count
