"""Lists on a terminal of any width: nothing is lost, and nothing that names a row is cut."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from pipeline.answers.terminal.layout import KEY, SENTENCES, listing

_WORDS = st.text("abcdefgh名é", min_size=1, max_size=12)
_CELLS = st.lists(_WORDS, max_size=3).map(" ".join)
_HEADINGS = ("job", KEY, "team", "P(miss)", "next start", "SLA", "reason")


def _lines(rows: Sequence[dict[str, str]], width: int | None) -> list[str]:
    return [line.plain for line in listing(rows, width)]


@given(
    rows=st.lists(st.tuples(*([_CELLS] * len(_HEADINGS))), min_size=1, max_size=5),
    width=st.sampled_from([None, 40, 60, 80, 120, 200]),
)
def test_every_text_is_there_whole(rows: list[tuple[str, ...]], width: int | None) -> None:
    records = [dict(zip(_HEADINGS, ("name" + row[0], *row[1:]), strict=True)) for row in rows]
    lines = _lines(records, width)
    text = " ".join(" ".join(lines).split())
    for record in records:
        for heading, cell in record.items():
            if heading in SENTENCES:
                assert cell in text  # Broken over lines, but no word is lost.
            else:
                assert any(cell in line for line in lines), heading
    if width is not None:
        # Only what cannot be broken is wider: a name, or one fact.
        longest = max(len(h) + 1 + cell_len(c) for r in records for h, c in r.items())
        assert max(map(cell_len, lines)) <= max(width, longest + 4)


_MISS = {
    "job": "fraud_scores_daily_load_of_all_regions",
    KEY: "5206439413157315/662557978176617",
    "team": "risk",
    "tier": "1",
    "P(miss)": "93.8 %",
    "next start": "2026-11-25 02:00",
    "SLA": "by 01:30 America/New_York",
}


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 160])
def test_a_row_is_named_at_any_width(width: int) -> None:
    lines = _lines([_MISS, _MISS | {"job": "other"}], width)
    assert max(map(cell_len, lines)) <= width
    text = "\n".join(lines)
    for cell in _MISS.values():
        assert cell in text
    assert text.count(_MISS[KEY]) == 2


def test_what_fits_is_a_grid_and_what_does_not_is_records() -> None:
    wide = _lines([_MISS], 200)
    assert wide[0].split() == ["job", "key", "team", "tier", "P(miss)", "next", "start", "SLA"]
    assert len(wide) == 2
    below = _lines([_MISS], 112)
    assert below[0].startswith("job ")
    assert below[2].strip() == _MISS[KEY]
    narrow = _lines([_MISS], 60)
    assert narrow[0] == _MISS["job"]
    assert "P(miss) 93.8 %" in " ".join(narrow)


def test_in_a_pipe_a_row_is_a_line() -> None:
    lines = _lines([_MISS | {"reason": "words " * 40}] * 3, None)
    assert len(lines) == 4
    assert all(_MISS[KEY] in line and "words words" in line for line in lines[1:])


def test_a_column_that_says_nothing_is_not_drawn() -> None:
    assert "SLA" not in _lines([_MISS | {"SLA": ""}], 200)[0]
    assert _lines([{"team": ""}], 80)[0] == "team"
