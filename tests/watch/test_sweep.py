"""A sweep: what it is told, what it asks for first, and that no fault or stranger field stops it."""

import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.watch.runs import LiveRun, failed_task, live_run
from pipeline.watch.sweep import Remembered, Running, Swept, sweep
from pipeline.workspace.connection import Refused
from tests.watch import jobs as told
from tests.watch.jobs import GET, LIST, NOW, OUTPUT, Jobs, W, ended, ms, running
from tests.workspace.server import BROKEN, DENIED, Answer, fault

_HOUR_AGO = NOW - timedelta(hours=1)


def _sweep(
    jobs: Jobs, *before: int, requests: int = 60, critical: Sequence[str] = (), **more: Any
) -> Swept:
    known = {str(run_id): Running(f"{W}/1", NOW - timedelta(hours=2)) for run_id in before}
    remembered = Remembered(known, more.pop("ended", {}), more.pop("until", _HOUR_AGO), critical)
    return sweep(jobs.server.connect(**more), remembered, NOW, requests)


def _by_id(swept: Swept) -> dict[str, LiveRun]:
    return {run.run_id: run for run in swept.runs}


def test_all_pages_are_read(jobs: Jobs) -> None:
    jobs.have(*(running(number, job_id=number, minutes_ago=10) for number in range(1, 56)))
    swept = _sweep(jobs)
    assert (len(swept.runs), swept.problem, swept.ended_until) == (55, "", NOW)
    assert swept.requests == len(jobs.asked(LIST)) == 4, (
        "three pages of what runs, one of what ended"
    )
    run = swept.runs[0]
    assert (run.state, run.status, run.series_key) == ("running", "IN_FLIGHT", f"{W}/{run.job_id}")
    assert (run.elapsed_seconds, run.queue_seconds) == (600.0, 1.5)


def test_a_run_that_ends_between_two_sweeps_is_seen_whenever_it_began(jobs: Jobs) -> None:
    jobs.have(ended(1, begun=600), ended(2, begun=20), ended(3, begun=600))
    swept = _sweep(jobs, 1)
    assert {run.run_id: run.status for run in swept.runs} == {"1": "SUCCEEDED", "2": "SUCCEEDED"}
    assert [query["run_id"] for query in jobs.asked(GET)] == ["1"], "the third ended before, unseen"
    again = _sweep(jobs, ended={run.run_id: run.ended_at for run in swept.runs}, until=NOW)
    assert again.runs == (), "what is known is not told twice"


def test_of_a_failed_run_the_first_failed_task_and_its_error_are_told(jobs: Jobs) -> None:
    tasks = [
        told.failed_task(12, "late", 5),
        told.failed_task(11, "early", 9),
        told.failed_task(10, "again", 20, attempt_number=0),
        ended(13, code="SUCCESS") | {"task_key": "again", "attempt_number": 1},
        {"task_key": "after", "run_id": 14, "state": {"result_state": "UPSTREAM_FAILED"}},
    ]
    jobs.have(ended(1, code="RUN_EXECUTION_ERROR", tasks=tasks))
    jobs.errors[11] = "\n\x1b[31mValueError: password=hunter2 for ana@example.com\nhunter2"
    (run,) = _sweep(jobs).runs
    assert (run.status, run.failed_task_key) == ("FAILED", "early")
    assert (run.termination_code, run.failure_class) == ("RUN_EXECUTION_ERROR", "code")
    assert run.error_line == "ValueError: password=[hidden] for [e-mail]"
    assert [query["run_id"] for query in jobs.asked(OUTPUT)] == ["11"]


def test_an_error_that_nobody_may_read_is_what_the_run_says(jobs: Jobs) -> None:
    jobs.have(ended(1, code="CLUSTER_ERROR"))
    jobs.server.says(OUTPUT, DENIED)
    swept = _sweep(jobs)
    assert [(run.error_line, run.failure_class) for run in swept.runs] == [
        ("CLUSTER_ERROR.", "infrastructure")
    ]
    assert swept.problem == ""


def test_a_repaired_run_runs_again_since_its_repair(jobs: Jobs) -> None:
    history = [
        {"type": "ORIGINAL", "start_time": ms(300)},
        {"type": "REPAIR", "start_time": ms(10)},
        {"type": "REPAIR", "start_time": "soon"},
    ]
    jobs.have(running(1, minutes_ago=300, repair_history=history))
    for known in ({}, {"1": NOW - timedelta(minutes=200)}):
        (run,) = _sweep(jobs, ended=known).runs
        assert (run.attempt, run.elapsed_seconds, run.ended_at) == (1, 600.0, None)
        assert run.started_at == NOW - timedelta(minutes=300)
    assert len(jobs.asked(GET)) == 2


def test_what_was_known_of_a_repair_is_not_forgotten(jobs: Jobs) -> None:
    jobs.have(running(1, minutes_ago=300))
    known = {"1": Running(f"{W}/1", NOW - timedelta(minutes=300), 1, NOW - timedelta(minutes=10))}
    (run,) = sweep(jobs.server.connect(), Remembered(known, {}, _HOUR_AGO), NOW, 60).runs
    assert (run.attempt, run.elapsed_seconds) == (1, 600.0)
    assert jobs.asked(GET) == []


def test_one_run_that_cannot_be_asked_for_holds_up_no_other(jobs: Jobs) -> None:
    jobs.have(ended(1, begun=300), ended(2, begun=300), ended(3, begun=20))
    jobs.first(GET, BROKEN, then=jobs._get)
    swept = _sweep(jobs, 1, 2)
    assert (set(_by_id(swept)), swept.ended_until) == ({"2", "3"}, NOW)
    assert "no usable answer" in swept.problem
    jobs.server.says(GET, BROKEN)
    assert _sweep(jobs, *range(100, 120)).requests == 5, "one list, one of what ended, three faults"


def test_a_run_in_the_queue_has_not_begun(jobs: Jobs) -> None:
    jobs.have(running(1, minutes_ago=50, status={"state": "QUEUED"}))
    (run,) = _sweep(jobs).runs
    assert (run.state, run.elapsed_seconds) == ("queued", 0.0)


def test_a_run_that_is_gone_is_not_in_progress(jobs: Jobs) -> None:
    swept = _sweep(jobs, 7)
    assert [(run.state, run.status) for run in swept.runs] == [("ended", "UNKNOWN")]
    assert swept.problem == ""


def test_too_many_requests_are_waited_for(jobs: Jobs) -> None:
    jobs.have(running(1))
    jobs.first(LIST, fault(429, "REQUEST_LIMIT_EXCEEDED", Retry_After="1"), then=jobs._list)
    begun_at = time.monotonic()
    swept = _sweep(jobs)
    assert (len(swept.runs), swept.problem) == (1, "")
    assert time.monotonic() - begun_at >= 1


def test_a_fault_ends_a_sweep_with_what_it_has(jobs: Jobs) -> None:
    jobs.have(*(running(number) for number in range(1, 40)))
    jobs.server.says(LIST, jobs._list, BROKEN)
    swept = _sweep(jobs, 77)
    assert (len(swept.runs), swept.ended_until) == (24, None)
    assert "no usable answer" in swept.problem
    assert "77" not in _by_id(swept), "what was not asked for is not over"


@pytest.mark.parametrize("body", [{"runs": {"a": 1}}, {"runs": [1]}, [], "<html>"])
def test_what_is_no_list_is_a_fault(jobs: Jobs, body: Any) -> None:
    jobs.server.says(LIST, Answer(body) if isinstance(body, str) else body)
    assert _sweep(jobs).problem


def test_pages_in_a_circle_end(jobs: Jobs) -> None:
    jobs.server.says(LIST, {"runs": [running(1)], "next_page_token": "x"})
    assert "circle" in _sweep(jobs).problem


def test_a_workspace_that_says_not_even_which_it_is_is_refused(jobs: Jobs) -> None:
    jobs.server.says("/api/2.0/preview/scim/v2/Me", BROKEN)
    with pytest.raises(Refused):
        _sweep(jobs)


def test_a_short_budget_is_kept_and_critical_jobs_are_seen(jobs: Jobs) -> None:
    jobs.have(*(running(number, job_id=number, minutes_ago=10) for number in range(100, 400)))
    jobs.have(running(1, job_id=7, minutes_ago=50), running(2, job_id=8, minutes_ago=50))
    swept = _sweep(jobs, 55, requests=9, critical=["7", "8", "9"])
    assert {"1", "2"} <= _by_id(swept).keys()
    asked = [query["job_id"] for query in jobs.asked(LIST) if "job_id" in query]
    assert asked == ["7", "8", "9"]
    assert swept.requests == len(jobs.asked(LIST)) == 9
    assert "budget" in swept.problem
    assert swept.ended_until is None


def test_critical_runs_are_followed_and_explained_first(jobs: Jobs) -> None:
    jobs.have(*(ended(number, job_id=5, begun=300, code="DRIVER_ERROR") for number in range(1, 9)))
    jobs.have(ended(9, job_id=7, begun=300, code="DRIVER_ERROR"))
    known = {str(n): Running(f"{W}/{7 if n == 9 else 5}", NOW) for n in range(1, 10)}
    swept = sweep(jobs.server.connect(), Remembered(known, {}, _HOUR_AGO, ["7"]), NOW, 5)
    assert [path for path, _ in jobs.server.requests if "runs" in path][:4] == [
        LIST,
        GET,
        OUTPUT,
        LIST,
    ]
    assert jobs.asked(GET)[0]["run_id"] == jobs.asked(OUTPUT)[0]["run_id"] == "9"
    assert swept.requests == 5
    assert "budget" in swept.problem


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda values: st.lists(values, max_size=2) | st.dictionaries(st.text(), values, max_size=2),
    max_leaves=3,
)
_FIELDS = (
    "run_id", "job_id", "start_time", "end_time", "status", "state", "tasks", "repair_history", "queue_duration",
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(_FIELDS), _ANYTHING), st.data())
def test_a_run_of_any_form_is_a_row_or_none(fields: dict[str, Any], data: st.DataObject) -> None:
    nested = data.draw(
        st.dictionaries(st.sampled_from(("state", "termination_details")), _ANYTHING)
    )
    for base in ({}, running(1), ended(2, code="A_NEW_WORD")):
        for one in (base | fields, base | {"status": nested, "state": nested}):
            run = live_run(one, W, NOW)
            failed_task(one)
            if run is None:
                continue
            assert (run.ended_at is None) == (run.status == "IN_FLIGHT") == (run.state != "ended")
            assert run.elapsed_seconds >= 0
            assert run.run_id.isdigit()


def test_words_that_nobody_knows_are_no_failure() -> None:
    run = live_run(ended(1, code="X", status={"state": "EVAPORATED"}), W, NOW)
    assert run is not None
    assert (run.state, run.status) == ("ended", "UNKNOWN")
    older = live_run(ended(1, status=None, state={"life_cycle_state": "INTERNAL_ERROR"}), W, NOW)
    assert older is not None
    assert older.status == "FAILED"
