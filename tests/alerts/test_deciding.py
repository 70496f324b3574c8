"""Who is told of what: one message a cause, nothing of what is held, and nothing twice."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.alert_settings import AlertSettings, Maintenance, Route
from pipeline.alerts.deciding import Decision, decide
from pipeline.alerts.incidents import Incident, Reason, State
from pipeline.alerts.policy import Policy
from pipeline.alerts.signals import Signal, caused
from pipeline.alerts.silences import SILENCE, Silence, silences_in_force

_NIGHT = datetime(2026, 1, 10, tzinfo=UTC)
_DAY = timedelta(days=1)


def _policy(**settings: object) -> Policy:
    return Policy(AlertSettings.model_validate(settings))


_POLICY = _policy(to=("everyone",))


def _signal(
    subject: str, condition: str = "failed", *, team: str = "a", tier: int = 1, times: int = 1,
    upstream: str | None = None, outer_reason: str | None = None, seen_at: datetime = _NIGHT,
) -> Signal:  # fmt: skip
    return Signal(
        condition=condition, subject=subject, name=subject, team=team, owner="", tier=tier,
        began_at=seen_at, seen_at=seen_at, times=times, sentence="It holds.", cause=f"job/{subject}",
        upstreams=() if upstream is None else (upstream,), outer_reason=outer_reason,
    )  # fmt: skip


def _late(source: str = "system.lakeflow.job_run_timeline") -> Signal:
    return replace(_signal(source, "source_late", team="platform"), cause=f"source/{source}")


def _decide(
    incidents: Sequence[Incident], *signals: Signal, policy: Policy = _POLICY,
    silences: Sequence[Silence] = (), at: datetime = _NIGHT, digested: frozenset[str] = frozenset(),
) -> Decision:  # fmt: skip
    return decide(incidents, caused(signals), policy, silences, now=at, as_of=at, digested=digested)


def _reasons(decision: Decision) -> dict[str, Reason]:
    return {told.incident.incident_id: told.notice.reason for told in decision.told}


def test_what_fails_and_misses_is_one_message() -> None:
    decision = _decide((), _signal("j"), _signal("j", "missed"))
    assert _reasons(decision) == {"job/j@a#1": Reason.OPENED}
    assert len(decision.told[0].signals) == 2


def test_an_upstream_failure_holds_what_other_teams_would_be_told() -> None:
    up, down = _signal("up"), _signal("down", "did_not_come", team="b", upstream="up")
    decision = _decide((), up, down)
    assert _reasons(decision) == {"job/up@a#1": Reason.OPENED}
    assert decision.told[0].held_back == 1
    assert [held.why for held in decision.held] == ["incident job/up@a#1"]


def test_what_was_held_is_never_announced_as_over() -> None:
    """Also where both end together, which is where Alertmanager announces it (alertmanager#891)."""
    up, down = _signal("up"), _signal("down", "did_not_come", team="b", upstream="up")
    first = _decide((), up, down)
    second = _decide(first.incidents, at=_NIGHT + _DAY)
    assert _reasons(second) == {"job/up@a#1": Reason.RESOLVED}


def test_what_outlasts_its_upstream_is_told_then() -> None:
    up, down = _signal("up"), _signal("down", team="b", upstream="up")
    first = _decide((), up, down)
    still = _signal("down", team="b", upstream="up", seen_at=_NIGHT + _DAY)
    second = _decide(first.incidents, still, at=_NIGHT + _DAY)
    assert _reasons(second) == {"job/up@a#1": Reason.RESOLVED, "job/down@b#1": Reason.OPENED}


def test_jobs_after_one_of_the_same_team_are_in_its_message() -> None:
    decision = _decide(
        (), _signal("up"), _signal("down", upstream="up"), _signal("last", upstream="down")
    )
    assert _reasons(decision) == {"job/up@a#1": Reason.OPENED}
    assert {one.subject for one in decision.told[0].signals} == {"up", "down", "last"}


def test_jobs_that_fire_each_other_are_still_told() -> None:
    decision = _decide((), _signal("x", upstream="y"), _signal("y", upstream="x"))
    assert len(decision.told) >= 1


def test_an_outage_of_the_platform_is_one_message() -> None:
    failed = [
        _signal(f"j{n}", team=f"team{n % 40}", tier=1 + n % 3, outer_reason="CLOUD_FAILURE")
        for n in range(1_000)
    ]
    decision = _decide((), *failed)
    assert _reasons(decision) == {"platform/CLOUD_FAILURE@platform#1": Reason.OPENED}
    assert (
        len(decision.told[0].signals) + sum(len(one.signals) for one in decision.digests) >= 1_000
    )


def test_four_failures_for_an_outer_reason_are_four_jobs() -> None:
    failed = [_signal(f"j{n}", outer_reason="CLOUD_FAILURE") for n in range(4)]
    assert len(_decide((), *failed).told) == 4


def test_a_late_source_holds_what_stands_on_it_both_ways() -> None:
    first = _decide((), _signal("j"))
    blind = _decide(first.incidents, _late(), at=_NIGHT + _DAY)
    assert [told.incident.cause for told in blind.told] == [
        "source/system.lakeflow.job_run_timeline"
    ]
    kept = next(one for one in blind.incidents if one.cause == "job/j")
    assert kept.state is State.OPEN
    other = _decide((), _signal("k"), _late())
    assert {told.incident.team for told in other.told} == {"platform"}
    assert other.held[0].why == "late source system.lakeflow.job_run_timeline"


def test_a_first_night_tells_nobody_of_last_month() -> None:
    decision = _decide((), _signal("j", seen_at=_NIGHT - timedelta(days=20)))
    assert decision.told == ()
    assert decision.digests == ()
    again = _decide(
        decision.incidents, _signal("j", times=2, seen_at=_NIGHT + _DAY), at=_NIGHT + _DAY
    )
    assert _reasons(again) == {"job/j@a#1": Reason.OPENED}


def test_a_budget_holds_pages_but_none_of_tier_1() -> None:
    policy = _policy(to=("everyone",), pages_a_week=3)
    ordinary = [_signal(f"j{n}", tier=2, times=2) for n in range(10)]
    critical = [_signal(f"k{n}", tier=1) for n in range(10)]
    decision = _decide((), *ordinary, *critical, policy=policy)
    assert sum(told.incident.tier == 2 for told in decision.told) == 3
    assert sum(told.incident.tier == 1 for told in decision.told) == 10
    assert [digest.over_budget for digest in decision.digests] == [7]
    later = _decide(
        decision.incidents,
        *(replace(one, seen_at=_NIGHT + 8 * _DAY) for one in ordinary),
        policy=policy,
        at=_NIGHT + 8 * _DAY,
    )
    assert sum(told.notice.reason is Reason.OPENED for told in later.told) == 3


def test_a_digest_tells_each_thing_once() -> None:
    waits = _signal("j", tier=3)
    first = _decide((), waits)
    assert [one.subject for digest in first.digests for one in digest.signals] == ["j"]
    second = _decide(first.incidents, waits, digested=frozenset({waits.key}))
    assert second.digests == ()


@pytest.mark.parametrize("subject", ["job:j", "team:a", "condition:failed", "incident:job/j@a#1"])
def test_a_silence_holds_until_it_ends(subject: str) -> None:
    silence = Silence(subject, _NIGHT + _DAY, "ann", "known")
    first = _decide((), _signal("j"), silences=[silence])
    assert first.told == ()
    assert first.held[0].why.startswith("silence by ann")
    second = _decide(first.incidents, _signal("j"), silences=[silence], at=_NIGHT + _DAY)
    assert _reasons(second) == {"job/j@a#1": Reason.OPENED}


def test_a_silenced_end_is_not_told() -> None:
    first = _decide((), _signal("j"))
    silence = Silence("job:j", _NIGHT + 2 * _DAY, "ann", "known")
    assert _decide(first.incidents, silences=[silence], at=_NIGHT + _DAY).told == ()


def test_maintenance_holds_a_team() -> None:
    window = Maintenance.model_validate(
        {"from": _NIGHT - _DAY, "to": _NIGHT + _DAY, "why": "move", "by": "ann", "teams": ["a"]}
    )
    policy = _policy(to=("everyone",), maintenance=(window,))
    decision = _decide((), _signal("j"), _signal("k", team="b"), policy=policy)
    assert [told.incident.team for told in decision.told] == ["b"]


def test_routes_send_to_whom_they_name() -> None:
    policy = _policy(
        to=("rest",),
        routes=(
            Route(to=("phone",), tiers=("P1",)),
            Route(to=("mail",), teams=("b",), conditions=("failed",)),
        ),
    )
    decision = _decide(
        (), _signal("j"), _signal("k", team="b", tier=2, times=2), _signal("l", team="c", tier=2, times=2),
        policy=policy,
    )  # fmt: skip
    assert {told.incident.cause: told.notice.channels for told in decision.told} == {
        "job/j": ("phone",),
        "job/k": ("mail",),
        "job/l": ("rest",),
    }


def test_the_newest_silence_about_a_subject_counts() -> None:
    def said(subject: str, hours: int, until: datetime | None) -> dict[str, object]:
        at = _NIGHT + timedelta(hours=hours)
        return {
            "kind": SILENCE, "subject": subject, "decided_at": at, "until_at": until,
            "decided_by": "ann", "why": "known",
        }  # fmt: skip

    asked = said("job:j", 0, _NIGHT + _DAY)
    assert len(silences_in_force([asked], _NIGHT + timedelta(hours=2))) == 1
    assert silences_in_force([asked], _NIGHT + _DAY) == []
    taken_back = said("job:j", 1, None)
    assert silences_in_force([taken_back, asked], _NIGHT + timedelta(hours=2)) == []


_JOBS = {"j": ("a", 1, None), "k": ("b", 2, "j"), "l": ("a", 3, "k"), "m": ("b", 1, "m")}
"""Of each job its team, its tier, and the job that fires it."""


def _of_job(subject: str, condition: str, times: int) -> Signal:
    team, tier, upstream = _JOBS[subject]
    return _signal(subject, condition, team=team, tier=tier, times=times, upstream=upstream)


_SIGNALS = st.lists(
    st.builds(
        _of_job,
        subject=st.sampled_from(sorted(_JOBS)),
        condition=st.sampled_from(["failed", "missed", "did_not_come", "likely_to_miss"]),
        times=st.integers(1, 4),
    ),
    max_size=6,
    unique_by=lambda one: one.key,
)


@settings(max_examples=200)
@given(st.lists(st.tuples(_SIGNALS, st.booleans()), max_size=8))
def test_over_any_nights_each_cause_and_team_has_one_incident(
    nights: list[tuple[list[Signal], bool]],
) -> None:
    incidents: tuple[Incident, ...] = ()
    policy = _policy(to=("everyone",), pages_a_week=2)
    numbers: dict[str, int] = {}
    open_ids: set[str] = set()
    for night, (signals, is_silent) in enumerate(nights):
        at = _NIGHT + night * _DAY
        silences = [Silence("team:a", at + timedelta(hours=1), "ann", "x")] if is_silent else []
        fresh = [replace(one, seen_at=at) for one in signals]
        decision = _decide(incidents, *fresh, policy=policy, silences=silences, at=at)
        again = _decide(incidents, *reversed(fresh), policy=policy, silences=silences, at=at)
        assert _reasons(decision) == _reasons(again)
        keys = [one.key for one in decision.incidents]
        assert len(keys) == len(set(keys))
        for told in decision.told:
            assert told.notice.number == numbers.get(told.incident.incident_id, 0) + 1
            numbers[told.incident.incident_id] = told.notice.number
            if told.notice.reason is Reason.RESOLVED:
                open_ids.remove(told.incident.incident_id)
            else:
                open_ids.add(told.incident.incident_id)
            if is_silent and told.signals:
                assert any(one.team != "a" for one in told.signals)
        incidents = decision.incidents
