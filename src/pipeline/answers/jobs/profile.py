"""All about one job: first in sentences, then section by section."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from pipeline.answers.answer import Answer
from pipeline.answers.jobs.picture import PAST_DAYS, Change, ComingRun, PastRun, Picture, Usual
from pipeline.answers.nights.given import as_of
from pipeline.answers.phrases import cost_of, regime, terms
from pipeline.answers.reader import Reader, records
from pipeline.answers.runs.reasons import causes_sentence, changes_sentence, of_run
from pipeline.answers.values import printable, share, shown, text
from pipeline.sla.durations import duration
from pipeline.tables import gold

__all__ = ["Profile", "picture", "profile"]

Record = dict[str, Any]

_SECTIONS: Final = {
    "job": gold.JOBS,
    "health": gold.JOB_HEALTH,
    "forecast": gold.JOB_FORECAST,
    "next_runs": gold.RUN_FORECAST,
    "in_flight": gold.IN_FLIGHT,
    "growth": gold.JOB_GROWTH,
    "proposed_sla": gold.SLA_PROPOSALS,
    "baseline": gold.JOB_BASELINE,
    "regimes": gold.JOB_REGIMES,
    "flags": gold.RUN_ANOMALIES,
    "rightsizing": gold.RIGHTSIZING,
    "trends": gold.JOB_TRENDS,
}
_RECOGNISED_BY: Final = {
    "job_id": "its job id",
    "run_name": "the name that its runs are submitted under",
    "run_name_by_rules": "the name that its runs are submitted under, without what is new in it each"
    " time (run_name_rules)",
    "run_name_and_tasks": "its first tasks, in brackets: the name that its runs are submitted under says"
    " nothing of what runs (default_run_names)",
    "tasks": "its first tasks: its runs are submitted without a name that stays",
    "shared_run_name": "a name that says nothing of what runs (default_run_names), and no task tells its"
    " runs apart: unlike works may be mixed here",
    "nothing": "nothing: a submitted run without a name that stays, and without tasks",
}
_TWO_MONTHS: Final = timedelta(days=59)
"""A job that began later was not there for all of the 30 days before."""
_PARTS: Final = {
    "p_miss_upstream": "the job that starts it being late",
    "p_miss_start": "its start being late",
    "p_miss_duration": "how long it takes",
    "p_miss_failure": "attempts that fail",
}


@dataclass(frozen=True, slots=True)
class Profile:
    """One job: its rows by section, the latest run first."""

    sections: dict[str, list[Record]]

    @property
    def job(self) -> Record:
        return self.sections["job"][0]

    def only(self, section: str) -> Record | None:
        """The one row of a section, None where there is none."""
        rows = self.sections[section]
        return rows[0] if rows else None

    def sentences(self) -> Iterator[str]:
        """What a person asks first, the most urgent before the rest."""
        yield self._who()
        for part in (
            self._health,
            self._settings,
            self._in_flight,
            self._next_run,
            self._usual,
            self._flags,
            self._why,
            self._growth,
            self._size,
            self._cost,
        ):
            if sentence := part():
                yield sentence

    def _who(self) -> str:
        job = self.job
        belongs = [
            f"team {text(job['team'])}" if job["team"] else "no team",
            f"tier {job['tier']}" if job["tier"] is not None else "",
            f"owner {text(job['owner'])}" if job["owner"] else "no owner",
        ]
        ran = (
            f"{job['runs']:,} runs since {text(job['first_run_date'])}"
            if job["runs"]
            else "no run yet"
        )
        schedule = ""
        if job["cron"]:
            schedule = f", scheduled at {text(job['cron'])} {text(job['timezone'])}"
        elif job["periodic_seconds"]:
            schedule = f", scheduled every {duration(job['periodic_seconds'])}"
        state = "" if job["state"] in ("active", "submitted") else f"; it is {text(job['state'])}"
        named = text(job["name"]) or "(unnamed)"
        return (
            f"{named} ({text(job['series_key'])}): {', '.join(filter(None, belongs))};"
            f" {ran}{schedule}{state}."
        )

    def _health(self) -> str:
        health = self.only("health")
        if health is None or health["last_run_id"] is None:
            return "Whether its runs succeed is not known: none of the last 90 days has a known outcome."
        at = shown("at", health["last_ended_at"])
        if not health["is_failing"]:
            return f"It works: run {text(health['last_run_id'])} ended with {text(health['last_status'])} at {at} UTC."
        code = text(health["last_termination_code"]) or text(health["last_failure_class"])
        success = health["last_success_at"]
        last_success = (
            f"the last success ended at {shown('at', success)} UTC"
            if success
            else "it has not succeeded in 90 days"
        )
        times = health["consecutive_failures"]
        return (
            f"It is failing: {times} {'run' if times == 1 else 'runs'} in a row since"
            f" {shown('at', health['failing_since'])} UTC{f', the last with {code}' if code else ''}; {last_success}."
        )

    def _settings(self) -> str:
        job = self.job
        if job["settings_problem"]:
            return f"Its retries, queue and who is told of failures are not known: {text(job['settings_problem'])}."
        if job["max_retries"] is None:
            return ""  # A submitted run is set up anew each time.
        retries, recipients, at_once = (
            job[name] for name in ("max_retries", "failure_recipients", "max_concurrent_runs")
        )
        again = {
            -1: "is tried again without end",
            0: "is not tried again",
            1: "is tried once more",
        }.get(retries, f"is tried up to {retries} times more")
        killed = (
            f"is stopped after {duration(job['timeout_seconds'])}"
            if job["timeout_seconds"]
            else "has no timeout"
        )
        beyond = "waits" if job["is_queued"] else "is skipped"
        whom = f"{recipients} {'recipient is' if recipients == 1 else 'recipients are'}"
        return (
            f"A failed task {again}; a run {killed}, and one beyond {at_once} at once {beyond};"
            f" {whom if recipients else 'nobody is'} told of a failure."
        )

    def _in_flight(self) -> str:
        running = self.only("in_flight")
        if running is None:
            return ""
        needed = running["remaining_p50_seconds"]
        then = "" if needed is None else f"; it probably needs another {duration(needed)}"
        miss = running["p_miss"]
        risk = "" if miss is None else f" and misses its SLA with a probability of {share(miss)}"
        return (
            f"Run {text(running['run_id'])} is in progress, {duration(running['elapsed_seconds'] or 0)}"
            f" after its start{then}{risk}."
        )

    def _next_run(self) -> str:
        forecast = self.only("forecast")
        if forecast is None:
            return ""
        start = forecast["next_start_at"]
        sentence = (
            f"When it runs next is not known ({text(forecast['start_reason'])})."
            if start is None
            else f"Its next run is expected at {shown('at', start)} UTC."
        )
        if forecast["p50_seconds"] is not None:
            sentence += (
                f" It takes {duration(forecast['p50_seconds'])} as often as not and less than"
                f" {duration(forecast['p95_seconds'])} in 95 of 100 cases."
            )
        if forecast["sla_kind"] is None:
            return f"{sentence} {self._proposal()}"
        promise = f"Its SLA is {terms(forecast)} ({text(forecast['sla_source'])})"
        if forecast["p_miss"] is None:
            return f"{sentence} {promise}; whether it will be kept cannot be told."
        causes = {words: forecast[name] or 0.0 for name, words in _PARTS.items()}
        most = max(causes, key=lambda words: causes[words])
        because = f", mostly because of {most}" if causes[most] >= 0.01 else ""
        return f"{sentence} {promise}: it will be missed with a probability of {share(forecast['p_miss'])}{because}."

    def _proposal(self) -> str:
        proposal = self.only("proposed_sla")
        if proposal is None or proposal["status"] != "ok":
            return "It has no SLA."
        return (
            f"It has no SLA; {terms(proposal)} would suit it, and waits for somebody to accept it."
        )

    @property
    def acceptable(self) -> bool:
        """Whether an SLA is proposed for it that somebody may accept."""
        forecast, proposal = self.only("forecast"), self.only("proposed_sla")
        has_none = forecast is not None and forecast["sla_kind"] is None
        return has_none and proposal is not None and proposal["status"] == "ok"

    def _usual(self) -> str:
        baseline = self.only("baseline")
        if baseline is None or baseline["center_seconds"] is None:
            return ""
        usual = f"It usually takes {duration(baseline['center_seconds'])}"
        low, high = baseline["usual_low_seconds"], baseline["usual_high_seconds"]
        if low is not None and high is not None:
            usual += f" ({duration(low)} to {duration(high)} in 98 of 100 runs)"
        if baseline["regime_start"]:
            usual += f" since {baseline['regime_start']:%Y-%m-%d}"
        changes = [row for row in self.regimes if row["to_at"] is None]
        return f"{usual}, {regime(changes[0])}." if changes else f"{usual}."

    @property
    def regimes(self) -> list[Record]:
        """The levels of its durations but for the first."""
        return [
            row
            for row in self.sections["regimes"]
            if row["metric"] == "duration_seconds" and row["from_at"] is not None
        ]

    def _flags(self) -> str:
        flags = self.sections["flags"]
        if not flags:
            return ""
        night_at = max(flag["night_at"] for flag in flags)
        words = [flag for flag in flags if flag["night_at"] == night_at]
        strangest = min(words, key=lambda flag: flag["p_value"])
        others = f", and {len(words) - 1} more" if len(words) > 1 else ""
        run = f"run {text(strangest['run_id'])}: " if strangest["run_id"] else ""
        return (
            f"It was last flagged in the 24 hours to {shown('at', night_at)} UTC:"
            f" {run}{text(strangest['severity'])}{others}."
        )

    def _why(self) -> str:
        """Of the last run that was flagged or where another duration became usual: why, and what was
        changed before it."""
        return " ".join(
            filter(
                None,
                (
                    causes_sentence(self.sections["causes"]),
                    changes_sentence(self.sections["changes"]),
                ),
            )
        )

    def _growth(self) -> str:
        growth = self.only("growth")
        if growth is None or growth["growth_30_days"] is None:
            return ""
        if growth["is_over"]:
            return "A usual run does not fit its SLA any more."
        if growth["crosses_on"] is None:
            return ""
        return (
            f"It grows by {share(growth['growth_30_days'])} in 30 days, and a usual run will not fit its SLA"
            f" from {growth['crosses_on']} on."
        )

    def _size(self) -> str:
        size = self.only("rightsizing")
        if size is None:
            return ""
        return f"Cluster: {text(size['reason']).rstrip('.')}." if size["reason"] else ""

    def _cost(self) -> str:
        month = next((row for row in self.sections["trends"] if row["window_days"] == 30), None)
        if month is None or month["list_cost"] is None:
            return ""
        cost = cost_of(month)
        first_day = self.job["first_run_date"]
        ran_before = first_day is not None and first_day <= month["last_cost_day"] - _TWO_MONTHS
        before = cost_of(month, "previous_") if ran_before else ""
        compared = f", and {before} in the 30 days before" if before else ""
        return (
            f"It cost {cost} {text(month['currency_code'])} at list prices in the 30 days to"
            f" {text(month['last_cost_day'])}{compared}."
        )


def profile(reader: Reader, series_key: str) -> Profile:
    """All rows about one job."""
    sections: dict[str, list[Record]] = {}
    for section, table in _SECTIONS.items():
        sections[section] = reader.read(Answer.of_job(table), series_key=series_key).records
    sections["runs"] = records(reader, "jobs", "runs", series_key=series_key)
    parts, changes = (
        records(reader, "runs", name, series_key=series_key) for name in ("causes", "changes")
    )
    unlike = [row for row in parts if row["is_flagged"] or row["is_shift"]]
    last = unlike[0]["run_id"] if unlike else ""
    sections["causes"], sections["changes"] = of_run(parts, last), of_run(changes, last)
    for job in sections["job"]:
        job["recognised_by"] = _RECOGNISED_BY.get(job["series_basis"])
    return Profile(sections)


def picture(reader: Reader, about: Profile) -> Picture:
    """What the picture of the job shows."""
    now = as_of(reader) or datetime.now(UTC)
    begin = now - timedelta(days=PAST_DAYS)
    recent = [
        run
        for run in about.sections["runs"]
        if run["started_at"] is not None and run["started_at"] >= begin
    ]
    forecast = about.only("forecast")
    flags = _flags_by_run(about.sections["flags"])
    return Picture(
        name=printable(about.job["name"] or about.job["series_key"]),
        now=now,
        runs=tuple(
            past
            for run in reversed(recent)
            if (past := _past_run(run, flags.get(run["run_id"], ""))) is not None
        ),
        upcoming=tuple(
            ComingRun(
                run["scheduled_at"], run["p5_seconds"], run["p50_seconds"], run["p95_seconds"]
            )
            for run in about.sections["next_runs"]
            if run["scheduled_at"] is not None and run["p50_seconds"] is not None
        ),
        allowed_seconds=None if forecast is None else forecast["allowed_seconds"],
        usual=tuple(
            Usual(
                run["started_at"],
                run["usual_low_seconds"],
                run["center_seconds"],
                run["usual_high_seconds"],
            )
            for run in records(reader, "jobs", "usual", series_key=about.job["series_key"])
            if run["started_at"] >= begin
        ),
        changes=tuple(
            Change(row["from_at"], regime(row)) for row in about.regimes if row["from_at"] >= begin
        ),
    )


def _flags_by_run(flags: list[Record]) -> dict[str, str]:
    """Why each flagged run was flagged: of several metrics, the strangest."""
    strangest_last = sorted(flags, key=lambda flag: -flag["p_value"])
    return {flag["run_id"]: text(flag["severity"]) for flag in strangest_last}


def _past_run(run: Record, flag: str) -> PastRun | None:
    """A run that ended by itself, how it went, and why it was flagged; None for another."""
    seconds = run["first_success_seconds"] or run["busy_seconds"]
    ended = run["status"] in ("SUCCEEDED", "FAILED", "TIMEOUT") and not run["never_started"]
    if not ended or not seconds:
        return None
    if run["status"] != "SUCCEEDED":
        verdict = "failed"
    else:
        verdict = "missed" if run["sla_status"] == "MISSED" else "ok"
    return PastRun(run["started_at"], seconds, verdict, flag)
