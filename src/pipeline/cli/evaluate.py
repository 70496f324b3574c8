"""How good the forecasts are, on the user's own runs."""

import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli.homes import opened
from pipeline.cli.options import ENGINE, HOME, EngineName, Home, Json
from pipeline.cli.printing import Form, print_records, progress_bar
from pipeline.engine.names import Engine, engine_named
from pipeline.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.tracking.store import Store

commands = typer.Typer()


@commands.command()
def evaluate(
    runs: Annotated[
        Path | None,
        typer.Argument(help="Parquet file or folder of runs; those of the home where not given."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Page to write.")] = Path("evaluation.html"),
    sample_jobs: Annotated[
        int, typer.Option(min=0, max=1000, help="Jobs that AutoETS, Prophet and STL are fitted to.")
    ] = 10,
    seed: Annotated[int, typer.Option(help="Same seed, same sample.")] = 7,
    quick: Annotated[
        bool, typer.Option("--quick", help="Leave out what takes minutes: libraries.")
    ] = False,
    home: Home = HOME,
    engine: EngineName = ENGINE,
    json_: Json = False,
) -> None:
    """Score forecasts and flags of your own runs beside every peer. Makes a page, JSON, and an MLflow run."""
    from pipeline.evaluation.evaluate import evaluate as evaluated
    from pipeline.evaluation.page import losses, page, sentence_of
    from pipeline.settings import load_settings
    from pipeline.tracking.evaluations import track_evaluation
    from pipeline.tracking.experiments import EVALUATIONS, page_of

    if out.is_dir() or not out.absolute().parent.is_dir():
        raise UserError(f"{out} cannot be written: name a file in a folder that exists")
    name = str(home) if runs is None else runs.name
    frame = _runs(runs, home, engine)
    store = _store(home, engine)
    experiment = load_settings(home).experiment
    with progress_bar(json_) as bar:
        task = bar.add_task("evaluating", total=1.0)
        document = evaluated(
            frame,
            seed=seed,
            sample_jobs=sample_jobs,
            peers=not quick,
            progress=lambda what, share: bar.update(task, description=what, completed=share),
        )
    text = page(document, name, _again(runs, home, engine, document))
    out.write_text(text, encoding="utf-8")
    track_evaluation(store, experiment, document, text, name)
    if json_:
        typer.echo(json.dumps(document, indent=2))
        return
    lost = losses(document)
    worst = f"most to {sentence_of(lost[0], document)}" if lost else "to no method at any horizon"
    print_records("At the start of each run, every job", _summary(document), Form())
    typer.echo(f"It loses {worst}.")
    print_records("Strange runs, each method as it comes", _strange(document), Form())
    if document["absent"]:
        typer.echo(f"Not compared, because not installed: {', '.join(document['absent'])}.")
    typer.echo(f"Page: {out}\nMLflow: {store.shown}")
    if (address := page_of(store, experiment, EVALUATIONS)) is not None:
        typer.echo(f"Then open: {address}")


def _again(runs: Path | None, home: Path, engine: str, document: dict[str, Any]) -> list[str]:
    """The command that evaluates the same runs in the same way, from any folder."""
    program = ["rightrun"] if shutil.which("rightrun") else [sys.executable, "-m", "pipeline.cli"]
    return [
        *program,
        "evaluate",
        *([] if runs is None else [str(runs.absolute())]),
        *("--home", str(home.absolute()), "--engine", engine),
        *("--seed", str(document["seed"]), "--sample-jobs", str(document["sample_jobs"])),
        *([] if document["peers"] else ["--quick"]),
    ]


def _runs(runs: Path | None, home: Path, engine: str) -> "pd.DataFrame":
    from pipeline.evaluation.home import runs_of_home
    from pipeline.evaluation.runlog import read_runs

    return runs_of_home(opened(home, engine)[1]) if runs is None else read_runs(runs)


def _store(home: Path, engine: str) -> "Store":
    from pipeline.lakehouse.folder.lock import make_home
    from pipeline.tracking.store import store_of, workspace_store

    if engine_named(engine) is Engine.DATABRICKS:
        return workspace_store()
    make_home(home)
    return store_of(home)


def _summary(document: dict[str, Any]) -> list[dict[str, str]]:
    from optimizer.evaluation.methods import OURS
    from pipeline.evaluation.plots import named
    from pipeline.evaluation.sample import EVERY_JOB

    scores = document["comparisons"][EVERY_JOB]["horizons"]["start"]["methods"]
    return [
        {
            "method": named(method),
            "CRPS": _rounded(score["crps"]),
            "over 7-day": _rounded(score["crps_over_rule"]),
            "ours over it": "" if method == OURS else _rounded(score["ours_over_it"]),
            "90 % held": f"{score['coverage']['0.9']:.1%}",
            "Brier": _rounded(score["brier"]),
        }
        for method, score in sorted(scores.items(), key=lambda item: item[1]["crps"])
    ]


def _strange(document: dict[str, Any]) -> list[dict[str, str]]:
    from pipeline.evaluation.anomalies.part import per_1000, percent
    from pipeline.evaluation.sample import EVERY_JOB

    part = document["anomalies"]
    return [
        {
            "method": part["words"][method],
            "flagged of 1,000": per_1000(score["slow_per_1000"]),
            "within reach": per_1000(score["slow_within_reach_per_1000"]),
        }
        | {f"x{factor} found, %": percent(score["found"][factor]) for factor in part["factors"]}
        for method, score in part["comparisons"][EVERY_JOB]["methods"].items()
    ]


def _rounded(score: float | None) -> str:
    return "" if score is None else f"{score:.3g}"
