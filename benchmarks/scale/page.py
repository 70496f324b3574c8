"""The part of docs/performance.md on nights of Apache Spark with Delta Lake."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from tools.markdown import rows_of_table

_NIGHTS = {"first": "first", "a_days_news": "a day's news"}


def scale_parts(result: Mapping[str, Any], machine: str) -> Iterator[str]:
    """Its lines, from benchmarks/results/scale.json."""
    yield from (
        f"`make bench-scale` on {machine}, at a load of {result['load']:.0f}: `rightrun nightly --engine databricks` on the stand-in"
        f" for a workspace, with `{result['master']}`, two executors of one core and 1 GB in processes"
        " of their own, a driver of 1 GB, and the client, all on this machine. Processor time is that"
        " of client, driver, executors and Python workers together; seconds say how busy the machine was.",
        "",
    )
    yield from rows_of_table(
        (
            "jobs x days",
            "night",
            "seconds",
            "processor time",
            "vCPU hours a 1,000 jobs",
            "share of the work on each executor",
        ),
        (
            (
                f"{size['jobs']:,} x {size['days']}",
                name,
                f"{night['seconds']:.0f}",
                f"{_processor_seconds(night):.0f} s",
                f"{night['vcpu_hours_per_1000_jobs']:.2f}",
                ", ".join(f"{share:.0%}" for share in night["share_of_task_time"].values()),
            )
            for size, name, night in _nights(result["sizes"])
        ),
    )
    yield from _growth(result["sizes"])
    yield from (
        "What grows with the account stays on the executors. What is sent to the client are counts,"
        " the states of models in batches, and a few numbers of each job for pictures:",
        "",
    )
    yield from rows_of_table(
        (
            "jobs x days",
            "night",
            "rows read",
            "most rows of one answer",
            "largest result of one request",
            "client's peak memory",
            "driver's heap in use afterwards",
        ),
        (
            (
                f"{size['jobs']:,} x {size['days']}",
                name,
                f"{night['rows_read']:,}",
                f"{night['most_rows_returned']:,}",
                f"{night['largest_result_mb']:.1f} MB",
                f"{night['client_peak_mb']:,} MB",
                f"{night['driver_live_heap_mb']:.0f} MB",
            )
            for size, name, night in _nights(result["sizes"])
        ),
    )
    yield from _workers(result)
    yield from (
        "Apache Spark makes the same core tables by the SQL of `benchmarks/speed/reference.sql`, in"
        " its own words, into Delta on the same server, without keys checked or differences sought."
        " Ours is the sum of the steps' seconds, though two run at a time:",
        "",
    )
    yield from rows_of_table(
        ("jobs x days", "Spark's SQL", "ours, the same tables", "ratio"),
        (
            (
                f"{size['jobs']:,} x {size['days']}",
                f"{size['reference']['seconds']:.0f} s",
                f"{size['same_tables_seconds']:.0f} s",
                f"{size['same_tables_over_reference']:.1f}",
            )
            for size in result["sizes"]
        ),
    )


def _growth(sizes: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What a night costs whatever it has to do, and what a job adds to it."""
    smallest, largest = sizes[0], sizes[-1]
    jobs = largest["jobs"] - smallest["jobs"]
    for key, name in _NIGHTS.items():
        few, many = (_processor_seconds(size[key]) for size in (smallest, largest))
        of_a_job = (many - few) / jobs
        yield (
            f"Of {'a first night' if key == 'first' else name}, {few - smallest['jobs'] * of_a_job:.0f} s of processor"
            f" time are there whatever it has to do, and a job adds {of_a_job:.2f} s."
        )
    yield ""


def _workers(result: Mapping[str, Any]) -> Iterable[str]:
    of_nights = max(max(size["memory"]["python_workers_mb"]) for size in result["sizes"])
    buckets = result["buckets"]
    yield (
        f"All Python workers of an executor had {of_nights} MB at the most in these nights. With full"
        f" buckets, of {buckets['jobs']:,} jobs with {buckets['runs_of_a_job']:,} runs each and one"
        f" with {buckets['runs_of_the_largest']:,}, they had {max(buckets['python_workers_mb'])} MB."
    )
    yield ""


def _nights(
    sizes: Iterable[Mapping[str, Any]],
) -> Iterator[tuple[Mapping[str, Any], str, Mapping[str, Any]]]:
    for size in sizes:
        for key, name in _NIGHTS.items():
            yield size, name, size[key]


def _processor_seconds(night: Mapping[str, Any]) -> float:
    return float(night["client_processor_seconds"] + night["server_processor_seconds"])
