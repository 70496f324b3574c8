"""The part of docs/quality.md on who is told of what, from benchmarks/results/alerts.json."""

from collections.abc import Iterator, Mapping
from typing import Any

from tools.markdown import rows_of_table


def alerts_parts(result: Mapping[str, Any], machine: str) -> Iterator[str]:
    """Its lines."""
    messages = ", ".join(f"{count:g} {kind}" for kind, count in result["messages_a_week"].items())
    yield from (
        "## Who is told of what",
        "",
        f"`python -m benchmarks.quality.alerts` on {machine}: {result['jobs']} simulated jobs,"
        f" {result['days']} days of history and {result['nights']} nights after it, with the default policy."
        f" {result['episodes']} times a job, or what comes after it, was in trouble (it failed, or missed its SLA),"
        f" {result['critical_episodes']} of them in tier 1: people were told of"
        f" {result['recall_of_critical']:.0%} of these in the first night that could know, with"
        f" {result['critical_pages_per_episode']:.2f} pages for each. Messages a week: {messages}. A page is right"
        " where something was wrong with its job within a day, or came to be.",
        "",
    )
    yield from rows_of_table(
        ("rule", "pages a week and 100 jobs", "of them right"),
        (
            (name, f"{rule['pages_a_week_and_100_jobs']:.1f}", f"{rule['precision']:.0%}")
            for name, rule in {"ours, default policy": result, **result["rules"]}.items()
        ),
    )
