"""What people read: one headline for what comes from one thing, and ids that are the same when it is said again."""

import shlex
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from pipeline.alert_settings import AlertSettings
from pipeline.alerts.deciding import Decision, decide
from pipeline.alerts.incidents import Incident
from pipeline.alerts.message import Kind, Message
from pipeline.alerts.policy import Policy
from pipeline.alerts.signals import Signal, caused
from pipeline.alerts.wording import headline, messages_of

_NIGHT = datetime(2026, 1, 10, tzinfo=UTC)
_POLICY = Policy(AlertSettings(to=("a", "b")))


def _signal(subject: str, condition: str = "failed", **others: object) -> Signal:
    plain = Signal(
        condition=condition, subject=subject, name=f"job {subject}", team="t", owner="", tier=1,
        began_at=_NIGHT, seen_at=_NIGHT, times=1, sentence=f"{condition} holds.", url="https://x/jobs/1",
        run_id="7", cause=f"job/{subject}",
    )  # fmt: skip
    return replace(plain, **others)  # type: ignore[arg-type]


def _decide(*signals: Signal, before: tuple[Incident, ...] = (), nights: int = 0) -> Decision:
    at = _NIGHT + timedelta(days=nights)
    return decide(before, caused(signals), _POLICY, [], now=at, as_of=at)


def _messages(decision: Decision, headlines: dict[str, str] | None = None) -> list[Message]:
    return messages_of(
        decision, headlines=headlines or {}, now=_NIGHT, as_of=_NIGHT, quiet=timedelta(days=3)
    )


def test_each_channel_has_a_message_of_its_own() -> None:
    first, second = _messages(_decide(_signal("j")))
    assert {first.channel, second.channel} == {"a", "b"}
    assert first.message_id != second.message_id
    assert (first.kind, first.tier, first.team, first.sequence) == (Kind.OPENED, "P1", "t", 1)
    assert first.content.headline == "job j failing"
    assert first.content.sentences == ("failed holds.",)
    assert [link.url for link in first.content.links] == [
        "https://x/jobs/1",
        "https://x/jobs/1/runs/7",
    ]


def test_the_job_that_all_comes_from_is_named_first() -> None:
    signals = caused([_signal("down", upstreams=("up",)), _signal("up"), _signal("up", "missed")])
    assert headline(signals, "job/up") == "job up failing, and 1 more"


def test_a_list_is_cut_and_says_how_much_is_left_out() -> None:
    signals = [_signal(f"j{n}", outer_reason="CLOUD_FAILURE") for n in range(40)]
    message = _messages(_decide(*signals))[0]
    assert message.content.headline == "40 jobs failed with CLOUD_FAILURE"
    assert len(message.content.items) + message.content.left_out == 39


def test_an_end_is_told_under_the_name_of_its_beginning() -> None:
    first = _decide(_signal("j"))
    second = _decide(before=first.incidents, nights=1)
    told = _messages(second, {first.incidents[0].incident_id: "job j failing"})[0]
    assert told.kind is Kind.RESOLVED
    assert told.content.headline == "Over: job j failing"
    assert told.sequence == 2


def test_the_same_decision_has_the_same_ids() -> None:
    waits = _signal("k", tier=3)
    once, again = (_messages(_decide(_signal("j"), waits)) for _ in range(2))
    assert [one.message_id for one in once] == [one.message_id for one in again]
    digests = {one.message_id for one in once if one.kind is Kind.DIGEST}
    others = {one.message_id for one in _messages(_decide(_signal("l", tier=3)))}
    assert not digests & others


def test_a_long_name_leaves_room_for_what_holds() -> None:
    signals = [_signal("j", name="n" * 400), _signal("k", cause="job/j")]
    called = headline(signals, "job/j")
    assert called.endswith("… failing, and 1 more")
    assert len(called) < 120


def test_a_command_to_copy_is_one_word_in_a_shell() -> None:
    hint = _messages(_decide(_signal("j", team="a; rm -rf $(HOME)")))[0].content.silence_hint
    assert shlex.split(hint)[3] == "incident:job/j@a; rm -rf $(HOME)#1"
