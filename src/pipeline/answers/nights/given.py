"""What the last night spoke of: its time, and the last day that was billed in full."""

from datetime import UTC, date, datetime, timedelta

from pipeline.answers.reader import Reader, records


def as_of(reader: Reader) -> datetime | None:
    """The time that the last forecast of runs spoke of; None before there is one."""
    latest = _given(reader, "as_of").get("run_forecast")
    return None if latest is None else datetime.fromisoformat(latest).astimezone(UTC)


def last_cost_day(reader: Reader) -> date | None:
    """The last day billed in full when the last night was; None before there is one."""
    day = _given(reader, "last_cost_day").get("job_trends", "None")
    return None if day == "None" else date.fromisoformat(day)


def night_before(reader: Reader) -> datetime | None:
    """The time that the night before the last spoke of; of a first night, a day before its own."""
    times = [night["as_of"] for night in records(reader, "nights", "nights") if night["as_of"]]
    earlier = [at for at in times if at < times[0]]
    return earlier[0] if earlier else times[0] - timedelta(days=1) if times else None


def _given(reader: Reader, name: str) -> dict[str, str]:
    """What the last night gave to steps under this name, by step."""
    return {
        row["reader"]: row["position"]
        for row in records(reader, "nights", "given")
        if row["input"] == name
    }
