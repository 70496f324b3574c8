"""What is usual of each job, and how each of its latest runs compares."""

from pipeline.tables.declaration import Column, Layer, Table
from pipeline.tables.gold.assessment import ASSESSMENT
from pipeline.tables.silver.columns import RUN, SERIES, WORKSPACE

JOB_BASELINE = Table(
    layer=Layer.RECOMMENDATION,
    name="job_baseline",
    grain="one job's usual duration and how its last run compares",
    keys=("workspace_id", "series_key"),
    columns=(
        WORKSPACE,
        SERIES,
        *ASSESSMENT,
        Column(
            "runs", "bigint", "Successful attempts it was learned from", nullable=False, minimum=0
        ),
        Column("center_seconds", "double", "Usual duration", unit="seconds", minimum=0),
        Column("usual_low_seconds", "double", "Its 1 % quantile", unit="seconds", minimum=0),
        Column("usual_high_seconds", "double", "Its 99 % quantile", unit="seconds", minimum=0),
        Column("scale_log", "double", "Usual spread of log(duration)", minimum=0),
        Column("stretch", "double", "How much wider than `law`, for what is not known", minimum=1),
        Column(
            "law",
            "array<double>",
            "Law of log(duration) around the usual, as the model job_baseline reads it",
        ),
        Column("last_run_id", "string", "The run compared"),
        Column("last_robust_z", "double", "Its distance from usual in scales"),
        Column("last_p_value", "double", "P(a usual run is this slow)", minimum=0, maximum=1),
        Column(
            "last_p_value_short", "double", "P(a usual run is this short)", minimum=0, maximum=1
        ),
        Column("last_is_anomaly", "boolean", "Whether it is slower than its job ever should be"),
        Column("last_is_short", "boolean", "Whether it is suspiciously short"),
        Column(
            "last_shift_ratio",
            "double",
            "New level over the old, where with it another duration was found to have become usual",
            minimum=0,
        ),
        Column("regime_start", "timestamp", "Since when the usual holds"),
    ),
)

RUN_BASELINE_DAYS = 28
"""How long a run is kept in the tables below: four weeks, as a job's picture shows."""

METRICS = ("duration_seconds", "queue_seconds", "setup_seconds", "list_cost", "dbu")
"""What is compared of the runs of a job that ends."""
CONTINUOUS_METRICS = ("hourly_list_cost",)
"""The same of a continuous job, whose durations say nothing."""

METRIC = Column(
    "metric",
    "string",
    "What is compared: duration_seconds; queue_seconds; setup_seconds, the longest of its tasks; list_cost"
    " and dbu of the whole run beside those of runs as long; hourly_list_cost of a continuous job's run",
    nullable=False,
    one_of=(*METRICS, *CONTINUOUS_METRICS),
)
_ATTEMPT = Column("attempt", "int", "Which attempt of the run, from 0", nullable=False, minimum=0)
BAND = (
    Column("center", "double", "What was usual before it, in its unit", minimum=0),
    Column("usual_low", "double", "1 % quantile of what was usual", minimum=0),
    Column("usual_high", "double", "99 % quantile of what was usual", minimum=0),
)
"""What was said of a run's metric before the run began."""

LEVELS = (
    Column(
        "level_before",
        "double",
        "Of a shift, the level before: in the metric's unit; of list_cost and dbu, an hour",
        minimum=0,
    ),
    Column("level", "double", "Of a shift, the level that has become usual, likewise", minimum=0),
)

RUN_SCORES = Table(
    layer=Layer.MODEL,
    name="run_scores",
    grain=f"one metric of one attempt of the last {RUN_BASELINE_DAYS} days, or with which another level was"
    " found to have become usual, beside what was usual of its job when it began; or one job whose runs could"
    " not be scored, without a run",
    keys=("workspace_id", "series_key", "run_id", "attempt", "metric"),
    columns=(
        WORKSPACE,
        RUN,
        _ATTEMPT,
        METRIC,
        SERIES,
        *ASSESSMENT,
        Column("started_at", "timestamp", "When the attempt began"),
        Column("ended_at", "timestamp", "When it ended"),
        Column("value", "double", "Seconds, money, or DBU", minimum=0),
        *BAND,
        Column("robust_z", "double", "Its distance from usual in scales"),
        Column("p_value", "double", "P(a usual run has as much)", minimum=0, maximum=1),
        Column("p_value_short", "double", "P(a usual run has as little)", minimum=0, maximum=1),
        Column("is_anomaly", "boolean", "Whether it has too much of it", nullable=False),
        Column("is_short", "boolean", "Whether it is suspiciously short", nullable=False),
        Column(
            "is_shift",
            "boolean",
            "Whether with it another level was found to have become usual",
            nullable=False,
        ),
        Column("shift_ratio", "double", "That level over the one before", minimum=0),
        *LEVELS,
        Column("regime_start", "timestamp", "Since when what is usual holds"),
        Column("first_run_id", "string", "Of a shift, the run with which the new level began"),
        Column("window_runs", "bigint", "Runs that it was compared with", minimum=0),
        Column(
            "excess",
            "double",
            "Seconds or money beyond what is usual, negative for less; of dbu the money of as large a share",
        ),
        Column(
            "mark",
            "string",
            "What a person has said of the run",
            one_of=("expected", "incident"),
        ),
    ),
)

RUN_BASELINE = Table(
    layer=Layer.RECOMMENDATION,
    name="run_baseline",
    grain=f"one attempt of the last {RUN_BASELINE_DAYS} days beside what was usual of its job when it began",
    keys=("workspace_id", "run_id", "attempt"),
    columns=(
        WORKSPACE,
        RUN,
        _ATTEMPT,
        SERIES,
        Column("started_at", "timestamp", "When it began", nullable=False),
        Column(
            "duration_seconds",
            "double",
            "How long it took",
            unit="seconds",
            nullable=False,
            minimum=0,
        ),
        Column("center_seconds", "double", "What was usual before it", unit="seconds", minimum=0),
        Column("usual_low_seconds", "double", "Its 1 % quantile", unit="seconds", minimum=0),
        Column("usual_high_seconds", "double", "Its 99 % quantile", unit="seconds", minimum=0),
        Column("ratio", "double", "Its duration over what was usual", minimum=0),
        Column("robust_z", "double", "Its distance from usual in scales"),
        Column("p_value", "double", "P(a usual run is this slow)", minimum=0, maximum=1),
        Column("p_value_short", "double", "P(a usual run is this short)", minimum=0, maximum=1),
        Column("is_anomaly", "boolean", "Whether it is slower than its job", nullable=False),
        Column("is_short", "boolean", "Whether it is suspiciously short", nullable=False),
        Column(
            "is_shift",
            "boolean",
            "Whether with it another duration was found to have become usual",
            nullable=False,
        ),
        Column("shift_ratio", "double", "That duration over the one before", minimum=0),
    ),
)

JOB_REGIMES = Table(
    layer=Layer.RECOMMENDATION,
    name="job_regimes",
    grain="one level of one metric of a job whose level has changed in 180 days by a fifth or more and for"
    " longer than a dozen runs, and from when to when",
    keys=("workspace_id", "series_key", "metric", "regime"),
    columns=(
        WORKSPACE,
        SERIES,
        METRIC,
        Column("regime", "int", "Which level, from 0 for the first", nullable=False, minimum=0),
        Column("first_run_id", "string", "The run with which it began; NULL for the first"),
        Column("from_at", "timestamp", "When that run began; NULL for the first"),
        Column("to_at", "timestamp", "When the next level began; NULL for the last"),
        Column(
            "level",
            "double",
            "What was usual, in the metric's unit; of list_cost and dbu, an hour of its runs",
            minimum=0,
        ),
        Column("ratio", "double", "The level over the one before it", minimum=0),
        Column(
            "list_cost_change",
            "double",
            "Of duration_seconds: money that a run costs more, or less, by it",
        ),
        Column("direction", "string", "Which way from it", one_of=("up", "down")),
        Column("found_at", "timestamp", "Start of the run with which it was found"),
    ),
)
