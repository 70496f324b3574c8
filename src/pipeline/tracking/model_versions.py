"""One new version a night of each registered model: challenger at once, champion where the rules allow.

A version holds the states of all jobs as one Parquet file, with the code that answers from them: never
one model a job.
"""

import contextlib
import io
import runpy
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import mlflow
import pyarrow.parquet as pq
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.models.model import ModelInfo
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipeline.tracking.model_cards import card
from pipeline.tracking.promotion import Rule, refusal
from pipeline.wheel import models_folder, unpacked

CHAMPION, CHALLENGER = "champion", "challenger"
_JOBS_A_BATCH = 1_000
"""A job's state takes up to 20 kB."""


@dataclass(frozen=True, slots=True)
class Registered:
    """A family's new version: whether it is champion, and why or why not, in the end of a sentence."""

    family: str
    version: int
    is_champion: bool
    reason: str


def register(
    family: str,
    name: str,
    states: DataFrame,
    metrics: Mapping[str, float],
    rules: Sequence[Rule],
    wheel: Path,
    as_of: str,
) -> Registered:
    """Log `states` as a model of the active run and make it the newest version of `name`.

    Its tags hold the metrics that `rules` ask about: the next challenger is compared with them.
    """
    client = MlflowClient()
    champion = _champion(client, name)
    refused = None if champion is None else refusal(rules, metrics, _metrics_of(champion))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "states.parquet"
        jobs = write_states(states, file)
        model = logged_model(family, file, wheel)
    mlflow.log_metrics(
        {f"{family}/{metric}": value for metric, value in metrics.items()},
        model_id=model.model_id,
    )
    if champion is None:
        _create(client, family, name)
    compared = sorted({rule.metric for rule in rules} & metrics.keys())
    with contextlib.redirect_stderr(io.StringIO()):  # MLflow announces each version there.
        version = mlflow.register_model(
            model.model_uri, name, tags={metric: f"{metrics[metric]:.6g}" for metric in compared}
        ).version
    registered = Registered(family, int(version), refused is None, _reason(champion, refused))
    client.update_model_version(
        name,
        str(version),
        f"What was known of {jobs:,} jobs as of {as_of}."
        f" It {'became' if registered.is_champion else 'did not become'} champion:"
        f" {registered.reason}.",
    )
    client.set_registered_model_alias(name, CHALLENGER, str(version))
    if registered.is_champion:
        client.set_registered_model_alias(name, CHAMPION, str(version))
    return registered


def _reason(champion: ModelVersion | None, refused: str | None) -> str:
    if champion is None:
        return "there was none before"
    if refused is None:
        return "no rule of promotion broken"
    return f"{refused}, so version {champion.version} stays"


def _champion(client: MlflowClient, name: str) -> ModelVersion | None:
    try:
        return client.get_model_version_by_alias(name, CHAMPION)
    except MlflowException:
        return None


def _metrics_of(version: ModelVersion) -> dict[str, float]:
    """The metrics among its tags; people may have set others."""
    metrics = {}
    for tag, value in version.tags.items():
        with contextlib.suppress(ValueError):
            metrics[tag] = float(value)
    return metrics


def _create(client: MlflowClient, family: str, name: str) -> None:
    """The registered model, described by the family's card, if there is none of the name."""
    with contextlib.suppress(MlflowException):  # It is there where its champion was taken away.
        client.create_registered_model(name, description=card(family))


def write_states(states: DataFrame, file: Path) -> int:
    """Write the rows of a model's artifact, by job_id, as Parquet; their number.

    In batches, so that no more of them are in memory however many jobs there are.
    """
    batches = max(1, ceil(states.count() / _JOBS_A_BATCH))
    rows = 0
    with ExitStack() as opened:
        writer: pq.ParquetWriter | None = None
        for batch in range(batches):
            is_in_batch = F.pmod(F.xxhash64("job_id"), F.lit(batches)) == batch
            table = states.where(is_in_batch).toArrow()
            if writer is None:
                writer = opened.enter_context(pq.ParquetWriter(file, table.schema))
            writer.write_table(table)
            rows += table.num_rows
    return rows


def logged_model(family: str, states: Path, wheel: Path) -> ModelInfo:
    """The family's model with the code that answers for it.

    An environment is made from the wheel; where none can be made, the statistics beside it are enough.
    """
    code = models_folder() / f"{family}.py"
    with warnings.catch_warnings():
        # The model states its signature itself, and an example would be one of the user's jobs.
        warnings.filterwarnings("ignore", message=".*An input example was not provided")
        info: ModelInfo = mlflow.pyfunc.log_model(
            name=family,
            python_model=str(code),
            artifacts={"states": str(states)},
            signature=runpy.run_path(str(code))["SIGNATURE"],
            code_paths=[str(wheel), str(unpacked(wheel, "optimizer"))],
            pip_requirements=[f"code/{wheel.name}"],
        )
    return info
