"""What the last night spoke of: its time, and the last day that was billed in full."""

from datetime import UTC, date, datetime

from pipeline.answers.reader import Reader, records


def as_of(reader: Reader) -> datetime | None:
    """The time that the last forecast of runs spoke of; None before there is one."""
    latest = _given(reader, "as_of").get("run_forecast")
    return None if latest is None else datetime.fromisoformat(latest).astimezone(UTC)


def last_cost_day(reader: Reader) -> date | None:
    """The last day billed in full when the last night was; None before there is one."""
    day = _given(reader, "last_cost_day").get("job_trends", "None")
    return None if day == "None" else date.fromisoformat(day)


def _given(reader: Reader, name: str) -> dict[str, str]:
    """What the last night gave to steps under this name, by step."""
    return {
        row["reader"]: row["position"]
        for row in records(reader, "nights", "given")
        if row["input"] == name
    }
