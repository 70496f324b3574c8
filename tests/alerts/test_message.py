"""A message as it is decided: written down and read back the same, known by one id."""

import re

from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.alerts.lines import lines_of, web_address
from pipeline.alerts.message import Content, message_id
from pipeline.alerts.plain_text import plain
from tests.alerts.messages import CONTENTS, HOSTILE, content, hostile, message


@given(CONTENTS)
@example(hostile().content)
def test_what_a_message_says_is_written_down_and_read_back(some: Content) -> None:
    assert Content.from_json(some.to_json()) == some


@given(st.text(), st.integers(0, 10**6), st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}"))
def test_an_id_fits_a_header_and_is_the_same_each_time(
    key: str, sequence: int, channel: str
) -> None:
    spelled = message_id(key, sequence, channel)
    assert re.fullmatch(r"[A-Za-z0-9._:/@+-]{1,120}", spelled)
    assert spelled == message_id(key, sequence, channel)
    assert spelled != message_id(key, sequence + 1, channel)


def test_an_id_is_legible_where_it_can_be() -> None:
    assert message_id("1/2/failed", 3, "team-data") == "1/2/failed/3/team-data"


@given(st.text(max_size=200), st.integers(0, 50))
def test_plain_text_is_one_short_line_that_steers_nothing(text: str, most: int) -> None:
    words = plain(text, most)
    assert len(words) <= most
    assert words.isprintable() or all(sign.isprintable() or ord(sign) > 0x9F for sign in words)
    assert not re.search("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]", words)
    assert plain(words, most) == words
    words.encode()


def test_lines_for_a_terminal_hold_nothing_that_steers_one() -> None:
    for line in lines_of(hostile()):
        assert "\x1b" not in line
        assert "\n" not in line
        assert "javascript:" not in line
        line.encode()


def test_how_old_the_data_is_stands_in_every_message() -> None:
    lines = [*lines_of(message())]
    assert lines[0] == "[P1] load_orders failed 3 times in a row"
    assert "Data as of 2026-03-02 00:00 UTC, 3 hours before this was decided." in lines
    fresh = message(content=content(data_as_of=message().decided_at))
    assert "Data as of 2026-03-02 03:00 UTC." in [*lines_of(fresh)]


@given(st.text(max_size=40) | st.sampled_from(HOSTILE))
def test_an_address_is_one_of_the_web_or_none(text: str) -> None:
    for url in (text, f"https://w.example/{text}", f"javascript:{text}"):
        address = web_address(url)
        assert address == "" or re.fullmatch(r"https?://[\x21-\x7e]*", address, re.IGNORECASE)
        assert not re.search(r"[<>|\"\s()]", address)
