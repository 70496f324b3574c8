"""The laws of an incident, over any order of what holds, is held, is blind and comes back."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from pipeline.alerts.incidents import UPSTREAM, Heard, Incident, Notice, Reason, State, next_state

_START = datetime(2026, 1, 1, tzinfo=UTC)
_QUIET, _COOLDOWN = timedelta(days=3), timedelta(hours=4)


@dataclass(frozen=True)
class _Look:
    """What is heard at one time."""

    after: timedelta
    heard: tuple[Heard, ...]
    held_by: str = ""
    is_blind: bool = False
    channels: tuple[str, ...] = ("mail",)


_HEARD = st.builds(
    Heard,
    key=st.sampled_from(["failed a", "failed b", "missed a"]),
    tier=st.integers(1, 3),
    is_loud=st.booleans(),
    is_event=st.booleans(),
)
_LOOKS = st.lists(
    st.builds(
        _Look,
        after=st.sampled_from([timedelta(minutes=5), timedelta(hours=5), timedelta(days=1), timedelta(days=4)]),
        heard=st.lists(_HEARD, max_size=3, unique_by=lambda one: one.key).map(tuple),
        held_by=st.sampled_from(["", "", "silence", f"{UPSTREAM}job/z@u#1"]),
        is_blind=st.sampled_from([False, False, True]),
        channels=st.sampled_from([("mail",), ("mail",), ("phone",), ("mail", "phone"), ()]),
    ),
    max_size=25,
)  # fmt: skip


_Step = tuple[_Look, Incident | None, Incident | None, Notice | None]


def _history(
    looks: list[_Look],
) -> list[_Step]:
    """Each look, with the incident before and after it and what people were told."""
    incident: Incident | None = None
    now = _START
    history: list[_Step] = []
    for look in looks:
        now += look.after
        after, notice = next_state(
            incident, look.heard, now, cause="job/a", team="t", held_by=look.held_by,
            is_blind=look.is_blind, channels=look.channels, cooldown=_COOLDOWN, quiet=_QUIET,
        )  # fmt: skip
        history.append((look, incident, after, notice))
        incident = after
    return history


@given(_LOOKS)
def test_nobody_is_told_of_an_end_without_a_beginning(looks: list[_Look]) -> None:
    heard: set[tuple[str, str]] = set()
    for _look, _before, after, notice in _history(looks):
        if notice is None or after is None:
            continue
        of_channels = {(after.incident_id, name) for name in notice.channels}
        if notice.reason is Reason.RESOLVED:
            assert of_channels == {one for one in heard if one[0] == after.incident_id}
            assert of_channels
        else:
            heard |= of_channels


@given(_LOOKS)
def test_a_channel_that_takes_news_of_an_open_incident_has_heard_of_it(looks: list[_Look]) -> None:
    for look, _before, after, notice in _history(looks):
        if after is None or after.state is not State.OPEN or after.returns or look.held_by:
            continue
        if any(one.is_loud for one in look.heard):
            assert set(look.channels) <= set(after.channels)
        if notice is not None and notice.reason is Reason.JOINED:
            assert notice.channels


@given(_LOOKS)
def test_an_opening_is_told_once_and_its_messages_are_numbered(looks: list[_Look]) -> None:
    reasons: dict[str, list[Reason]] = {}
    for _look, _before, after, notice in _history(looks):
        if notice is not None and after is not None:
            of_incident = reasons.setdefault(after.incident_id, [])
            of_incident.append(notice.reason)
            assert notice.number == len(of_incident)
            assert len(set(notice.channels)) == len(notice.channels)
    for of_incident in reasons.values():
        assert of_incident[0] is Reason.OPENED
        assert of_incident.count(Reason.OPENED) == 1


@given(_LOOKS)
def test_what_is_held_is_not_told(looks: list[_Look]) -> None:
    for look, before, _after, notice in _history(looks):
        if look.held_by:
            assert notice is None
        if notice is not None and notice.reason is Reason.RESOLVED:
            assert before is not None
            assert not before.held_by.startswith(UPSTREAM)


@given(_LOOKS)
def test_nothing_ends_unseen(looks: list[_Look]) -> None:
    for look, before, after, _notice in _history(looks):
        if look.is_blind and not look.heard:
            assert after == before


@given(_LOOKS)
def test_only_what_is_loud_is_told(looks: list[_Look]) -> None:
    for look, _before, _after, notice in _history(looks):
        if notice is not None and notice.reason is not Reason.RESOLVED:
            assert any(one.is_loud for one in look.heard)


@given(_LOOKS)
def test_a_flapping_incident_is_told_twice_more_at_most(looks: list[_Look]) -> None:
    """That it comes and goes, and that it stays away; and each time that it weighs more."""
    flapping: dict[str, int] = {}
    for _look, before, after, notice in _history(looks):
        if after is None or not after.returns:
            flapping.clear()
        elif notice is not None and notice.reason not in (Reason.WORSE, Reason.JOINED):
            flapping[after.incident_id] = flapping.get(after.incident_id, 0) + 1
            assert flapping[after.incident_id] <= 2
        if before is not None and after is not None and before.returns and after.returns:
            assert before.told_tier is None or (after.told_tier or 4) <= before.told_tier


@given(_LOOKS)
def test_an_end_is_told_as_often_as_a_beginning_or_a_return_at_most(looks: list[_Look]) -> None:
    balance: dict[str, int] = {}
    for _look, _before, after, notice in _history(looks):
        if after is None or notice is None:
            continue
        count = balance.get(after.incident_id, 0)
        if notice.reason is Reason.RESOLVED:
            count -= 1
        elif notice.reason in (Reason.OPENED, Reason.FLAPPING):
            count += 1
        elif count == 0:
            count = 1
        balance[after.incident_id] = count
        assert count >= 0


@given(_LOOKS)
def test_a_new_incident_begins_only_where_none_is_left(looks: list[_Look]) -> None:
    for _look, before, after, _notice in _history(looks):
        if before is not None and after is not None and after.opening != before.opening:
            assert before.state is State.OVER
            assert after.opening == before.opening + 1


def _told(*looks: tuple[timedelta, tuple[Heard, ...]]) -> list[Reason | None]:
    history = _history([_Look(after, heard) for after, heard in looks])
    return [None if notice is None else notice.reason for *_rest, notice in history]


_DAY = timedelta(days=1)
_FAILED = Heard("failed a", tier=2, is_loud=True)


def test_a_failure_that_lasts_is_told_at_its_beginning_and_at_its_end() -> None:
    told = _told((_DAY, (_FAILED,)), (_DAY, (_FAILED,)), (_DAY, ()))
    assert told == [Reason.OPENED, None, Reason.RESOLVED]


def test_what_comes_and_goes_each_night_is_told_four_times_in_two_weeks() -> None:
    nights = [(_DAY, (_FAILED,)), (_DAY, ())] * 5
    told = _told(*nights, *[(_DAY, ())] * 4)
    assert [reason for reason in told if reason] == [
        Reason.OPENED,
        Reason.RESOLVED,
        Reason.FLAPPING,
        Reason.RESOLVED,
    ]


def test_an_event_has_no_end() -> None:
    missed = Heard("missed a", tier=1, is_loud=True, is_event=True)
    assert _told((_DAY, (missed,)), (_DAY, ())) == [Reason.OPENED, None]


def test_more_is_told_after_the_cooldown_and_worse_at_once() -> None:
    soon = timedelta(minutes=5)
    other = Heard("failed b", tier=2, is_loud=True)
    worse = Heard("failed c", tier=1, is_loud=True)
    assert _told(
        (_DAY, (_FAILED,)), (soon, (_FAILED, other)), (_DAY, (_FAILED, other)), (soon, (_FAILED, other, worse))
    ) == [Reason.OPENED, None, Reason.MORE, Reason.WORSE]  # fmt: skip


def test_both_that_end_together_are_not_announced_where_one_was_held() -> None:
    held, _ = next_state(
        None, (_FAILED,), _START, cause="job/a", team="downstream", held_by="job/a@upstream#1",
        cooldown=_COOLDOWN, quiet=_QUIET,
    )  # fmt: skip
    after, notice = next_state(
        held, (), _START + _DAY, cause="job/a", team="downstream", cooldown=_COOLDOWN, quiet=_QUIET
    )
    assert notice is None
    assert after is not None
    assert after.state is State.OVER


_NOBODY = _Look(_DAY, (_FAILED,), channels=())


def _reasons_and_channels(*looks: _Look) -> list[tuple[Reason, tuple[str, ...]]]:
    return [(notice.reason, notice.channels) for *_rest, notice in _history([*looks]) if notice]


def test_who_is_named_later_is_told_of_what_goes_on_and_of_its_end() -> None:
    assert _reasons_and_channels(
        _NOBODY, _NOBODY, _Look(_DAY, (_FAILED,)), _Look(_DAY, (_FAILED,)), _Look(_DAY, ())
    ) == [(Reason.OPENED, ()), (Reason.JOINED, ("mail",)), (Reason.RESOLVED, ("mail",))]


def test_what_nobody_was_told_of_has_no_end_to_tell() -> None:
    assert _reasons_and_channels(_NOBODY, _Look(_DAY, ())) == [(Reason.OPENED, ())]


def test_the_end_goes_to_those_who_heard_whoever_has_duty_now() -> None:
    by_day, by_night = _Look(_DAY, (_FAILED,)), _Look(_DAY, (_FAILED,), channels=("phone",))
    assert _reasons_and_channels(
        by_day, by_night, by_day, _Look(_DAY, (), channels=("pager",))
    ) == [
        (Reason.OPENED, ("mail",)),
        (Reason.JOINED, ("phone",)),
        (Reason.RESOLVED, ("mail", "phone")),
    ]
