"""An evaluation as one page of HTML that stands alone: no script, no network, no other file.

Names come from the log and are escaped; the page's own policy forbids it to load anything.
"""

import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from optimizer.evaluation.methods import METHODS, OURS, RULE, SIMPLE
from pipeline.evaluation.anomalies.part import part_of_page
from pipeline.evaluation.plots import named, pictures
from pipeline.evaluation.sample import EVERY_JOB, REFITTED, TRAINED

MOST_LOSSES: Final = 12


def page(document: Mapping[str, Any], name: str, command: Sequence[str] = ()) -> str:
    """The page of an evaluation of the log called `name`, which `command` evaluates again."""
    comparisons = document["comparisons"]
    start = comparisons[EVERY_JOB]["horizons"]["start"]
    environment = Environment(
        loader=PackageLoader("pipeline.evaluation", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=False,
    )
    template = environment.get_template("page.html.jinja")
    return template.render(
        name=printable(name),
        log=document["log"],
        start=start,
        cards=cards(document),
        losses=[sentence_of(loss, document) for loss in losses(document)[:MOST_LOSSES]],
        worst=[job | {"job_id": printable(job["job_id"])} for job in document["by_job"]["worst"]],
        # Numbers and names of ours: nothing of the log is in them.
        pictures={name: Markup(svg) for name, svg in pictures(document).items()},
        sampled="; ".join(
            comparisons[one]["said"] for one in (TRAINED, REFITTED) if one in comparisons
        ),
        better=_percent(document["by_job"]["better_than_rule"]),
        by_job=document["by_job"],
        limits=", ".join(f"{limit:g}" for limit in document["limits"]),
        levels=[f"{float(level):.0%}" for level in start["methods"][OURS]["coverage"]],
        anomalies=part_of_page(document["anomalies"]),
        comparisons=list(_tables(document)),
        absent=", ".join(map(named, document["absent"])),
        command=" ".join(map(typed, command)),
    )


def best_simple(horizon: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    """The simple method with the lowest CRPS at a horizon, in hindsight."""
    methods = horizon["methods"]
    return str(min(document["simple"], key=lambda method: methods[method]["crps"]))


def cards(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The figures to read first, each with its words."""
    start = document["comparisons"][EVERY_JOB]["horizons"]["start"]
    methods = start["methods"]
    best = best_simple(start, document)
    coverage = methods[OURS]["coverage"]
    off = max(abs(share - float(level)) for level, share in coverage.items() if share is not None)
    brier = min(document["simple"], key=lambda method: methods[method]["brier"])
    return [
        (_ratio(methods[OURS]["crps_over_rule"]), "of the CRPS of 7-day quantiles"),
        (_ratio(methods[best]["ours_over_it"]), f"of the best simple method here: {named(best)}"),
        (f"{100 * off:.1f} points", "largest miss of a quantile's coverage"),
        (
            _ratio(methods[brier]["ours_over_it_brier"]),
            f"of the lowest Brier of a simple method: {named(brier)}",
        ),
        (
            _percent(document["by_job"]["better_than_rule"]),
            "of jobs better than by 7-day quantiles",
        ),
    ]


@dataclass(frozen=True, slots=True)
class Loss:
    """A method whose CRPS is lower than ours."""

    ratio: float
    interval: tuple[float | None, float | None]
    method: str
    horizon: str
    runs: int
    jobs: int
    sampled: bool


def losses(document: Mapping[str, Any]) -> list[Loss]:
    """Where another method has a lower CRPS, the worst first.

    Controls do not count; simple methods count where every job is scored, the others on their sample.
    """
    lost = []
    for horizon, one, method, scores in rivals(document):
        if scores["ours_over_it"] is not None and scores["ours_over_it"] > 1.0:
            low, high = scores["ours_over_it_95"]
            sampled = method not in METHODS
            lost.append(
                Loss(
                    scores["ours_over_it"], (low, high), method, horizon, one["runs"], one["jobs"],
                    sampled,
                )
            )  # fmt: skip
    return sorted(lost, key=lambda loss: -loss.ratio)


def rivals(
    document: Mapping[str, Any],
) -> Iterator[tuple[str, Mapping[str, Any], str, Mapping[str, Any]]]:
    """For every method that ours is compared with: horizon, the scores there, method, its scores."""
    for name, comparison in document["comparisons"].items():
        for horizon, one in comparison["horizons"].items():
            for method, scores in one["methods"].items():
                is_rival = method in SIMPLE if name == EVERY_JOB else method not in METHODS
                if is_rival:
                    yield horizon, one, method, scores


def sentence_of(loss: Loss, document: Mapping[str, Any]) -> str:
    """A loss in one line."""
    low, high = loss.interval
    bounds = "" if low is None or high is None else f", 95 % {low:.3f} to {high:.3f}"
    sample = f", on {loss.runs:,} runs of the sample" if loss.sampled else ""
    when = document["horizons"][loss.horizon]
    return f"{named(loss.method)}, {when}: {loss.ratio:.3f}{bounds}{sample}"


def _tables(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Every comparison at every horizon: its rows, the best CRPS first."""
    for comparison in document["comparisons"].values():
        for horizon, one in comparison["horizons"].items():
            rows = sorted(one["methods"].items(), key=lambda item: item[1]["crps"])
            titles = {"start": "At the start of the run"}
            title = titles.get(horizon) or document["horizons"][horizon].capitalize()
            yield {
                "title": title,
                "said": comparison["said"].capitalize(),
                "runs": one["runs"],
                "jobs": one["jobs"],
                "rows": [_row(document, name, scores) for name, scores in rows],
            }


def _row(document: Mapping[str, Any], name: str, scores: Mapping[str, Any]) -> dict[str, Any]:
    low, high = scores["ours_over_it_95"] or (None, None)
    kind = "ours" if name == OURS else "control" if name in document["controls"] else ""
    value = scores["ours_over_it"]
    return {
        "method": named(name),
        "kind": kind,
        "crps": f"{scores['crps']:.4g}",
        "over_rule": "" if name == RULE else _ratio(scores["crps_over_rule"]),
        "ours_over": "" if name == OURS else _ratio(value),
        "lost": name != OURS and value is not None and value > 1.0,
        "interval": "" if low is None or high is None else f"{low:.3f} to {high:.3f}",
        "coverage": [_percent(share) for share in scores["coverage"].values()],
        "brier": "" if scores["brier"] is None else f"{scores['brier']:.4f}",
    }


def typed(word: str) -> str:
    """A word of a command as a shell takes it, with no character that cannot be seen."""
    if word.isprintable():
        return shlex.quote(word)
    escaped = "".join(
        chr(byte) if chr(byte).isalnum() and byte < 128 else f"\\x{byte:02x}"
        for byte in os.fsencode(word)
    )
    return f"$'{escaped}'"


def printable(text: str) -> str:
    """Without control characters and marks that change the direction of writing."""
    return "".join(c if c.isprintable() else " " for c in text)


def _ratio(value: float | None) -> str:
    return "not comparable" if value is None else f"{value:.3f}"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.1f} %"
