"""How much each run reads: the job's usual volume, times the day's, times what events and causes add.

The volume of a day is the one that durations follow where a job has an elasticity
(`simulator.runs.durations`); what grows, or comes at the end of a month, is input too.
"""

import numpy as np

from simulator.clock import DAY_US, Floats, Ints
from simulator.columnar import take_rows
from simulator.config import SimulatorConfig, generator
from simulator.fleet.fleet import Fleet
from simulator.fleet.schedules import Due
from simulator.runs.causes import Causes
from simulator.runs.durations import DurationLaw, daily_log_volume
from simulator.runs.events import EventKind, Events, log_factor
from simulator.runs.runs import Runs

_MEDIAN_BYTES_PER_SECOND = 30e6
_MOST_BYTES = 1e15


def read_bytes(
    config: SimulatorConfig,
    fleet: Fleet,
    laws: DurationLaw,
    runs: Runs,
    events: Events,
    causes: Causes,
) -> Ints:
    """Bytes that each run would read, were it to run through."""
    rng = generator(config.seed, "inputs")
    usual = fleet.median_seconds * _MEDIAN_BYTES_PER_SECOND
    usual *= np.exp(0.9 * rng.standard_normal(fleet.size))
    noise = np.exp(0.02 * rng.standard_normal(runs.size))
    first_day, volume = daily_log_volume(config, laws)
    day = np.clip(runs.due_us // DAY_US - first_day, 0, volume.shape[1] - 1)
    log_bytes = volume[runs.job, day] + _log_of_events(laws, runs, events)
    read = usual[runs.job] * noise * np.exp(log_bytes) * causes.input_factor
    out: Ints = np.clip(read, 1, _MOST_BYTES).astype(np.int64)
    return out


def _log_of_events(laws: DurationLaw, runs: Runs, events: Events) -> Floats:
    """What events of the input make of it: as much as explains what they make of the work."""
    of_input = np.isin(events.kind, (EventKind.VOLUME_GROWTH, EventKind.MONTH_END))
    order = np.lexsort((runs.due_us, runs.job))
    nothing = np.zeros(runs.size, dtype=np.int64)
    due = Due(job=runs.job[order], slot=nothing, due_us=runs.due_us[order], fired_by=nothing)
    out = np.empty(runs.size)
    out[order] = log_factor(take_rows(events, of_input), due)
    elasticity = np.where(laws.elasticity > 0, laws.elasticity, 1.0)
    return np.asarray(out / elasticity[runs.job])
