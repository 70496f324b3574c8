"""What is learned of durations, and the forecasts of runs to come and in progress."""

from pipeline.tables.declaration import Column, Layer, Table
from pipeline.tables.gold.assessment import ASSESSMENT
from pipeline.tables.silver.columns import RUN, SERIES, WORKSPACE
from pipeline.tables.silver.sla import SLA

FORECAST_SCORES = (
    Column(
        "scored_runs",
        "bigint",
        "Of the latest runs, those forecast, as of the midnight before each, and scored",
        nullable=False,
        minimum=0,
    ),
    Column("crps_log", "double", "Mean CRPS of log1p(duration)", minimum=0),
    Column("crps_log_rule", "double", "The same of the usual rule: quantiles of 7 days", minimum=0),
    Column("coverage_50", "double", "Share of runs below the 50 % quantile", minimum=0, maximum=1),
    Column("coverage_90", "double", "Share of runs below the 90 % quantile", minimum=0, maximum=1),
    Column("coverage_99", "double", "Share of runs below the 99 % quantile", minimum=0, maximum=1),
    Column("brier", "double", "Brier score of P(duration > limit)", minimum=0, maximum=1),
)

DURATION_STATES = Table(
    layer=Layer.MODEL,
    name="duration_states",
    grain="one job's learned distribution of the duration of a successful attempt",
    version=3,
    keys=("job_id",),
    columns=(
        Column("job_id", "string", "The series key", nullable=False),
        *ASSESSMENT,
        Column(
            "runs", "bigint", "Successful attempts it was learned from", nullable=False, minimum=0
        ),
        Column("effective_runs", "double", "The same, weighted by recency", minimum=0),
        Column("last_start_time", "timestamp", "Start of the newest of them"),
        Column(
            "failure_rate", "double", "Recent share of attempts that failed", minimum=0, maximum=1
        ),
        Column(
            "quantile_seconds",
            "array<double>",
            "Quantiles on the fixed grid of levels, of a run that starts at no known time",
            unit="seconds",
        ),
        Column(
            "memory",
            "struct<started_us:array<bigint>,log_seconds:array<double>,is_bound:array<boolean>,"
            "burst:array<bigint>,rank:array<bigint>,gap_log:array<double>,after_rank:array<double>,"
            "shares:array<double>,moved_logits:array<double>>",
            "Its latest runs and what they taught, of which those of a given time are made",
        ),
        *FORECAST_SCORES,
    ),
)

FORECAST_QUALITY = Table(
    layer=Layer.MODEL,
    name="forecast_quality",
    grain="how well the forecasts of one job's latest runs did",
    keys=("job_id",),
    columns=(
        Column("job_id", "string", "The series key", nullable=False),
        *ASSESSMENT,
        *FORECAST_SCORES,
    ),
)

COVERED_LEVELS = (50, 90, 99)
"""Quantiles of which forecasts are scored by what they covered, in percent."""
FORECAST_COVERAGE = Table(
    layer=Layer.RECOMMENDATION,
    name="forecast_coverage",
    grain="what one quantile of the forecasts of one job's latest runs covered",
    keys=("workspace_id", "series_key", "level"),
    columns=(
        WORKSPACE,
        SERIES,
        Column(
            "level",
            "double",
            "The quantile: the share of runs that should lie below it",
            nullable=False,
            minimum=0,
            maximum=1,
        ),
        Column(
            "scored_runs",
            "bigint",
            "Of the latest runs, those forecast, as of the midnight before each, and scored",
            nullable=False,
            minimum=1,
        ),
        Column(
            "covered_share",
            "double",
            "Share of these that do lie below it",
            nullable=False,
            minimum=0,
            maximum=1,
        ),
    ),
)

SHOWN_LEVELS = (50, 80, 90, 95, 99)
"""Quantiles of a duration that are columns of their own, in percent."""
RUN_LEVELS = (5, *SHOWN_LEVELS)
"""Those of a run to come, which pictures draw as a band."""
PARTS_OF_A_MISS = tuple(
    Column(f"p_miss_{name}", "double", f"Part of p_miss: {meaning}", minimum=0, maximum=1)
    for name, meaning in (
        ("upstream", "the job that starts it is too late for a usual run"),
        ("start", "its own start is too late for a usual run"),
        ("duration", "it takes too long"),
        ("failure", "it fails, and no retry comes in time"),
    )
)
_START_BASIS = Column(
    "start_basis",
    "string",
    "What says when it starts: cron, periodic, the rhythm of its starts, or the gaps between them",
    one_of=("cron", "periodic", "rhythm", "gaps"),
)
_UPSTREAM = Column(
    "upstream_series_key",
    "string",
    "The job whose Run Job task starts it; start_basis is that job's",
)

RUN_FORECAST = Table(
    layer=Layer.RECOMMENDATION,
    name="run_forecast",
    grain="one run expected in the next 7 days; one row without a time for a job that has none",
    keys=("workspace_id", "series_key", "run_number"),
    columns=(
        WORKSPACE,
        SERIES,
        Column(
            "run_number",
            "int",
            "1 for the job's next run, and so on; 0 where none is expected",
            nullable=False,
            minimum=0,
        ),
        *ASSESSMENT,
        _START_BASIS,
        _UPSTREAM,
        Column(
            "starts_learned",
            "bigint",
            "Starts that its delay was learned from; too few, and it is taken to be punctual",
            minimum=0,
        ),
        Column("scheduled_at", "timestamp", "When it is due to start"),
        Column("horizon_days", "int", "Whole days until then", unit="days", minimum=0),
        Column("expected_start_at", "timestamp", "The same after its usual delay"),
        Column("expected_end_at", "timestamp", "The same after its median duration"),
        *(
            Column(
                f"p{level}_seconds",
                "double",
                f"{level} % quantile of its duration, for its hour and weekday",
                unit="seconds",
                minimum=0,
            )
            for level in RUN_LEVELS
        ),
        *SLA,
        Column("due_at", "timestamp", "When a success is due, for a deadline"),
        Column(
            "allowed_seconds",
            "double",
            "What the SLA leaves: the limit, or from scheduled_at to due_at",
            unit="seconds",
            minimum=0,
        ),
        Column("p_miss", "double", "P(it misses the SLA)", minimum=0, maximum=1),
        *PARTS_OF_A_MISS,
    ),
)

LEFT_LEVELS = (50, 80, 95)
"""Quantiles of what is left of a run in progress, in percent."""

IN_FLIGHT = Table(
    layer=Layer.RECOMMENDATION,
    name="in_flight",
    grain="one run in progress: what is left of it, and whether it will miss its SLA",
    keys=("workspace_id", "run_id"),
    columns=(
        WORKSPACE,
        RUN,
        SERIES,
        *ASSESSMENT,
        Column("started_at", "timestamp", "First start of the run", nullable=False),
        Column("attempt", "int", "Attempt in progress, 0 for the first", nullable=False, minimum=0),
        Column("attempt_started_at", "timestamp", "Start of that attempt", nullable=False),
        Column("seen_until", "timestamp", "Until when it is known to have run", nullable=False),
        Column(
            "elapsed_seconds",
            "double",
            "How long the attempt is known to have lasted",
            unit="seconds",
            nullable=False,
            minimum=0,
        ),
        *(
            Column(
                f"remaining_p{level}_seconds",
                "double",
                f"{level} % quantile of the time left after that",
                unit="seconds",
                minimum=0,
            )
            for level in LEFT_LEVELS
        ),
        Column("expected_end_at", "timestamp", "When it is as likely to have ended as not"),
        *SLA,
        Column("due_at", "timestamp", "When a success is due, for a deadline"),
        Column(
            "p_miss",
            "double",
            "P(it misses the SLA), given how long it has lasted; NULL without an SLA",
            minimum=0,
            maximum=1,
        ),
        *PARTS_OF_A_MISS[2:],
    ),
)

JOB_FORECAST = Table(
    layer=Layer.RECOMMENDATION,
    name="job_forecast",
    grain="one job's next run, and its runs of the next 7 days together",
    keys=("workspace_id", "series_key"),
    columns=(
        WORKSPACE,
        SERIES,
        *ASSESSMENT,
        Column(
            "runs", "bigint", "Successful attempts it was learned from", nullable=False, minimum=0
        ),
        *(
            Column(
                f"p{level}_seconds",
                "double",
                f"{level} % quantile of the next run, or of any where none is expected",
                unit="seconds",
                minimum=0,
            )
            for level in SHOWN_LEVELS
        ),
        *SLA,
        _START_BASIS,
        _UPSTREAM,
        Column("start_reason", "string", "Why no run is expected in the next 7 days"),
        Column("next_start_at", "timestamp", "When the next run is expected to start"),
        Column("next_due_at", "timestamp", "When its success is due, for a deadline"),
        Column(
            "allowed_seconds",
            "double",
            "What the SLA leaves the next run: the limit, or from its scheduled start to the deadline",
            unit="seconds",
            minimum=0,
        ),
        Column("p_miss", "double", "P(the next run misses the SLA)", minimum=0, maximum=1),
        *PARTS_OF_A_MISS,
        Column(
            "upcoming_runs",
            "bigint",
            "Runs expected in the next 7 days, at most 168",
            minimum=0,
        ),
        Column("expected_misses", "double", "Misses expected among them", minimum=0),
        Column("worst_p_miss", "double", "The largest p_miss of them", minimum=0, maximum=1),
        Column(
            "sla_status",
            "string",
            "ok, or why there is no p_miss",
            nullable=False,
            one_of=("ok", "no_sla", "not_assessed"),
        ),
    ),
)
