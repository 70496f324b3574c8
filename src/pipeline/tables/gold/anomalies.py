"""What a night flagged: jobs unlike themselves, and which of their runs show it in which metric."""

from pipeline.tables.declaration import Column, Layer, Table
from pipeline.tables.gold.baselines import BAND, CONTINUOUS_METRICS, METRICS
from pipeline.tables.silver.columns import SERIES, WORKSPACE

COUNTS = ("failures", "second_attempts", "missing_runs", "restarts", "uptime_share")
"""What is compared of all runs of a job and a night together; the last two of continuous jobs."""
FALSE_DISCOVERY_RATE = 0.1
"""What of the flags of many nights may be false."""
_NIGHT = Column(
    "night_at",
    "timestamp",
    "End of the 24 hours in which its runs ended; of costs, as much earlier as billing is behind",
    nullable=False,
)

JOB_NIGHTS = Table(
    layer=Layer.RECOMMENDATION,
    name="job_nights",
    grain="one job in one night: how rare all that was tested of it is together, and whether it is flagged",
    keys=("workspace_id", "series_key", "night_at"),
    columns=(
        WORKSPACE,
        SERIES,
        _NIGHT,
        *(
            Column(name, "bigint", meaning, nullable=False, minimum=0)
            for name, meaning in (
                ("runs", "Runs that ended with a verdict"),
                ("failures", "Of these, runs that failed or timed out"),
                ("second_attempts", "Of these, runs that were tried again"),
                (
                    "expected_runs",
                    "Runs that its schedule or rhythm let expect; of the last 7 nights",
                ),
                ("missing_runs", "Of these, runs that did not come"),
            )
        ),
        Column("restarts", "bigint", "Starts of a continuous job", minimum=0),
        Column("uptime_share", "double", "Share of the night it was up", minimum=0, maximum=1),
        *(
            Column(
                f"p_{metric}",
                "double",
                f"P(a usual night is as strange) by {metric}",
                minimum=0,
                maximum=1,
            )
            for metric in (*METRICS, *CONTINUOUS_METRICS, *COUNTS)
        ),
        Column("tests", "bigint", "Tests of it in that night", nullable=False, minimum=1),
        Column(
            "p_value",
            "double",
            "P(a usual night is as strange) by all of them, their weighted harmonic mean",
            nullable=False,
            minimum=0,
            maximum=1,
        ),
        Column(
            "q_value",
            "double",
            "Least rate of false discovery over that night's jobs at which it is flagged, each weighing as the"
            " root of its runs",
            nullable=False,
            minimum=0,
            maximum=1,
        ),
        Column(
            "is_flagged",
            "boolean",
            f"Whether it is flagged: q_value of {FALSE_DISCOVERY_RATE} or less",
            nullable=False,
        ),
        Column(
            "expected_false_flags",
            "double",
            "Flags of that night that chance alone would make, over all jobs",
            nullable=False,
            minimum=0,
        ),
    ),
)

RUN_ANOMALIES = Table(
    layer=Layer.RECOMMENDATION,
    name="run_anomalies",
    grain="one metric of one attempt for which its job is flagged in a night, or one count of that night",
    keys=("workspace_id", "series_key", "night_at", "run_id", "attempt", "metric"),
    columns=(
        WORKSPACE,
        SERIES,
        _NIGHT,
        Column("run_id", "string", "Run; empty for a count of the night's runs", nullable=False),
        Column("attempt", "int", "Which attempt of it, from 0", nullable=False, minimum=0),
        Column(
            "metric",
            "string",
            "A metric of model.run_scores, or a count of gold.job_nights",
            nullable=False,
            one_of=(*METRICS, *CONTINUOUS_METRICS, *COUNTS),
        ),
        Column("started_at", "timestamp", "When the attempt began; NULL for a count"),
        Column("value", "double", "What it was, in the metric's unit", nullable=False, minimum=0),
        *BAND,
        Column("ratio", "double", "Value over what was usual", minimum=0),
        Column(
            "direction",
            "string",
            "slow, short, dear (cost and DBU), late (queue), or often, missing and down (counts)",
            nullable=False,
            one_of=("slow", "short", "dear", "late", "often", "missing", "down"),
        ),
        Column(
            "p_value",
            "double",
            "P(a usual run, or night, is as strange in this metric)",
            nullable=False,
            minimum=0,
            maximum=1,
        ),
        Column(
            "severity", "string", "The same in words, as `3.1x its usual 12m00s`", nullable=False
        ),
        Column(
            "confidence",
            "string",
            "low where input may still change, or little was compared with",
            nullable=False,
            one_of=("high", "low"),
        ),
        Column("confidence_reason", "string", "Why it is low; empty otherwise", nullable=False),
        Column(
            "is_alertable",
            "boolean",
            "Whether it is above the floors of the settings: else it is listed, not alerted",
            nullable=False,
        ),
        Column("excess", "double", "Seconds or money beyond what is usual; NULL for a count"),
    ),
)
