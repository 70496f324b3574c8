"""Gold: what RightRun promises. Facts by job, day and team; then forecasts and recommendations.

Every table about jobs has one row for each job that ran or is defined; a job that could not be
assessed has a status and a reason instead of numbers, and is never left out.
"""

from pipeline.tables.declaration import Column, Layer, Table
from pipeline.tables.silver import (
    CURRENCY,
    LIST_COST,
    PERIODIC,
    RUN,
    RUN_DATE,
    SERIES,
    SERIES_BASIS,
    SLA,
    UNPRICED,
    UNPRICED_UNIT,
    WORKSPACE,
)

ASSESSMENT = (
    Column(
        "status",
        "string",
        "ok, or why there is no answer",
        nullable=False,
        one_of=("ok", "too_few_runs", "degenerate", "not_assessed", "error"),
    ),
    Column("reason", "string", "The status in one sentence; empty when ok", nullable=False),
)


def _counts(of: str) -> tuple[Column, ...]:
    return tuple(
        Column(name, "bigint", f"{of} {meaning}", nullable=False, minimum=0)
        for name, meaning in (
            ("runs", "of any outcome, in flight included"),
            ("succeeded", "that succeeded"),
            ("failed", "that failed"),
            ("timed_out", "that hit their timeout"),
            ("cancelled", "that were cancelled"),
            ("skipped", "that were skipped, blocked or excluded"),
            ("in_flight", "not ended yet"),
            ("unknown", "that ended with a result word nobody knows"),
            ("repairs", "counted by attempts after the first"),
        )
    )


_DURATIONS = (
    Column(
        "median_seconds",
        "double",
        "Median duration of successful attempts",
        unit="seconds",
        minimum=0,
    ),
    Column("p95_seconds", "double", "95 % quantile of the same", unit="seconds", minimum=0),
    Column("busy_seconds", "double", "Time in attempts", unit="seconds", nullable=False, minimum=0),
)

JOBS = Table(
    layer=Layer.GOLD,
    name="jobs",
    grain="one job that is defined or has run, as it is now",
    keys=("workspace_id", "series_key"),
    columns=(
        WORKSPACE,
        SERIES,
        SERIES_BASIS,
        Column("job_id", "string", "Job; NULL for submitted runs, whose job id is new each time"),
        Column("name", "string", "Newest name known: of its versions, else its runs, else billing"),
        Column("workspace_name", "string", "Workspace's name"),
        Column("url", "string", "Link to the job"),
        Column("team", "string", "Team"),
        Column("team_source", "string", "The tag's key the team came from"),
        Column("owner", "string", "Owner"),
        Column("owner_source", "string", "The tag's key, or run_as, or creator"),
        Column("tier", "int", "1 critical, 2 important, 3 the rest", minimum=1, maximum=3),
        Column("tier_source", "string", "The tag's key the tier came from"),
        *SLA,
        Column("sla_problem", "string", "A declared SLA that could not be read, and why"),
        Column("cron", "string", "Quartz cron expression of the schedule"),
        Column("timezone", "string", "Time zone of the schedule"),
        PERIODIC,
        Column(
            "state",
            "string",
            "active, paused, deleted; submitted when only runs are known, undefined when the"
            " definition is missing",
            nullable=False,
            one_of=("active", "paused", "deleted", "submitted", "undefined"),
        ),
        Column(
            "is_continuous", "boolean", "Runs without end: no duration baseline", nullable=False
        ),
        Column("first_run_date", "date", "Day of the first run known"),
        Column("last_run_date", "date", "Day of the last run known"),
        Column("runs", "bigint", "Runs known", nullable=False, minimum=0),
    ),
)

JOB_DAILY = Table(
    layer=Layer.GOLD,
    name="job_daily",
    grain="one job's runs that started on one day (UTC)",
    keys=("workspace_id", "series_key", "run_date"),
    partition_by="run_date",
    columns=(
        RUN_DATE,
        WORKSPACE,
        SERIES,
        SERIES_BASIS,
        Column("run_name", "string", "Name given to its runs"),
        *_counts("Runs"),
        *_DURATIONS,
    ),
)

JOB_WEEKLY = Table(
    layer=Layer.GOLD,
    name="job_weekly",
    grain="one job's runs that started in one week (Monday to Sunday, UTC)",
    keys=("workspace_id", "series_key", "run_week"),
    partition_by="run_week",
    columns=(
        Column("run_week", "date", "Monday of the week", nullable=False),
        WORKSPACE,
        SERIES,
        *_counts("Runs"),
        *_DURATIONS,
    ),
)

JOB_HEALTH = Table(
    layer=Layer.GOLD,
    name="job_health",
    grain="one job's state of health over the last 90 days",
    keys=("workspace_id", "series_key"),
    columns=(
        WORKSPACE,
        SERIES,
        Column("last_run_id", "string", "Last run that ended with a verdict"),
        Column("last_status", "string", "Its outcome"),
        Column("last_ended_at", "timestamp", "When it ended"),
        Column("last_termination_code", "string", "Why it ended"),
        Column("last_failure_class", "string", "Group of that code"),
        Column("last_success_at", "timestamp", "When a run last succeeded"),
        Column(
            "consecutive_failures",
            "bigint",
            "Runs that failed or timed out since the last success",
            nullable=False,
            minimum=0,
        ),
        Column("failing_since", "timestamp", "End of the first of them"),
        Column("is_failing", "boolean", "Whether the last verdict is a failure", nullable=False),
        Column("in_flight", "bigint", "Runs not ended yet", nullable=False, minimum=0),
    ),
)

SLA_DAILY = Table(
    layer=Layer.GOLD,
    name="sla_daily",
    grain="one job's runs of one day against its SLA",
    keys=("workspace_id", "series_key", "run_date"),
    partition_by="run_date",
    columns=(
        RUN_DATE,
        WORKSPACE,
        SERIES,
        Column("met", "bigint", "Runs that met it", nullable=False, minimum=0),
        Column("missed", "bigint", "Runs that missed it", nullable=False, minimum=0),
        Column("pending", "bigint", "Runs not decided yet", nullable=False, minimum=0),
        Column(
            "exempt",
            "bigint",
            "Runs cancelled, skipped, never begun, or ended with a result word nobody knows",
            nullable=False,
            minimum=0,
        ),
        Column(
            "missed_without_success",
            "bigint",
            "Of those that missed it, runs that have not succeeded at all: they have no margin",
            nullable=False,
            minimum=0,
        ),
        Column(
            "worst_margin_seconds",
            "double",
            "Least time to spare of runs that succeeded, negative where one was late; NULL where only"
            " runs without a success missed it",
            unit="seconds",
        ),
    ),
)

COST_DAILY = Table(
    layer=Layer.GOLD,
    name="cost_daily",
    grain="one day's cost of one workspace, job (or none), product, price status, and team by one way",
    keys=(
        "usage_date",
        "workspace_id",
        "job_id",
        "product",
        "team",
        "attribution",
        "price_status",
    ),
    partition_by="usage_date",
    columns=(
        Column("usage_date", "date", "Day of the usage", nullable=False),
        Column("workspace_id", "string", "Workspace; empty for the account itself", nullable=False),
        Column("job_id", "string", "Job; empty where the usage has none", nullable=False),
        Column("product", "string", "billing_origin_product", nullable=False),
        Column(
            "team", "string", "Who is charged; empty when nobody could be named", nullable=False
        ),
        Column(
            "attribution",
            "string",
            "job_tag: team in the job's tags that day; pipeline_tag: in those of the pipeline when it"
            " was used; usage_tag: in the usage's own tags; none: unattributed",
            nullable=False,
            one_of=("job_tag", "pipeline_tag", "usage_tag", "none"),
        ),
        Column(
            "price_status",
            "string",
            "priced, free or unpriced",
            nullable=False,
            one_of=("priced", "free", "unpriced"),
        ),
        Column("dbu", LIST_COST.type, "Usage measured in DBU", unit="DBU", nullable=False),
        CURRENCY,
        LIST_COST,
        UNPRICED,
        UNPRICED_UNIT,
        Column("job_name", "string", "Name of the job, as billing has it"),
    ),
)

TEAM_COST_DAILY = Table(
    layer=Layer.GOLD,
    name="team_cost_daily",
    grain="one day's cost of one team; the team with an empty name is what could not be attributed",
    keys=("usage_date", "team"),
    partition_by="usage_date",
    columns=(
        Column("usage_date", "date", "Day of the usage", nullable=False),
        Column("team", "string", "Team; empty for unattributed cost", nullable=False),
        CURRENCY,
        LIST_COST,
        Column("by_job_tag", LIST_COST.type, "Part attributed by the job's tags", nullable=False),
        Column(
            "by_pipeline_tag",
            LIST_COST.type,
            "Part attributed by the pipeline's tags",
            nullable=False,
        ),
        Column(
            "by_usage_tag", LIST_COST.type, "Part attributed by the usage's tags", nullable=False
        ),
        UNPRICED,
        UNPRICED_UNIT,
        Column("jobs", "bigint", "Jobs with cost", nullable=False, minimum=0),
    ),
)

JOB_TRENDS = Table(
    layer=Layer.GOLD,
    name="job_trends",
    grain="one job over the last 7 or 30 days, and over as many before",
    keys=("workspace_id", "series_key", "window_days"),
    columns=(
        WORKSPACE,
        SERIES,
        Column("window_days", "int", "Length of the window: 7 or 30", unit="days", nullable=False),
        *(
            column
            for prefix, when in (("", "in the window"), ("previous_", "in the window before it"))
            for column in (
                Column(f"{prefix}runs", "bigint", f"Runs {when}", nullable=False, minimum=0),
                Column(
                    f"{prefix}success_rate",
                    "double",
                    f"Share of succeeded among succeeded, failed and timed out {when}",
                    minimum=0,
                    maximum=1,
                ),
                Column(
                    f"{prefix}mean_daily_median_seconds",
                    "double",
                    f"Mean over days of the day's median duration {when}",
                    unit="seconds",
                    minimum=0,
                ),
                Column(
                    f"{prefix}list_cost",
                    LIST_COST.type,
                    f"List cost {when}; NULL where billing does not name the job",
                ),
                Column(
                    f"{prefix}unpriced_quantity",
                    UNPRICED.type,
                    f"Quantity {when} without a price, which the list cost leaves out: where it is"
                    " not 0 the costs of both windows cannot be compared",
                    unit=f"{prefix}unpriced_unit",
                ),
                Column(f"{prefix}unpriced_unit", UNPRICED_UNIT.type, UNPRICED_UNIT.comment),
            )
        ),
        Column(
            "last_run_day",
            "date",
            "Last day of the window of runs: the last that is over",
            nullable=False,
        ),
        Column(
            "last_cost_day",
            "date",
            "Last day of the window of costs: the last billed in full; NULL without usage",
        ),
        CURRENCY,
    ),
)

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
        Column("scale_log", "double", "Usual spread of log(duration)", minimum=0),
        Column("last_run_id", "string", "The run compared"),
        Column("last_robust_z", "double", "Its distance from usual in scales"),
        Column("last_p_value", "double", "P(a usual run is this slow)", minimum=0, maximum=1),
        Column("last_is_anomaly", "boolean", "Whether it behaves unlike its job"),
        Column("regime_start", "timestamp", "Since when the usual holds"),
    ),
)

RIGHTSIZING = Table(
    layer=Layer.RECOMMENDATION,
    name="rightsizing",
    grain="one job's recommended cluster size",
    keys=("workspace_id", "series_key"),
    columns=(
        WORKSPACE,
        SERIES,
        *ASSESSMENT,
        Column(
            "action",
            "string",
            "keep, downsize or upsize; NULL when not assessed",
            one_of=("keep", "downsize", "upsize"),
        ),
        Column("worker_node_type", "string", "Instance type of the workers"),
        Column("workers", "int", "Workers now", minimum=0),
        Column("recommended_workers", "int", "Workers recommended", minimum=0),
        Column("runs", "bigint", "Runs with utilisation", nullable=False, minimum=0),
        Column("node_minutes", "bigint", "Worker-minutes seen", nullable=False, minimum=0),
        Column(
            "cpu_p95_pct", "double", "95 % quantile of workers' busy CPU", unit="percent", minimum=0
        ),
        Column(
            "mem_p99_pct", "double", "99 % quantile of workers' memory", unit="percent", minimum=0
        ),
        Column(
            "cpu_upper_pct", "double", "Upper bound of that quantile", unit="percent", minimum=0
        ),
        Column("swap_max_pct", "double", "Most memory swapped", unit="percent", minimum=0),
        Column("io_wait_mean_pct", "double", "Mean CPU waiting for I/O", unit="percent", minimum=0),
        Column(
            "list_cost_30_days",
            "double",
            "List cost of its clusters of this size in the last 30 days, in DBU: of what else the job"
            " costs, nothing can be saved this way",
            unit="currency_code",
        ),
        Column(
            "unpriced_quantity",
            "double",
            "Quantity without a price, which the list cost and the savings leave out",
            unit="unpriced_unit",
        ),
        UNPRICED_UNIT,
        Column("currency_code", "string", "Currency of the money columns", nullable=False),
        Column(
            "saving_lower",
            "double",
            "Monthly saving, lower end of 80 %",
            unit="currency_code",
            minimum=0,
        ),
        Column("saving_mid", "double", "Monthly saving, middle", unit="currency_code", minimum=0),
        Column(
            "saving_upper", "double", "Monthly saving, upper end", unit="currency_code", minimum=0
        ),
        Column(
            "saving_part",
            "string",
            "What the saving covers: dbu, the DBU part only",
            one_of=("dbu",),
        ),
        Column("p_miss_now", "double", "P(miss the SLA) at the size now", minimum=0, maximum=1),
        Column(
            "p_miss_recommended",
            "double",
            "P(miss the SLA) at the recommended size",
            minimum=0,
            maximum=1,
        ),
    ),
)

SLA_PROPOSALS = Table(
    layer=Layer.RECOMMENDATION,
    name="sla_proposals",
    grain="one job's proposed SLA, for its owner to accept; a reason where none is proposed",
    keys=("workspace_id", "series_key"),
    columns=(
        WORKSPACE,
        SERIES,
        *ASSESSMENT,
        Column(
            "basis",
            "string",
            "history: what its runs took; downstream: when a job of its team starts after it",
            one_of=("history", "downstream"),
        ),
        *SLA[:-1],
        Column("downstream_series_key", "string", "The job that starts then"),
        Column("runs", "bigint", "Runs of 60 days that ended by themselves", minimum=0),
        Column("met", "bigint", "Those that would have met it", minimum=0),
        Column(
            "p50_seconds", "double", "What half of the successes took", unit="seconds", minimum=0
        ),
        Column(
            "worst_seconds", "double", "What the longest of them took", unit="seconds", minimum=0
        ),
        Column("evidence", "string", "The same in a sentence"),
    ),
)

JOB_GROWTH = Table(
    layer=Layer.RECOMMENDATION,
    name="job_growth",
    grain="one job's slow growth over 60 days, and when a usual run will not fit its SLA any more",
    keys=("workspace_id", "series_key"),
    columns=(
        WORKSPACE,
        SERIES,
        *ASSESSMENT,
        Column("days", "bigint", "Days with a success", nullable=False, minimum=0),
        Column(
            "state",
            "string",
            "growing: surely slower day by day; stepped: slower since one day; steady: neither",
            one_of=("growing", "stepped", "steady"),
        ),
        Column(
            "typical_seconds",
            "double",
            "Usual duration today, by the line",
            unit="seconds",
            minimum=0,
        ),
        Column("growth_30_days", "double", "Share that it grows by in 30 days", minimum=-1),
        Column("growth_30_days_lower", "double", "Lower end of 80 %", minimum=-1),
        Column("growth_30_days_upper", "double", "Upper end", minimum=-1),
        Column("allowed_seconds", "double", "What the SLA leaves a run", unit="seconds", minimum=0),
        Column("is_over", "boolean", "Whether a usual run does not fit it already"),
        Column("crosses_on", "date", "Day on which a usual run will not fit it any more"),
        Column("crosses_earliest", "date", "Earliest such day, of an interval of 80 %"),
        Column("crosses_latest", "date", "Latest; NULL is beyond a year"),
    ),
)

GOLD_TABLES: tuple[Table, ...] = (
    JOBS,
    JOB_DAILY,
    JOB_WEEKLY,
    JOB_HEALTH,
    SLA_DAILY,
    COST_DAILY,
    TEAM_COST_DAILY,
    JOB_TRENDS,
)
MODEL_TABLES: tuple[Table, ...] = (DURATION_STATES, FORECAST_QUALITY)
RECOMMENDATION_TABLES: tuple[Table, ...] = (
    JOB_FORECAST,
    JOB_BASELINE,
    RIGHTSIZING,
    SLA_PROPOSALS,
    JOB_GROWTH,
)
"""One row a job, with an answer or the reason for none."""
RUN_TABLES: tuple[Table, ...] = (RUN_FORECAST, IN_FLIGHT)
"""One row a run: of those to come, and of those in progress."""
QUESTIONS: dict[str, Table] = {
    "forecast": JOB_FORECAST,
    "baseline": JOB_BASELINE,
    "right-sizing": RIGHTSIZING,
}
"""What is asked of every job, and the table that has its answer or the reason for none."""


LIKELY_TO_MISS = 0.5
"""P(the next run misses its SLA) from which a job is likely to miss."""

JOB_VERDICTS = Table(
    layer=Layer.RECOMMENDATION,
    name="job_verdicts",
    grain="what is said of one job to one question, and since when; of a home that is built anew, since"
    " its first night",
    keys=("workspace_id", "series_key", "question"),
    columns=(
        WORKSPACE,
        SERIES,
        Column(
            "question",
            "string",
            "failing: whether its last verdict is a failure; likely_to_miss: whether its next run will"
            " miss the SLA; unlike_itself: whether its last run behaved so; size: what to do with its"
            " cluster",
            nullable=False,
            one_of=("failing", "likely_to_miss", "unlike_itself", "size"),
        ),
        Column(
            "verdict",
            "string",
            "failing, ok; likely (p_miss of gold.job_forecast is"
            f" {LIKELY_TO_MISS} or more), unlikely, no_sla; unlike, like; downsize, upsize, keep,"
            " not_assessed; unknown where there is nothing to tell it by",
            nullable=False,
            one_of=(
                "failing",
                "ok",
                "likely",
                "unlikely",
                "no_sla",
                "unlike",
                "like",
                "downsize",
                "upsize",
                "keep",
                "not_assessed",
                "unknown",
            ),
        ),
        Column(
            "previous_verdict",
            "string",
            "The verdict before it",
            null_means="it has been the same in every night since the first",
        ),
        Column(
            "since_at",
            "timestamp",
            "The time that the night spoke of in which it became so, or which first saw the job",
            nullable=False,
        ),
    ),
)
