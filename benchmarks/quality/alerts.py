"""What people are told in two weeks of nights, held against what went wrong, beside the rules that people use.

    python -m benchmarks.quality.alerts --jobs 300 --days 60 --nights 14 --out benchmarks/results/alerts.json

An account is simulated, a first night reads its history, and then day after day is appended with a night after
each, by the real commands and with the default policy and one channel. Of the runs of each appended day the
watcher is asked as well, with what the night before has learned.

A run that missed its SLA is trouble, and so is one that ended badly and that nothing has mended by the night that
could know of it first (truth.runs.known_at). An episode is a job's nights of trouble in a row; one of a job
that was fired by a job in trouble is a part of that one's. `recall_of_critical` is the share of episodes of jobs
of tier 1 of which people know by that first night: an incident of the job that they were told of and that goes on,
or one that it is a part of. A page is a message that opens an incident, and of tier 1 also one that says more; it is
right where its job, or one that it stands for, was in trouble or missing from the day before to the day after, or
an event of the simulator's truth touched it. Rules beside it are asked about the same runs: one message a run.
"""

import argparse
import json
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import pandas as pd

from benchmarks.machine import machine
from benchmarks.quality.alerts_ahead import by_night, by_watcher, looked_at
from benchmarks.quality.alerts_nights import DAY, episodes_of, is_known, nights_of, runs_of
from benchmarks.quality.alerts_rules import rules
from pipeline.engine.names import Engine
from pipeline.engine.session import connect
from tests.e2e.account import rightrun
from tests.e2e.truth import stored, told

END: Final = "2027-02-01T00:00:00Z"
"""After today, so that each appended day is a day later by the clock of its night as well."""
_EVENT_DAYS: Final = pd.Timedelta(days=10)
SETTINGS: Final = "channels:\n  screen: {kind: stdout}\nalerts:\n  to: [screen]\n"


def measured(root: Path, *, jobs: int, days: int, nights: int, seed: int) -> dict[str, Any]:
    """The figures of an account in the empty folder `root`."""
    account, home = root / "account", root / "home"
    home.mkdir()
    (home / "rightrun.yml").write_text(SETTINGS)
    size = ("--jobs", str(jobs), "--days", str(days), "--seed", str(seed), "--end", END)
    _run(root, "simulate", *size, "--out", account)
    night(root, f"simulated:{account}", home)
    looks = []
    for day in range(nights):
        _run(root, "simulate", "--append-day", "--out", account)
        midnight = pd.Timestamp(END) + day * DAY
        looks.append(looked_at(connect(Engine.EMBEDDED), home, account, midnight))
        night(root, f"simulated:{account}", home)
    return {**figures(home, account), "by_watcher": by_watcher(pd.concat(looks))}


def night(root: Path, source: str, home: Path) -> None:
    """Run a night, in the folder `root`."""
    _run(root, "nightly", "--source", source, "--home", home)


def _run(root: Path, *command: str | Path) -> None:
    ran = rightrun(*command, cwd=root)
    if ran.code not in (0, 1):
        raise SystemExit(ran.err)


def figures(home: Path, account: Path) -> dict[str, Any]:
    """The figures of a home that has seen nights of the account."""
    nights, outbox = nights_of(home), stored(home, "ops.outbox")
    runs, events = runs_of(home, account, nights), _events(account)
    episodes = episodes_of(runs, account)
    told_after_first = outbox[outbox["as_of"] > nights.times[0]]
    pages = told_after_first[told_after_first["kind"] == "opened"]
    is_critical = told_after_first["tier"] == "P1"
    critical_pages = told_after_first[
        is_critical & told_after_first["kind"].isin(["opened", "updated"])
    ]
    critical = episodes[episodes["tier"] == 1]
    jobs = len(stored(home, "gold.jobs"))

    def rate(count: int) -> float:
        return round(count / nights.weeks / jobs * 100, 2)

    return {
        "jobs": jobs,
        "nights": nights.count,
        "episodes": len(episodes),
        "critical_episodes": len(critical),
        "recall_of_critical": _share(is_known(one, nights) for one in critical.itertuples()),
        "critical_pages_per_episode": len(critical_pages) / max(1, len(critical)),
        "precision": _share(_is_right(pages, home, runs, events)),
        "messages_a_week": {
            kind: round(count / nights.weeks, 1)
            for kind, count in told_after_first["kind"].value_counts().items()
        },
        "pages_a_week_and_100_jobs": rate(len(pages)),
        "rules": {
            name: {
                "pages_a_week_and_100_jobs": rate(int(rule.sum())),
                "precision": _share(_run_is_right(runs[rule], events)),
                "recall_of_critical": _share(_is_told(critical, runs[rule])),
            }
            for name, rule in rules(home, runs).items()
        },
        "by_night": by_night(home, account, nights),
    }


def _is_told(episodes: pd.DataFrame, told_runs: pd.DataFrame) -> "pd.Series[bool]":
    """Whether a run of the job that the episode's first night could know of was told."""
    of_night = pd.MultiIndex.from_frame(told_runs[["series_key", "night"]])
    return pd.Series(pd.MultiIndex.from_frame(episodes[["series_key", "night"]]).isin(of_night))


def _share(values: Iterable[bool]) -> float:
    return float(pd.Series(list(values), dtype=bool).mean())


def _events(account: Path) -> pd.DataFrame:
    """Events of the truth with the time that they last."""
    events = told(account, "events")
    events["until_time"] = events["until_time"].fillna(events["from_time"] + _EVENT_DAYS)
    events["series_key"] = (
        events["workspace_id"] + "/" + events["job_id"].fillna(events["series_name"])
    )
    return events[["series_key", "from_time", "until_time"]]


def _is_right(
    pages: pd.DataFrame, home: Path, runs: pd.DataFrame, events: pd.DataFrame
) -> "pd.Series[bool]":
    """Whether something was, or came to be, wrong with the job of a page, from the day before to the day after."""
    nights = stored(home, "gold.job_nights")
    missing = nights[nights["missing_runs"] > 0][["series_key", "night_at"]]
    trouble = runs[runs["is_bad"]][["series_key", "ended_at"]]

    def right(row: Any) -> bool:
        cause = row.incident_key.rsplit("@", 1)[0]
        if not cause.startswith("job/"):
            return True
        job = cause.removeprefix("job/")
        began, ended = row.as_of - DAY, row.as_of + DAY
        is_trouble = (
            (trouble["series_key"] == job) & trouble["ended_at"].between(began, ended)
        ).any()
        is_missing = (
            (missing["series_key"] == job) & missing["night_at"].between(began, ended)
        ).any()
        is_event = (
            (events["series_key"] == job)
            & (events["from_time"] <= ended)
            & (events["until_time"] >= began)
        ).any()
        return bool(is_trouble or is_missing or is_event)

    return pd.Series([right(row) for row in pages.itertuples()], dtype=bool)


def _run_is_right(runs: pd.DataFrame, events: pd.DataFrame) -> "pd.Series[bool]":
    """Whether a run ended badly or missed, or an event touched it."""
    both = runs.reset_index().merge(events, on="series_key")
    hit = both[(both["from_time"] <= both["ended_at"]) & (both["until_time"] >= both["started_at"])]
    return runs["is_bad"] | pd.Series(runs.index.isin(hit["index"]), index=runs.index)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--jobs", type=int, default=300)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--nights", type=int, default=14)
    parser.add_argument("--seed", type=int, default=21)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rightrun-alerts-") as folder:
        result = measured(
            Path(folder),
            jobs=options.jobs,
            days=options.days,
            nights=options.nights,
            seed=options.seed,
        )
    document = json.dumps(
        {"machine": machine(), "days": options.days, "seed": options.seed, **result}, indent=2
    )
    print(document)
    options.out.write_text(document + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
