"""The rhythms that a job may have: which effects its level carries in each slot of a week.

A rhythm is a linear model of the log value in the slots of `optimizer.baselines.calendar`,

    log value = level + sum of weight x effect + month effect + volume effect + noise

whose effects are

    none            no effect
    weekend         that of Saturdays and Sundays
    weekday         one of each day of the week
    daily           two harmonics of the day
    daily_weekend   two harmonics of the day, and the weekend
    hour_week       one of each three hours, and within them of each hour, on working days and on weekends
    hour_weekday    the same for all days, and one of each day of the week
    window          that of a window of the day that the runs themselves point out
                    (`optimizer.baselines.window`), and the weekend

Before anything is known of an effect it is zero, or what is usual among the jobs of an account (`optimizer.priors`),
give or take `EFFECT_SD`. Harmonics are few and learned in a
day; hours are many and learned in weeks; which of them a job follows is for its runs to say
(`optimizer.baselines.candidates`).
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from optimizer.baselines.calendar import SLOTS
from optimizer.months import FIRST_OF_MONTH, LAST_OF_MONTH
from optimizer.priors import FleetPriors

__all__ = [
    "EFFECT", "EFFECTS", "EFFECT_COUNT", "EFFECT_SD", "IN_WINDOW", "MONTH", "NONE", "RHYTHMS",
    "RHYTHM_SHARE", "VOLUME", "WEIGHT", "WINDOW", "usual_effects",
]  # fmt: skip

RHYTHMS: Final = (
    "none", "weekend", "weekday", "daily", "daily_weekend", "hour_week", "hour_weekday", "window",
)  # fmt: skip
RHYTHM_SHARE: Final = (0.42, 0.13, 0.1, 0.08, 0.07, 0.06, 0.06, 0.08)
"""How common each is taken to be, before a job's own runs have spoken."""
NONE: Final = 0
WINDOW: Final = 7

_WEEKEND: Final = 0
_WEEKDAY: Final = 1
_HARMONIC: Final = 8
_BLOCK: Final = 12
_HOUR: Final = 28
IN_WINDOW: Final = 76
MONTH: Final = 76
"""The effect of calendar month m is MONTH + m: 77 on the last day, 78 on the first."""
VOLUME: Final = 79
EFFECTS: Final = 80


def _standard_deviations() -> NDArray[np.float64]:
    sd = np.full(EFFECTS, 0.6)
    sd[_HARMONIC:_BLOCK] = 0.4
    sd[_BLOCK:_HOUR] = 0.5
    sd[_HOUR:IN_WINDOW] = 0.2
    sd[MONTH + 1 : MONTH + 3] = 0.8
    sd[VOLUME] = 0.5
    return sd


def usual_effects(priors: FleetPriors | None) -> NDArray[np.float64]:
    """(EFFECTS,) means of the effects over jobs; what no night has learned is zero."""
    usual = np.zeros(EFFECTS)
    if priors is not None:
        for month, effect in (
            (LAST_OF_MONTH, priors.last_of_month),
            (FIRST_OF_MONTH, priors.first_of_month),
        ):
            usual[MONTH + month] = effect.share * effect.log_effect
    return usual


EFFECT_SD: Final = _standard_deviations()
"""(EFFECTS,) how large an effect may be: log units; of the volume, log units for each."""


def _terms(slot: int) -> tuple[tuple[tuple[int, float], ...], ...]:
    """Of each rhythm the effects, and their weights, in a slot."""
    weekday, hour = divmod(slot, 24)
    weekend = int(weekday >= 5)
    turn = 2.0 * np.pi * (hour + 0.5) / 24.0
    of_weekend = ((_WEEKEND, 1.0),) if weekend else ()
    of_weekday = ((_WEEKDAY + weekday, 1.0),)
    harmonics = tuple(
        (_HARMONIC + number, float(wave))
        for number, wave in enumerate(
            (np.sin(turn), np.cos(turn), np.sin(2.0 * turn), np.cos(2.0 * turn))
        )
    )
    of_hour = ((_BLOCK + hour // 3, 1.0), (_HOUR + hour, 1.0))
    of_hour_in_week = ((_BLOCK + 8 * weekend + hour // 3, 1.0), (_HOUR + 24 * weekend + hour, 1.0))
    return (
        (),
        of_weekend,
        of_weekday,
        harmonics,
        harmonics + of_weekend,
        of_hour_in_week,
        of_hour + of_weekday,
        of_weekend,
    )


_MOST_TERMS: Final = 5
EFFECT: Final = np.zeros((SLOTS, len(RHYTHMS), _MOST_TERMS), dtype=np.int64)
"""Numbers of the effects of a slot and rhythm; `EFFECT_COUNT` says how many there are."""
WEIGHT: Final = np.zeros((SLOTS, len(RHYTHMS), _MOST_TERMS))
EFFECT_COUNT: Final = np.zeros((SLOTS, len(RHYTHMS)), dtype=np.int64)
for _slot in range(SLOTS):
    for _rhythm, _of_slot in enumerate(_terms(_slot)):
        EFFECT_COUNT[_slot, _rhythm] = len(_of_slot)
        for _number, (_effect, _weight) in enumerate(_of_slot):
            EFFECT[_slot, _rhythm, _number] = _effect
            WEIGHT[_slot, _rhythm, _number] = _weight
