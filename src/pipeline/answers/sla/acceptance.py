"""What accepting an SLA for a job means, and which decisions come to nothing."""

from typing import Final

from pipeline.answers.answer import Answer
from pipeline.answers.reader import Reader, records
from pipeline.errors import UserError
from pipeline.near_names import did_you_mean
from pipeline.sla.terms import Terms, read_terms
from pipeline.tables import gold

__all__ = ["futile_decisions", "to_accept"]

_DECLARED_IN: Final = {"yaml": "rightrun.yml", "health_rule": "a health rule"}


def to_accept(reader: Reader, key: str, words: str | None) -> tuple[Terms | None, str]:
    """The terms to accept for the job `key`, and on what evidence: `words`, else what is proposed.

    `none` takes back what was accepted. UserError where the job declares an SLA itself, where nothing is
    proposed, and for words that are no SLA.
    """
    [job] = reader.read(Answer.of_job(gold.JOBS), series_key=key).records
    source = job["sla_source"]
    if source not in (None, "accepted", "timeout"):
        declared_in = _DECLARED_IN.get(source, f"its tag {source}")
        raise UserError(f"{key} has its SLA from {declared_in}: change it there")
    if words == "none":
        return None, "taken back"
    if words is not None:
        try:
            return read_terms(words), "as said"
        except ValueError as error:
            raise UserError(str(error)) from error
    proposals = reader.read(Answer.of_job(gold.SLA_PROPOSALS), series_key=key).records
    if not proposals or proposals[0]["status"] != "ok":
        why = f": {proposals[0]['reason']}" if proposals else ""
        raise UserError(f"nothing is proposed for {key}{why}; say what holds with --as")
    proposal = proposals[0]
    terms = Terms(
        proposal["sla_kind"],
        proposal["sla_limit_seconds"],
        proposal["sla_time_of_day"],
        proposal["sla_timezone"],
    )
    return terms, str(proposal["evidence"])


def _is_readable(terms: str) -> bool:
    """Whether the terms of a decision are an SLA that can be judged."""
    try:
        read_terms(terms)
    except ValueError:
        return False
    return True


def futile_decisions(reader: Reader) -> list[str]:
    """A sentence for each decision about a job that is not there, and for each that cannot be read."""
    decisions = records(reader, "sla", "decisions")
    if not decisions:
        return []
    keys = [job["series_key"] for job in records(reader, "jobs", "keys")]
    known_keys = set(keys)
    sentences = []
    for decision in decisions:
        key = decision["series_key"]
        if decision["terms"] is None:
            continue
        if not _is_readable(decision["terms"]):
            sentences.append(
                f"what {decision['decided_by']} decided for {key} is left aside, as it is neither a duration"
                " nor a time of day in a zone that every engine knows: decide again with"
                f' rightrun sla accept {key} --as "06:30 Europe/Berlin"'
            )
        elif key not in known_keys:
            hint = did_you_mean(key, keys, otherwise="see rightrun show jobs")
            sentences.append(
                f"no job has the key {key!r}, which has an SLA by {decision['source']}: {hint}"
            )
    return sentences
