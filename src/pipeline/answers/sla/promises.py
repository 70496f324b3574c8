"""What it means that no job is likely to miss its SLA: none is, or of none can it be told."""

from pipeline.answers.reader import Reader, records
from pipeline.answers.selection import Selection


def why_none_misses(reader: Reader, selection: Selection, at_least: float = 0.0) -> str:
    """A phrase for the jobs of `selection` of which none misses with a probability of `at_least`."""
    forecasts = selection.jobs(records(reader, "sla", "forecast_status"))
    statuses = [forecast["sla_status"] for forecast in forecasts]
    promised = sum(status != "no_sla" for status in statuses)
    forecast = statuses.count("ok")
    if not promised:
        return "no job has an SLA (see rightrun sla propose)"
    none = f"none with a probability of {at_least:.0%} or more" if at_least else "none"
    if forecast == promised:
        return none
    unknown = f"of {promised - forecast} of the {promised} jobs with an SLA it cannot be told"
    return f"{none}; {unknown}" if forecast else unknown
