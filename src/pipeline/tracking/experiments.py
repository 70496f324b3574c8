"""The experiments that runs are logged to, each with a description of what its runs are."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass

import mlflow
from mlflow import MlflowClient

from pipeline.tracking.store import Store, open_store

DESCRIPTION = "mlflow.note.content"
"""The tag that MLflow shows as the description of a run or an experiment, as Markdown."""
PORT = 5000
"""Where `mlflow ui` answers by default."""
_KIND = {"mlflow.experimentKind": "custom_model_development"}
"""What MLflow calls machine learning: without it an experiment is asked for its kind, or shown as GenAI."""


@dataclass(frozen=True, slots=True)
class Experiment:
    """An experiment by the ending of its name, after the one that the settings give."""

    suffix: str
    description: str


NIGHTS = Experiment(
    "",
    """\
One run a night of RightRun: what it said of all jobs, how good its forecasts were, and which models it \
registered. A night with nothing new makes no run.

**Read a night** by its description, then by the tables among its artifacts: `jobs.json` has what was said of \
each job, `not_assessed.json` why some have no answer, `tables.json` each table that it read or wrote, with \
version and rows.

**Compare nights** by these metrics:

- `duration_forecast/crps_ratio`: error of the forecasts over that of the last 7 days' quantiles; less is better, 1 is no gain
- `duration_forecast/coverage_90`: share of runs that stayed below the 90 % quantile; 0.9 is right
- `duration_forecast/brier`: squared error of the probability to exceed the limit; less is better
- `.../jobs_assessed_share`: share of jobs with an answer
- `seconds/...` and `rows_written/...`: by stage of the night
""",
)
EVALUATIONS = Experiment(
    "-evaluations",
    """\
One run for each `rightrun evaluate`: our forecasts and those of every peer, each made from what had ended \
before, scored on the same runs of one log.

**Read a run** by its artifact `evaluation.html`, which says first where we lose; `scores.json` has every score \
as a table.

**Compare runs** of the same log only, which `runs_from` names: another log has other scores. `start/...` is \
asked at the start of each run, `nightly_7/...` at the midnight 7 days before.
""",
)


def opened_experiment(store: Store, name: str, experiment: Experiment) -> str:
    """Open the store; the id of the experiment, made where it is not there yet.

    `name` is the one of the settings. A description that somebody has written stays.
    """
    open_store(store)
    tags = {**_KIND, DESCRIPTION: experiment.description}
    stored = mlflow.get_experiment_by_name(name + experiment.suffix)
    if stored is None:
        return str(
            mlflow.create_experiment(
                name + experiment.suffix, artifact_location=store.artifacts, tags=tags
            )
        )
    missing = {tag: text for tag, text in tags.items() if tag not in stored.tags}
    client = MlflowClient()
    for tag, text in missing.items():
        client.set_experiment_tag(stored.experiment_id, tag, text)
    return str(stored.experiment_id)


def page_of(store: Store, name: str, experiment: Experiment) -> str | None:
    """The address at which the command `store.shown` shows the experiment's runs; None where it is not
    there yet, or is in the workspace.

    MLflow's own pages start as those of GenAI whatever an experiment's kind, unless they are told.
    """
    if store.file is None or not store.file.exists():
        return None
    with closing(sqlite3.connect(store.file)) as connection:
        row = connection.execute(
            "SELECT experiment_id FROM experiments WHERE name = ?", (name + experiment.suffix,)
        ).fetchone()
    if row is None:
        return None
    return f"http://127.0.0.1:{PORT}/#/experiments/{row[0]}?workflowType=machine_learning"
