"""Gold of verdicts: what is said of each job, and since when."""

from pipeline.tables.declaration import Column, Layer, Table
from pipeline.tables.silver.columns import SERIES, WORKSPACE

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
            " miss the SLA; unlike_itself: whether the last night that tested it has flagged it; size: what to do with its"
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
