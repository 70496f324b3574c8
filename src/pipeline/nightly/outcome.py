"""A night: what it speaks of, what each of its steps did, and what was wrong with what it was given."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from pipeline.bronze.flaws import Flaws
from pipeline.nightly.step_run import StepReport
from pipeline.tables.declaration import Table


@dataclass(frozen=True, slots=True)
class Standpoint:
    """What a night speaks of and goes on from: fixed before its first step, and the same for all."""

    as_of: datetime
    last_cost_day: date | None
    previous: Mapping[Table, int]
    """Versions before this night of the tables that some step reads so."""


@dataclass(slots=True)
class Night:
    """A night's outcome: of this process, and of the tasks before it that are parts of the same night."""

    night_id: str
    name: str | None = None
    """By which its tasks know each other; None where one process is all of it."""
    standpoint: Standpoint | None = None
    """None where nothing has been ingested yet."""
    reports: list[StepReport] = field(default_factory=list)
    flaws: list[Flaws] = field(default_factory=list)
    """What each table delivered in this night lacks."""
    seconds: float = 0.0
    is_closed: bool = False
    """Whether this process has come to the night's end, so that it can be told of as a whole."""

    @property
    def as_of(self) -> datetime | None:
        return None if self.standpoint is None else self.standpoint.as_of

    @property
    def changed_anything(self) -> bool:
        return any(report.written for report in self.reports)

    def note(self, report: StepReport) -> None:
        """Add what a step did: to what it did before, where a task of this night is run again."""
        for place, earlier in enumerate(self.reports):
            if (earlier.step, earlier.table.full_name) == (report.step, report.table.full_name):
                self.reports[place] = earlier.plus(report)
                return
        self.reports.append(report)

    def note_flaws(self, flaws: Flaws) -> None:
        """The same of what a table delivered."""
        for place, earlier in enumerate(self.flaws):
            if earlier.table.name == flaws.table.name:
                self.flaws[place] = earlier.plus(flaws)
                return
        self.flaws.append(flaws)

    def order_reports(self, steps: Iterable[str]) -> None:
        """Put reports in the order of `steps`, whichever ended first; tables of one step stay in theirs."""
        rank = {name: number for number, name in enumerate(steps)}
        self.reports.sort(key=lambda report: rank[report.step])
