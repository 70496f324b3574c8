"""Every number that this package decides by default, once, with its bounds, unit and reason.

A setting is a field of a frozen dataclass made by `setting(default, unit, meaning, bounds)`. The
bounds are checked when a configuration is built, so a wrong value is refused with its name before
any run is read; a settings file, a command line and a page of documentation derive from the same
fields through `settings_of`.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Final

__all__ = ["BaselineConfig", "Bounds", "ForecastConfig", "Setting", "SizingConfig", "settings_of"]


@dataclass(frozen=True, slots=True)
class Bounds:
    """An interval that a setting must lie in; `open_low` and `open_high` leave out the end."""

    low: float
    high: float
    open_low: bool = False
    open_high: bool = False

    def holds(self, value: float) -> bool:
        """Whether a finite value lies inside."""
        above = value > self.low if self.open_low else value >= self.low
        below = value < self.high if self.open_high else value <= self.high
        return math.isfinite(value) and above and below

    def __str__(self) -> str:
        left = "(" if self.open_low else "["
        right = ")" if self.open_high else "]"
        return f"{left}{self.low:g}, {self.high:g}{right}"


@dataclass(frozen=True, slots=True)
class Setting:
    """A declared setting as tools see it."""

    path: str
    kind: type
    default: Any
    unit: str
    meaning: str
    bounds: Bounds


def setting(default: float, unit: str, meaning: str, bounds: Bounds) -> Any:
    """Declare a field: its default, unit, one sentence of meaning and bounds."""
    return field(default=default, metadata={"unit": unit, "meaning": meaning, "bounds": bounds})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Checked:
    """A configuration whose fields are checked against their declaration when it is built."""

    SECTION: ClassVar[str] = ""

    def __post_init__(self) -> None:
        for declared in settings_of(type(self)):
            name = declared.path.split(".")[1]
            value = getattr(self, name)
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            if declared.kind is int and not isinstance(value, int):
                number = False
            if not number or not declared.bounds.holds(value):
                whole = "a whole number in " if declared.kind is int else "in "
                raise ValueError(f"{declared.path} must be {whole}{declared.bounds}, got {value!r}")


def settings_of(config: type[_Checked]) -> Iterator[Setting]:
    """The declared settings of a configuration class, in order."""
    for one in fields(config):
        yield Setting(
            path=f"{config.SECTION}.{one.name}",
            kind=type(one.default),
            default=one.default,
            unit=one.metadata["unit"],
            meaning=one.metadata["meaning"],
            bounds=one.metadata["bounds"],
        )


SHARE: Final = Bounds(0.0, 1.0)
OPEN_SHARE: Final = Bounds(0.0, 1.0, open_low=True, open_high=True)
PERCENT: Final = Bounds(0.0, 100.0, open_low=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastConfig(_Checked):
    """How a job's past runs become the distribution of its next one."""

    SECTION: ClassVar[str] = "forecast"

    window_runs: int = setting(
        200,
        "runs",
        "Only this many ended runs of a job are used: the latest quarter, and of the others those of"
        " four weeks by lot.",
        Bounds(8, 4096),
    )
    min_runs: int = setting(
        3, "runs", "Below this many successful runs a job is not forecast.", Bounds(1, 1000)
    )
    learning_rate: float = setting(
        0.5,
        "1",
        "How fast the ways of weighing earlier runs gain and lose by what they have cost.",
        Bounds(0.0, 10.0),
    )
    learning_half_life_runs: float = setting(
        150.0, "runs", "What a way of weighing cost so many runs ago counts half.", Bounds(1.0, 1e6)
    )
    calibration_rate: float = setting(
        0.03,
        "logits",
        "How far one run moves a quantile that covered too many or too few runs.",
        Bounds(0.0, 1.0),
    )
    burst_correlation: float = setting(
        0.8,
        "share",
        "How alike runs are taken to be that started before one another had ended.",
        SHARE,
    )
    prior_scale_log: float = setting(
        0.03,
        "log seconds",
        "Beyond the runs of a young job the log duration grows by this times the cube of the logit.",
        Bounds(0.0, 10.0, open_low=True),
    )
    prior_runs: float = setting(
        6.0, "runs", "How many runs the assumed spread is worth.", Bounds(0.0, 1000.0)
    )
    min_scale_log: float = setting(
        0.005,
        "log seconds",
        "Tails are never narrower than this, however constant the past was.",
        Bounds(0.0, 1.0, open_low=True),
    )
    failure_half_life_days: float = setting(
        15.0,
        "days",
        "A failure this much older than the newest attempt counts half as much.",
        Bounds(0.0, 365.0, open_low=True),
    )
    prior_failure_rate: float = setting(
        0.02, "share", "Share of failed attempts assumed before any was seen.", OPEN_SHARE
    )
    prior_failure_runs: float = setting(
        5.0, "runs", "How many runs the assumed failure share is worth.", Bounds(0.0, 1000.0)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineConfig(_Checked):
    """What a run of a job is compared with."""

    SECTION: ClassVar[str] = "baseline"

    window_runs: int = setting(
        256,
        "runs",
        "A baseline is said to rest on at most this many runs, of which its tails are made.",
        Bounds(8, 1000),
    )
    min_runs: int = setting(
        8, "runs", "Below this many earlier runs of the job a run is not scored.", Bounds(5, 1000)
    )
    min_scale_log: float = setting(
        0.01,
        "log units",
        "The spread used when earlier runs show less; 0.01 is one percent.",
        Bounds(0.0, 1.0, open_low=True),
    )
    alpha_short: float = setting(
        0.0002, "probability", "A run as short as this share of runs is flagged.", OPEN_SHARE
    )
    shift_slack_sd: float = setting(
        0.75,
        "standard deviations",
        "A run counts towards a sustained change by what it exceeds this distance.",
        Bounds(0.0, 5.0),
    )
    shift_threshold_sd: float = setting(
        4.5,
        "standard deviations",
        "Accumulated excess at which a sustained change is declared.",
        Bounds(0.0, 100.0, open_low=True),
    )
    shift_cap_sd: float = setting(
        3.0,
        "standard deviations",
        "One run never counts for more than this, so one incident is not a change.",
        Bounds(0.0, 10.0, open_low=True),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SizingConfig(_Checked):
    """When a smaller or larger cluster is believed in."""

    SECTION: ClassVar[str] = "sizing"

    cpu_quantile: float = setting(
        0.95, "share", "CPU demand is this quantile of the node-minutes.", OPEN_SHARE
    )
    mem_quantile: float = setting(
        0.99, "share", "Memory demand is this quantile of the node-minutes.", OPEN_SHARE
    )
    mem_margin: float = setting(
        0.15, "share", "Memory demand is raised by this share.", Bounds(0.0, 1.0)
    )
    confidence: float = setting(0.9, "share", "Coverage of the bounds of a demand.", OPEN_SHARE)
    correlated_minutes: float = setting(
        10.0,
        "minutes",
        "Consecutive minutes of a node tell one thing once per this many.",
        Bounds(1.0, 1440.0),
    )
    min_minutes: float = setting(
        120.0, "node-minutes", "Below this much usage a demand is not assessed.", Bounds(1.0, 1e6)
    )
    min_runs: int = setting(
        5, "runs", "Below this many runs a cluster is not resized.", Bounds(1, 1000)
    )
    cpu_ceiling_pct: float = setting(
        70.0, "percent", "A smaller cluster must keep its CPU demand below this.", PERCENT
    )
    mem_ceiling_pct: float = setting(
        85.0, "percent", "A smaller cluster must keep its memory demand below this.", PERCENT
    )
    cpu_bound_pct: float = setting(
        80.0, "percent", "More workers are believed to help only above this CPU demand.", PERCENT
    )
    max_step: float = setting(
        0.5, "share", "One recommendation removes at most this share of the workers.", OPEN_SHARE
    )
    max_p_miss: float = setting(
        0.05, "probability", "A smaller cluster may miss the limit at most this often.", SHARE
    )
    max_stretch: float = setting(
        1.5,
        "ratio",
        "Without a declared limit the run may become at most this much longer.",
        Bounds(1.0, 10.0),
    )
    min_saving_share: float = setting(
        0.05,
        "share",
        "The lower bound of the saving must be at least this share of the spend.",
        Bounds(0.0, 1.0),
    )
    saving_coverage: float = setting(
        0.8, "share", "Coverage of the interval that a saving is given as.", OPEN_SHARE
    )
    superlinear_prior: float = setting(
        0.1,
        "probability",
        "Belief, before any evidence, that doubling the workers more than halves the runtime.",
        SHARE,
    )
    prior_sd_log: float = setting(
        0.15,
        "log seconds",
        "Run-to-run spread of the log runtime assumed before it is observed.",
        Bounds(0.0, 5.0, open_low=True),
    )
    model_sd_log: float = setting(
        0.1,
        "log units",
        "How far the true runtime ratio lies from the fitted curve, for each doubling of workers.",
        Bounds(0.0, 2.0),
    )
    prior_sd_runs: float = setting(
        2.0, "runs", "How many runs the assumed spread is worth.", Bounds(0.1, 100.0)
    )
