"""What a result means: the source's states and codes, in both spellings, to our few words.

A result is UNKNOWN only where the source gave a word, and we know no such word: a source in which
that happens does record outcomes, so the run may have ended in any way. It is counted and teaches
nothing. (A source that records none has no word on any slice, and its runs never end for us; a log
of runs that says UNKNOWN for all is read by `evaluate` alone, and its runs do teach durations.)
"""

from pyspark.sql import Column
from pyspark.sql import functions as F

STATUS_OF_RESULT = {
    "SUCCEEDED": "SUCCEEDED",
    "SUCCESS": "SUCCEEDED",
    "SUCCESS_WITH_FAILURES": "SUCCEEDED",
    "SUCCEEDED_WITH_FAILURES": "SUCCEEDED",
    "COMPLETED": "SUCCEEDED",
    "FAILED": "FAILED",
    "ERROR": "FAILED",
    "INTERNAL_ERROR": "FAILED",
    "TIMED_OUT": "TIMEOUT",
    "TIMEDOUT": "TIMEOUT",
    "CANCELLED": "CANCELLED",
    "CANCELED": "CANCELLED",
    "SKIPPED": "SKIPPED",
    "BLOCKED": "SKIPPED",
    "EXCLUDED": "SKIPPED",
    "DISABLED": "SKIPPED",
    "UPSTREAM_FAILED": "SKIPPED",
    "UPSTREAM_CANCELED": "SKIPPED",
    "MAXIMUM_CONCURRENT_RUNS_REACHED": "SKIPPED",
}

CLASS_OF_CODE = {
    "INTERNAL_ERROR": "infrastructure",
    "CLOUD_FAILURE": "infrastructure",
    "CLUSTER_ERROR": "infrastructure",
    "DRIVER_ERROR": "infrastructure",
    "STORAGE_ACCESS_ERROR": "infrastructure",
    "CLUSTER_TERMINATED_BY_USER": "infrastructure",
    "INVALID_RUN_CONFIGURATION": "configuration",
    "INVALID_CLUSTER_REQUEST": "configuration",
    "RESOURCE_NOT_FOUND": "configuration",
    "REPOSITORY_CHECKOUT_FAILED": "configuration",
    "LIBRARY_INSTALLATION_ERROR": "configuration",
    "FEATURE_DISABLED": "configuration",
    "UNAUTHORIZED_ERROR": "permission",
    "MAX_CONCURRENT_RUNS_EXCEEDED": "capacity",
    "MAX_JOB_QUEUE_SIZE_EXCEEDED": "capacity",
    "WORKSPACE_RUN_LIMIT_EXCEEDED": "capacity",
    "CLUSTER_REQUEST_LIMIT_EXCEEDED": "capacity",
    "MAX_SPARK_CONTEXTS_EXCEEDED": "capacity",
    "BUDGET_POLICY_LIMIT_EXCEEDED": "capacity",
    "RUN_EXECUTION_ERROR": "code",
    "BREAKING_CHANGE": "code",
}


def _looked_up(word: Column, table: dict[str, str], otherwise: Column) -> Column:
    groups: dict[str, list[str]] = {}
    for source, ours in table.items():
        groups.setdefault(ours, []).append(source)
    looked_up = otherwise
    for ours, sources in groups.items():
        looked_up = F.when(word.isin(*sources), F.lit(ours)).otherwise(looked_up)
    return looked_up


def status(result_state: Column) -> Column:
    """Our status of a result; IN_FLIGHT where there is none yet, UNKNOWN for one we do not know."""
    status_of_word = _looked_up(F.upper(F.trim(result_state)), STATUS_OF_RESULT, F.lit("UNKNOWN"))
    return F.when(result_state.isNull(), F.lit("IN_FLIGHT")).otherwise(status_of_word)


def failure_class(status_column: Column, termination_code: Column) -> Column:
    """Group of the termination code of a failure or a timeout; NULL for any other status."""
    class_of_code = _looked_up(F.upper(termination_code), CLASS_OF_CODE, F.lit("other"))
    return F.when(status_column.isin("FAILED", "TIMEOUT"), class_of_code)


def micros_between(start: Column, end: Column) -> Column:
    """Microseconds are subtracted as integers, so sums do not depend on their order."""
    return (F.unix_micros(end) - F.unix_micros(start)).cast("bigint")
