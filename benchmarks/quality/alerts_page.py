"""The part of docs/quality.md on who is told of what, from benchmarks/results/alerts.json and alerts_logs.json."""

from collections.abc import Iterator, Mapping
from typing import Any

from tools.markdown import rows_of_table


def alerts_parts(result: Mapping[str, Any], logs: Mapping[str, Any], machine: str) -> Iterator[str]:
    """Its lines."""
    night, watcher = result["by_night"], result["by_watcher"]
    yield from (
        "## Who is told of what",
        "",
        f"`python -m benchmarks.quality.alerts` on {machine}: {result['jobs']} simulated jobs,"
        f" {result['days']} days of history and {result['nights']} nights after it, with the default policy."
        f" {result['episodes']} times a job, or what comes after it, was in trouble (it missed its SLA, or failed and"
        f" nothing had mended that by the night), {result['critical_episodes']} of them in tier 1. *Known* is the"
        " share of these of which people knew by the first night that could know. A page is *right* where something"
        f" was wrong with its job within a day, or came to be. {_messages(result)}",
        "",
    )
    yield from rows_of_table(
        (
            "rule",
            "tier 1: known",
            "tier 1: pages for each",
            "pages a week and 100 jobs",
            "of them right",
            "likely misses told by the night",
            "told half an hour ahead",
        ),
        (
            (
                "ours, default policy",
                f"{result['recall_of_critical']:.0%}",
                f"{result['critical_pages_per_episode']:.2f}",
                *_noise(result),
                f"{night['told']:.0%}",
                _share(watcher["told_half_an_hour_ahead"]),
            ),
            *(
                (name, f"{rule['recall_of_critical']:.0%}", "", *_noise(rule), "never", "never")
                for name, rule in result["rules"].items()
            ),
        ),
    )
    yield from (
        "The simulator's truth has the probability of each miss, given what was known at the midnight before"
        f" (`truth.prospects`). {night['misses']:,} runs missed their SLA, {night['likely_misses']} of them with a"
        f" probability of 50 % or more: of {night['told_at_once']:.0%} people were told at once, as a part of an"
        f" incident that goes on, of {night['told']:.0%} so or by a line of a digest, that night or earlier where it has"
        " held since. One job that misses every hour counts often: of its nights, each once, people were told of"
        f" {night['told_of_job_nights']:.0%} (of {night['job_nights']}).",
        "",
        f"The watcher was asked about {watcher['runs']} runs that may take longer than an hour, every five minutes, with"
        f" what the night before had learned: {watcher['misses']} missed, {watcher['likely_misses']} of them still ran"
        " half an hour before the limit and were then more likely late than not. It told of"
        f" {watcher['told_runs']} runs in time; {watcher['false_alarms']} of these kept their SLA. The default policy"
        " says so at once of jobs of tier 1, in the digest of those of tier 2.",
        "",
        "On real logs (`python -m benchmarks.quality.alerts_logs DIR`, the last week of 60 days, a night a day) nobody"
        " knows what was worth a message; limits are those that 3 % of the runs exceed.",
        "",
    )
    yield from rows_of_table(
        ("log", "jobs", "messages a week and job", "pages a week and 100 jobs", "lines of digests"),
        (
            (
                f"`{name}`",
                f"{log['jobs']}",
                f"{log['messages_a_week_and_job']:.3f}",
                f"{log['pages_a_week_and_100_jobs']:.1f}",
                f"{log['digest_lines_a_week_and_100_jobs']:.0f}",
            )
            for name, log in logs["logs"].items()
        ),
    )


def _messages(result: Mapping[str, Any]) -> str:
    counts = ", ".join(f"{count:g} {kind}" for kind, count in result["messages_a_week"].items())
    return f"Messages a week: {counts}."


def _noise(rule: Mapping[str, Any]) -> tuple[str, str]:
    return f"{rule['pages_a_week_and_100_jobs']:.1f}", f"{rule['precision']:.0%}"


def _share(value: float | None) -> str:
    return "none came" if value is None else f"{value:.0%}"
