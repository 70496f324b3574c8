"""The facts of a report: figures of its days and of as many before, lists of jobs, and how it stands now.

Everything is read once for the whole account; what a team is told is the part of it that is the team's: of runs
by the team of their job, of costs by the team that is charged. What is not known is None, never 0.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from pipeline.answers.nights.given import as_of, last_cost_day
from pipeline.answers.reader import Reader, Record, records
from pipeline.errors import UserError
from pipeline.reports.period import Period, Rhythm, last_full
from pipeline.tables.gold import LIKELY_TO_MISS

__all__ = ["Account", "Costs", "Day", "Facts", "Outcomes", "Receipts", "account_of"]

_OF_DAYS: Final = ("outcomes", "slas", "costs")
_OF_PERIOD: Final = ("receipts", "misses", "failures", "flags", "levels", "causes")


@dataclass(frozen=True, slots=True)
class Outcomes:
    """How runs that started in some days ended, and kept their SLA; in numbers of runs."""

    runs: int
    succeeded: int
    failed: int
    """Timed out included."""
    met: int
    missed: int
    pending: int
    """Not decided yet."""

    @property
    def ended(self) -> int:
        """With a verdict: neither cancelled, skipped nor in flight."""
        return self.succeeded + self.failed

    @property
    def decided(self) -> int:
        return self.met + self.missed

    @property
    def success_rate(self) -> float | None:
        return self.succeeded / self.ended if self.ended else None

    @property
    def compliance(self) -> float | None:
        return self.met / self.decided if self.decided else None


@dataclass(frozen=True, slots=True)
class Costs:
    """List cost of some days, of those that were billed in full."""

    list_cost: Decimal
    unattributed: Decimal
    """Part of it that no tag gives to a team."""
    unpriced_quantity: Decimal
    unpriced_unit: str | None
    days: int
    """Billed in full."""


@dataclass(frozen=True, slots=True)
class Day:
    """Figures of one day; `list_cost` is None where it is not billed in full."""

    day: date
    runs: int
    failed: int
    missed: int
    list_cost: Decimal | None


@dataclass(frozen=True, slots=True)
class Receipts:
    """What was said of these days, and what came of it."""

    said_misses: float
    """Sum of the probabilities that were said of the runs known by now."""
    known_runs: int
    misses_that_came: int
    called_likely: int
    """Of these runs, those said to miss with a probability of 0.5 or more."""
    likely_that_came: int
    open_runs: int
    """Spoken of, and not known yet."""
    flags: int
    incidents: int
    """Flags that a person has called an incident."""
    expected_flags: int
    """Flags that a person has called expected."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What one report is made of; `team` is None for the whole account."""

    period: Period
    team: str | None
    as_of: datetime
    last_cost_day: date | None
    currency_code: str
    nights: int
    """That spoke of a time in these days."""
    known_from: date | None
    """First day of which runs are known; None where none are."""
    outcomes: Outcomes
    outcomes_before: Outcomes | None
    """None where runs are not known as far back."""
    costs: Costs | None
    """None where no day is billed in full."""
    costs_before: Costs | None
    """None where either period is not billed in full."""
    days: tuple[Day, ...]
    receipts: Receipts
    misses: tuple[Record, ...]
    failures: tuple[Record, ...]
    flags: tuple[Record, ...]
    levels: tuple[Record, ...]
    rises: tuple[Record, ...]
    """Empty too where the costs of both periods cannot be compared."""
    causes: tuple[Record, ...]
    failing: tuple[Record, ...]
    """Jobs that fail now."""
    likely: tuple[Record, ...]
    """Jobs whose next run is likely to miss its SLA."""
    growing: tuple[Record, ...]
    """Jobs that grow towards what their SLA allows."""


@dataclass(frozen=True, slots=True)
class Account:
    """All that the reports of one period are read from."""

    period: Period
    as_of: datetime
    last_cost_day: date | None
    currency_code: str
    nights: int
    first_run_day: date | None
    first_usage_day: date | None
    lists: dict[str, list[Record]]

    @property
    def teams(self) -> list[str]:
        """Those with a run or a cost in the period, in order."""
        named = {row["team"] for name in _OF_DAYS for row in self._between(name, self.period)}
        return sorted(named - {""})

    def facts(self, team: str | None = None) -> Facts:
        """Those of a team, or of the whole account."""
        period = self.period
        runs_back = (
            self.first_run_day is not None and self.first_run_day <= period.previous.first_day
        )
        costs, costs_before = self._costs(team, period), self._costs(team, period.previous)
        is_comparable = (
            costs is not None
            and costs_before is not None
            and (costs.days, costs_before.days) == (period.days, period.previous.days)
        )
        return Facts(
            period=period,
            team=team,
            as_of=self.as_of,
            last_cost_day=self.last_cost_day,
            currency_code=self.currency_code,
            nights=self.nights,
            known_from=self.first_run_day,
            outcomes=self._outcomes(team, period),
            outcomes_before=self._outcomes(team, period.previous) if runs_back else None,
            costs=costs,
            costs_before=costs_before if is_comparable else None,
            days=self._days(team),
            receipts=_receipts(_of(team, self.lists["receipts"])),
            misses=_of(team, self.lists["misses"]),
            failures=_of(team, self.lists["failures"]),
            flags=_of(team, self.lists["flags"]),
            levels=_of(team, self.lists["levels"]),
            rises=_of(team, self.lists["rises"]) if is_comparable else (),
            causes=_by_part(_of(team, self.lists["causes"])),
            failing=_of(team, self.lists["failing"]),
            likely=_of(team, self.lists["likely"]),
            growing=_of(team, self.lists["growing"]),
        )

    def _between(self, name: str, period: Period, team: str | None = None) -> list[Record]:
        return [
            row
            for row in _of(team, self.lists[name])
            if period.first_day <= row["day"] <= period.last_day
        ]

    def _outcomes(self, team: str | None, period: Period) -> Outcomes:
        return _outcomes(
            self._between("outcomes", period, team), self._between("slas", period, team)
        )

    def _billed(self, period: Period) -> list[date]:
        """The days that are billed in full."""
        first, last = self.first_usage_day, self.last_cost_day
        if first is None or last is None:
            return []
        every = [period.first_day + timedelta(days=number) for number in range(period.days)]
        return [day for day in every if first <= day <= last]

    def _costs(self, team: str | None, period: Period) -> Costs | None:
        billed = self._billed(period)
        if not billed:
            return None
        rows = [row for row in self._between("costs", period, team) if row["day"] in billed]
        units = {row["unpriced_unit"] for row in rows} - {None}
        return Costs(
            list_cost=_sum(row["list_cost"] for row in rows),
            unattributed=_sum(row["list_cost"] for row in rows if not row["team"]),
            unpriced_quantity=_sum(row["unpriced_quantity"] for row in rows),
            unpriced_unit=units.pop() if len(units) == 1 else None,
            days=len(billed),
        )

    def _days(self, team: str | None) -> tuple[Day, ...]:
        """Each day of which runs are known."""
        period, billed = self.period, set(self._billed(self.period))
        outcomes, slas, costs = (self._between(name, period, team) for name in _OF_DAYS)
        every = [period.first_day + timedelta(days=number) for number in range(period.days)]
        return tuple(
            Day(
                day=day,
                runs=sum(row["runs"] for row in outcomes if row["day"] == day),
                failed=sum(row["failed"] for row in outcomes if row["day"] == day),
                missed=sum(row["missed"] for row in slas if row["day"] == day),
                list_cost=_sum(row["list_cost"] for row in costs if row["day"] == day)
                if day in billed
                else None,
            )
            for day in every
            if self.first_run_day is not None and self.first_run_day <= day
        )


def account_of(reader: Reader, rhythm: Rhythm) -> Account:
    """What is known of the last full week or month before the newest night; UserError before there is one."""
    now = as_of(reader)
    if now is None:
        raise UserError("no night has come to its end here yet: run rightrun nightly first")
    period = last_full(rhythm, now.date())
    days = {"first_day": str(period.first_day), "last_day": str(period.last_day)}
    both = {"first_day": str(period.previous.first_day), "last_day": str(period.last_day)}
    lists = {name: records(reader, "periods", name, **both) for name in _OF_DAYS}
    lists |= {name: records(reader, "periods", name, **days) for name in _OF_PERIOD}
    lists["rises"] = records(
        reader, "periods", "rises", **days, previous_first_day=str(period.previous.first_day)
    )
    lists["failing"] = records(reader, "jobs", "failing")
    lists["likely"] = [
        row for row in records(reader, "sla", "next_runs") if (row["p_miss"] or 0) >= LIKELY_TO_MISS
    ]
    lists["growing"] = [row for row in records(reader, "sla", "growing") if not row["is_over"]]
    (reach,) = records(reader, "periods", "reach")
    (nights,) = records(reader, "periods", "nights", **days)
    codes = sorted({row["currency_code"] for row in lists["costs"]})
    return Account(
        period=period,
        as_of=now,
        last_cost_day=last_cost_day(reader),
        currency_code=" and ".join(codes),
        nights=nights["nights"],
        first_run_day=reach["first_run_day"],
        first_usage_day=reach["first_usage_day"],
        lists=lists,
    )


def _of(team: str | None, rows: Iterable[Record]) -> tuple[Record, ...]:
    return tuple(row for row in rows if team is None or row["team"] == team)


def _sum(amounts: Iterable[Any]) -> Decimal:
    return sum((Decimal(amount) for amount in amounts), Decimal(0))


def _outcomes(ended: list[Record], slas: list[Record]) -> Outcomes:
    def total(rows: list[Record], name: str) -> int:
        return sum(int(row[name]) for row in rows)

    return Outcomes(
        runs=total(ended, "runs"),
        succeeded=total(ended, "succeeded"),
        failed=total(ended, "failed"),
        met=total(slas, "met"),
        missed=total(slas, "missed"),
        pending=total(slas, "pending"),
    )


def _receipts(rows: tuple[Record, ...]) -> Receipts:
    def total(name: str) -> int:
        return sum(int(row[name]) for row in rows)

    return Receipts(
        said_misses=sum(float(row["said_misses"]) for row in rows),
        known_runs=total("known_runs"),
        misses_that_came=total("misses_that_came"),
        called_likely=total("called_likely"),
        likely_that_came=total("likely_that_came"),
        open_runs=total("open_runs"),
        flags=total("flags"),
        incidents=total("incidents"),
        expected_flags=total("expected_flags"),
    )


def _by_part(rows: tuple[Record, ...]) -> tuple[Record, ...]:
    """What made runs slow, of all teams together, the part that cost most time first."""
    parts: dict[str, Record] = {}
    for row in rows:
        part = parts.setdefault(row["part"], {"part": row["part"], "runs": 0, "lost_seconds": 0.0})
        part["runs"] += int(row["runs"])
        part["lost_seconds"] += float(row["lost_seconds"])
    return tuple(sorted(parts.values(), key=lambda part: -part["lost_seconds"]))
