"""Which job, team or owner somebody means."""

import re
from collections.abc import Sequence

from pipeline.answers.reader import Reader, records
from pipeline.answers.selection import Selection
from pipeline.errors import UserError
from pipeline.near_names import did_you_mean
from pipeline.tables import gold

_MOST_KEYS = 6
_STATES = gold.JOBS.column("state").one_of
_MOST_NAMES = 8


def selection_of(
    reader: Reader,
    team: str | None = None,
    owner: str | None = None,
    tier: int | None = None,
    state: str | None = None,
    *,
    sort: str | None = None,
    limit: int | None = None,
) -> Selection:
    """The selection by a team and an owner that are there; UserError with near names otherwise.

    A part of a name is enough where no other name has it.
    """
    if team is not None or owner is not None:
        people = records(reader, "jobs", "who")
        if team is not None:
            written = re.sub(r"[\s_-]+", "-", team.strip())
            team = _the_name_meant("team", written, [who["team"] for who in people])
        if owner is not None:
            owner = _the_name_meant("owner", owner.strip(), [who["owner"] for who in people])
    if state is not None and state.lower() not in _STATES:
        hint = did_you_mean(state, _STATES, otherwise=f"there are {', '.join(_STATES)}")
        raise UserError(f"there is no state {state!r}: {hint}")
    return Selection(team, owner, tier, state, sort, limit)


def key_of(reader: Reader, asked: str) -> str:
    """The series key of a job by its key, its id or its name; UserError unless exactly one."""
    jobs = records(reader, "jobs", "keys")
    keys = [job["series_key"] for job in jobs]
    if asked in keys:
        return asked
    keys = [job["series_key"] for job in jobs if asked in (job["job_id"], job["name"])]
    if len(keys) == 1:
        return str(keys[0])
    if not keys:
        called = "series_key" if "/" in asked else "name"
        names = sorted({job[called] for job in jobs if job[called]})
        hint = did_you_mean(asked, names, otherwise="see rightrun show jobs")
        raise UserError(f"no job has the key, id or name {asked!r}: {hint}")
    listed = ", ".join(keys[:_MOST_KEYS])
    others = f" and {len(keys) - _MOST_KEYS} others" if len(keys) > _MOST_KEYS else ""
    raise UserError(f"{asked!r} names several jobs: say which of {listed}{others}")


def _the_name_meant(what: str, asked: str, names: Sequence[str]) -> str:
    """The one of `names` that `asked` is, or that it alone is a part of; UserError with the names near
    to it otherwise."""
    by_fold = {name.casefold(): name for name in names if name}
    every = sorted(by_fold.values())
    folded = asked.casefold()
    if folded in by_fold:
        return by_fold[folded]
    containing = [by_fold[fold] for fold in sorted(by_fold) if folded and folded in fold]
    if len(containing) == 1:
        return containing[0]
    if containing:
        raise UserError(
            f"--{what} {asked!r} is a part of several: say which of {', '.join(containing)}"
        )
    listed = ", ".join(every[:_MOST_NAMES])
    others = f" and {len(every) - _MOST_NAMES} others" if len(every) > _MOST_NAMES else ""
    all_names = f"there are {listed}{others}" if every else f"no job says its {what}"
    hint = did_you_mean(asked, every, otherwise=all_names)
    raise UserError(f"there is no {what} {asked!r}: {hint}")
