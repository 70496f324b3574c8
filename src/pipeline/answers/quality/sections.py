"""What was not understood, could not be kept or breaks a rule, section by section."""

from typing import Any

from pipeline.answers.quality.doubts import scattered_names, unknown_results
from pipeline.answers.reader import Reader, records


def sections(reader: Reader) -> dict[str, list[dict[str, Any]]]:
    """Rules broken in Gold, rows quarantined, result words that nobody knows, names that unlike works may
    share or that may be of one work, jobs without an answer, and how far sources are."""
    rules = records(reader, "quality", "rules")
    return {
        "rules_broken": [rule for rule in rules if rule["violations"]],
        "rows_quarantined": records(reader, "quality", "quarantined"),
        "result_words_not_known": unknown_results(reader),
        "names_that_unlike_works_may_share": records(reader, "quality", "shared_names"),
        "names_that_may_be_of_one_series": scattered_names(reader),
        "jobs_without_an_answer": records(reader, "quality", "not_assessed"),
        "sources": records(reader, "nights", "sources"),
    }
