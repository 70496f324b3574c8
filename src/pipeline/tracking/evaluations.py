"""An evaluation as one MLflow run: its settings, how we did, every score as a table, and its page."""

from collections.abc import Mapping
from typing import Any

import mlflow
import pandas as pd

from optimizer.evaluation.methods import OURS
from pipeline.evaluation.page import losses, printable, sentence_of
from pipeline.evaluation.sample import EVERY_JOB
from pipeline.tracking.experiments import DESCRIPTION, EVALUATIONS, opened_experiment
from pipeline.tracking.store import Store


def track_evaluation(
    store: Store, experiment: str, document: Mapping[str, Any], page: str, name: str
) -> str:
    """Log it in the experiment of evaluations beside `experiment`; the id of the run."""
    experiment_id = opened_experiment(store, experiment, EVALUATIONS)
    runs_from = printable(name)
    with mlflow.start_run(experiment_id=experiment_id, run_name=f"evaluate {runs_from}") as run:
        mlflow.set_tag(DESCRIPTION, description(document, runs_from))
        mlflow.log_params(_parameters(document, runs_from))
        mlflow.log_metrics(metrics(document))
        mlflow.log_table(scores(document), "scores.json")
        mlflow.log_table(anomaly_scores(document), "anomaly_scores.json")
        mlflow.log_text(page, "evaluation.html")
        mlflow.log_dict(dict(document), "evaluation.json")
        return str(run.info.run_id)


def _parameters(document: Mapping[str, Any], runs_from: str) -> dict[str, object]:
    arguments = {key: document[key] for key in ("seed", "sample_jobs", "peers")}
    return {"runs_from": runs_from[:250], **document["log"], **arguments} | {
        f"forecast.{setting}": value for setting, value in document["settings"].items()
    }


def description(document: Mapping[str, Any], runs_from: str) -> str:
    """What was scored, how we did at the start of a run, and where we lose most."""
    start = document["comparisons"][EVERY_JOB]["horizons"]["start"]
    ours = start["methods"][OURS]
    ratio = ours["crps_over_rule"]
    beside = "" if ratio is None else f", {ratio:.3f} of that of the last 7 days' quantiles"
    lost = losses(document)
    worst = f"most to {sentence_of(lost[0], document)}" if lost else "to no method at any horizon"
    return (
        f"{start['runs']:,} runs of {start['jobs']:,} jobs from `{runs_from.replace('`', ' ')}` were forecast"
        f" from what had ended before. At the start of a run our CRPS is {ours['crps']:.4g}{beside}, and"
        f" {ours['coverage']['0.9']:.1%} of the runs stayed below the 90 % quantile. We lose {worst}."
    )


def metrics(document: Mapping[str, Any]) -> dict[str, float]:
    """How our forecasts of every job did, by horizon and measure, and our flags."""
    figures: dict[str, float | None] = {
        "jobs_better_than_rule": document["by_job"]["better_than_rule"]
    }
    for horizon, scored in document["comparisons"][EVERY_JOB]["horizons"].items():
        ours = scored["methods"][OURS]
        figures[f"{horizon}/scored_runs"] = float(scored["runs"])
        figures[f"{horizon}/crps"] = ours["crps"]
        figures[f"{horizon}/crps_ratio"] = ours["crps_over_rule"]
        figures[f"{horizon}/brier"] = ours["brier"]
        for level in ("0.5", "0.9", "0.99"):
            figures[f"{horizon}/coverage_{level[2:]:0<2}"] = ours["coverage"].get(level)
    flags = document["anomalies"]["comparisons"][EVERY_JOB]["methods"][OURS]
    figures["anomalies/judged_share"] = flags["judged"]
    for name in ("slow_per_1000", "slow_within_reach_per_1000", "short_per_1000"):
        figures[f"anomalies/{name}"] = flags[name]
    for factor, share in flags["found"].items():
        figures[f"anomalies/found_x{factor}"] = share
    for p, share in flags["p_at_most"].items():
        figures[f"anomalies/p_at_most_{p}"] = share
    return {metric: value for metric, value in figures.items() if value is not None}


def scores(document: Mapping[str, Any]) -> pd.DataFrame:
    """A row for each comparison, horizon and method, the lowest CRPS first."""
    rows = [
        {
            "comparison": comparison,
            "horizon": horizon,
            "method": method,
            "runs": scored["runs"],
            "crps": score["crps"],
            "ours_over_it": score["ours_over_it"],
            "brier": score["brier"],
            **{f"coverage_{level[2:]:0<2}": share for level, share in score["coverage"].items()},
        }
        for comparison, compared in document["comparisons"].items()
        for horizon, scored in compared["horizons"].items()
        for method, score in sorted(scored["methods"].items(), key=lambda item: item[1]["crps"])
    ]
    return pd.DataFrame(rows)


def anomaly_scores(document: Mapping[str, Any]) -> pd.DataFrame:
    """A row for each comparison and method of finding strange runs."""
    part = document["anomalies"]
    return pd.DataFrame(
        [
            {
                "comparison": comparison,
                "method": method,
                "runs": one["runs"],
                **{name: figure for name, figure in score.items() if not isinstance(figure, dict)},
                **{f"found_x{factor}": share for factor, share in score["found"].items()},
                **{f"alike_x{factor}": each["found"] for factor, each in score["alike"].items()},
                **{f"p_at_most_{p}": share for p, share in score["p_at_most"].items()},
            }
            for comparison, one in part["comparisons"].items()
            for method, score in one["methods"].items()
        ]
    )
