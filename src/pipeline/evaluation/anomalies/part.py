"""The part of an evaluation's page that says how well strange runs are found."""

from collections.abc import Iterator, Mapping
from typing import Any

from markupsafe import Markup

from optimizer.evaluation.anomalies.methods import OURS
from pipeline.evaluation.anomalies.losses import losses
from pipeline.evaluation.anomalies.pictures import pictures_of_anomalies, short_name
from pipeline.evaluation.sample import EVERY_JOB


def part_of_page(part: Mapping[str, Any]) -> dict[str, Any]:
    """What the template shows of it."""
    one = part["comparisons"][EVERY_JOB]
    ours = one["methods"][OURS]
    lost = [loss for each in part["comparisons"].values() for loss in losses(each)]
    return {
        "runs": one["runs"],
        "jobs": one["said"],
        "ours": ours,
        "alpha_per_1000": f"{1000 * part['alpha']:g}",
        "flagged": per_1000(ours["slow_per_1000"]),
        "within_reach": per_1000(ours["slow_within_reach_per_1000"]),
        "strange": one["strange"],
        "fewest_before": part["fewest_before"],
        "factors": part["factors"],
        # Numbers and names of ours: nothing of the log is in them.
        "pictures": {name: Markup(svg) for name, svg in pictures_of_anomalies(part).items()},
        "losses": [loss.sentence for loss in lost if loss.is_clear],
        "perhaps": sum(not loss.is_clear for loss in lost),
        "tables": list(_tables(part)),
        "absent": ", ".join(map(short_name, part["absent"])),
    }


def _tables(part: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for comparison in part["comparisons"].values():
        yield {
            "said": comparison["said"],
            "runs": comparison["runs"],
            "strange": comparison["strange"],
            "rows": [
                {
                    "method": part["words"][method],
                    "kind": "ours"
                    if method == OURS
                    else "control"
                    if method in part["controls"]
                    else "",
                    "cells": _cells(part, scores),
                }
                for method, scores in comparison["methods"].items()
            ],
        }


def _cells(part: Mapping[str, Any], scores: Mapping[str, Any]) -> list[str]:
    slower = scores["alike"]
    return [
        percent(scores["judged"]),
        per_1000(scores["slow_per_1000"]),
        per_1000(scores["slow_within_reach_per_1000"]),
        *(percent(scores["found"][factor]) for factor in part["factors"]),
        *(percent(slower[factor]["found"]) for factor in slower),
        *(percent(share, digits=2) for share in scores["p_at_most"].values()),
        *([] if scores["p_at_most"] else ["", "", ""]),
    ]


def per_1000(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def percent(share: float | None, digits: int = 1) -> str:
    return "" if share is None else f"{100 * share:.{digits}f}"
