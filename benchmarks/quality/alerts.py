"""What people are told in two weeks of nights, held against what went wrong, beside the rules that people use.

    python -m benchmarks.quality.alerts --jobs 300 --days 60 --nights 14 --out benchmarks/results/alerts.json

An account is simulated, a first night reads its history, and then day after day is appended with a night after
each, by the real commands and with the default policy and one channel. A job is in trouble in a night in which a run
of it ended failed or timed out, or missed its SLA. An episode is a job's nights of trouble in a row; one of a job
whose run was fired by a job in trouble is a part of that one's episode.

`recall_of_critical` is the share of episodes of jobs of tier 1 of which people were told in the night that could know
first, or knew already. A page is a message that opens an incident; it is right where its job, or one that it stands
for, was in trouble in that day, where runs were missing, or where an event of the simulator's truth touched it or
will touch the run it speaks of. Rules beside it are asked about the same runs: one message a run.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any, Final

import pandas as pd

from benchmarks.machine import machine
from tests.e2e.account import rightrun
from tests.e2e.truth import stored

END: Final = "2027-02-01T00:00:00Z"
"""After today, so that each appended day is a day later by the clock of its night as well."""
_DAY: Final = pd.Timedelta(days=1)
_EVENT_DAYS: Final = pd.Timedelta(days=10)
_SETTINGS: Final = "channels:\n  screen: {kind: stdout}\nalerts:\n  to: [screen]\n"
_BAD: Final = ("FAILED", "TIMEOUT")
_JOB: Final = ["workspace_id", "series_key"]


def measured(root: Path, *, jobs: int, days: int, nights: int, seed: int) -> dict[str, Any]:
    """The figures of an account in the empty folder `root`."""
    account, home = root / "account", root / "home"
    home.mkdir()
    (home / "rightrun.yml").write_text(_SETTINGS)
    size = ("--jobs", str(jobs), "--days", str(days), "--seed", str(seed), "--end", END)
    _run(root, "simulate", *size, "--out", account)
    _night(root, account, home)
    for _ in range(nights):
        _run(root, "simulate", "--append-day", "--out", account)
        _night(root, account, home)
    return figures(home, account / "truth")


def _night(root: Path, account: Path, home: Path) -> None:
    _run(root, "nightly", "--source", f"simulated:{account}", "--home", home)


def _run(root: Path, *command: str | Path) -> None:
    ran = rightrun(*command, cwd=root)
    if ran.code not in (0, 1):
        raise SystemExit(ran.err)


def figures(home: Path, truth: Path) -> dict[str, Any]:
    """The figures of a home that has seen nights of the account with this truth."""
    outbox = stored(home, "ops.outbox")
    nights = sorted(outbox["as_of"].unique())[1:]
    runs = _runs(home, nights)
    episodes = _episodes(runs, _fired_by(truth))
    told = outbox[outbox["as_of"].isin(nights)]
    pages = told[told["kind"] == "opened"].copy()
    pages["cause"] = pages["incident_key"].str.rsplit("@", n=1).str[0]
    critical = episodes[episodes["tier"] == 1]
    events = _events(truth)
    weeks = len(nights) / 7
    jobs = len(stored(home, "gold.jobs"))
    return {
        "jobs": jobs,
        "nights": len(nights),
        "episodes": len(episodes),
        "critical_episodes": len(critical),
        "recall_of_critical": float(_is_told(critical, outbox).mean()),
        "critical_pages_per_episode": float((pages["tier"] == "P1").sum() / max(1, len(critical))),
        "precision": float(_is_right(pages, home, runs, events).mean()),
        "messages_a_week": {
            kind: round(count / weeks, 1) for kind, count in told["kind"].value_counts().items()
        },
        "pages_a_week_and_100_jobs": round(len(pages) / weeks / jobs * 100, 2),
        "rules": {
            name: {
                "pages_a_week_and_100_jobs": round(int(rule.sum()) / weeks / jobs * 100, 2),
                "precision": float(_run_is_right(runs[rule], events).mean()),
            }
            for name, rule in _rules(home, runs).items()
        },
    }


def _runs(home: Path, nights: list[pd.Timestamp]) -> pd.DataFrame:
    """Runs that ended in the nights, each with its night."""
    runs = stored(home, "gold.run_history")
    runs = runs[runs["ended_at"].notna()].copy()
    ends = pd.DatetimeIndex(nights)
    place = ends.searchsorted(runs["ended_at"])
    is_within = (runs["ended_at"] > ends[0] - _DAY) & (place < len(ends))
    runs, place = runs[is_within].copy(), place[is_within]
    runs["night"] = place
    runs["night_at"] = ends[place]
    tiers = stored(home, "gold.jobs")[[*_JOB, "tier"]]
    runs = runs.merge(tiers, on=_JOB, how="left")
    runs["is_trouble"] = runs["status"].isin(_BAD) | (runs["sla_status"] == "MISSED")
    return runs


def _fired_by(truth: Path) -> dict[str, str]:
    """The job that fired a run's job, by the run's key."""
    firings = pd.read_parquet(truth / "firings.parquet")
    keys = firings["workspace_id"] + "/" + firings["run_id"]
    return dict(zip(keys, firings["workspace_id"] + "/" + firings["upstream_job_id"], strict=True))


def _episodes(runs: pd.DataFrame, fired_by: dict[str, str]) -> pd.DataFrame:
    """One row an episode: its job, tier, first night; parts of another's are left out."""
    bad = runs[runs["is_trouble"]].copy()
    in_trouble = set(zip(bad["series_key"], bad["night"], strict=True))
    upstream = (bad["workspace_id"] + "/" + bad["run_id"]).map(fired_by)
    is_part = [
        (job, night) in in_trouble for job, night in zip(upstream, bad["night"], strict=True)
    ]
    own = bad[~pd.Series(is_part, index=bad.index)]
    nights = own.groupby("series_key")["night"].agg(lambda values: sorted(set(values)))
    tiers: Any = own.groupby("series_key")["tier"].first()
    first: Any = own.groupby(["series_key", "night"])["night_at"].first()
    return pd.DataFrame(
        [
            {"series_key": job, "tier": tiers[job], "night_at": first[job, night]}
            for job, of_job in nights.items()
            for night in of_job
            if night - 1 not in of_job
        ]
    )


def _is_told(episodes: pd.DataFrame, outbox: pd.DataFrame) -> "pd.Series[bool]":
    """Whether an incident of the job, or of the platform, was told by the episode's first night, and not over."""
    messages = outbox[outbox["incident_key"].notna()].copy()
    messages["cause"] = messages["incident_key"].str.rsplit("@", n=1).str[0]

    def told(row: Any) -> bool:
        before = messages[messages["as_of"] <= row.night_at]
        of_job = before[
            (before["cause"] == f"job/{row.series_key}")
            | before["cause"].str.startswith("platform/")
        ]
        last = of_job.sort_values("decided_at").groupby("incident_key")["kind"].last()
        return bool((last != "resolved").any())

    return pd.Series([told(row) for row in episodes.itertuples()], dtype=bool)


def _events(truth: Path) -> pd.DataFrame:
    """Events of the truth with the time that they last."""
    events = pd.read_parquet(truth / "events.parquet")
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
    trouble = runs[runs["is_trouble"]][["series_key", "ended_at"]]

    def right(row: Any) -> bool:
        if not row.cause.startswith("job/"):
            return True
        job = row.cause.removeprefix("job/")
        began, ended = row.as_of - _DAY, row.as_of + _DAY
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


def _rules(home: Path, runs: pd.DataFrame) -> dict[str, "pd.Series[bool]"]:
    """What the rules that people use would say of each run."""
    every = stored(home, "gold.run_history")
    every = every[every["first_success_seconds"].notna()].sort_values("started_at")
    rolling = every.set_index("started_at").groupby("series_key")["first_success_seconds"]
    week = rolling.rolling("7D", closed="left")
    limits = pd.DataFrame(
        {"p90": week.quantile(0.9), "mean": week.mean(), "sd": week.std(), "count": week.count()}
    )
    of_run = every[["series_key", "started_at", "run_id", "workspace_id"]].merge(
        limits.reset_index(), on=["series_key", "started_at"], how="left"
    )
    of_run = of_run.drop_duplicates(["workspace_id", "run_id"])
    known = runs.merge(
        of_run.drop(columns=["series_key", "started_at"]), on=["workspace_id", "run_id"], how="left"
    )
    seconds, is_known = known["first_success_seconds"], known["count"] >= 5
    rules = {
        "any failure": known["status"].isin(_BAD),
        "longer than the 90 % quantile of a week": is_known & (seconds > known["p90"]),
        "two deviations above the mean of a week": is_known
        & (seconds > known["mean"] + 2 * known["sd"]),
    }
    return {name: rule.set_axis(runs.index) for name, rule in rules.items()}


def _run_is_right(runs: pd.DataFrame, events: pd.DataFrame) -> "pd.Series[bool]":
    """Whether a run was in trouble, or an event touched it."""
    both = runs.reset_index().merge(events, on="series_key")
    hit = both[(both["from_time"] <= both["ended_at"]) & (both["until_time"] >= both["started_at"])]
    return runs["is_trouble"] | pd.Series(runs.index.isin(hit["index"]), index=runs.index)


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
