"""Answers cut to what fits a terminal: several columns said in one, keys given up for names.

`--json` prints the whole answer; these are for people.
"""

from datetime import date

import pandas as pd

from pipeline.reports.terminal import shown
from pipeline.spelled import duration

_UNNAMED = "(unnamed)"
UNATTRIBUTED = "(unattributed)"


def _text(value: object) -> str:
    """A cell as text; nothing where there is no value."""
    return "" if value is None or (isinstance(value, float) and pd.isna(value)) else str(value)


def _who(rows: pd.DataFrame) -> pd.DataFrame:
    # On a line of its own the key can be copied whole; a line break in a name must not make one.
    names = [" ".join(_text(name).split()) or _UNNAMED for name in rows["name"]]
    return pd.DataFrame(
        {
            "job": [
                f"{name}\n{key}" if name != key else name
                for name, key in zip(names, rows["series_key"], strict=True)
            ],
            "team": rows["team"].map(_text),
            "tier": rows["tier"].astype("Int64"),
        }
    )


def failing(rows: pd.DataFrame) -> pd.DataFrame:
    return _who(rows).assign(
        failures=rows["consecutive_failures"],
        since=rows["failing_since"],
        why=[
            _text(code) or _text(kind)
            for code, kind in zip(rows["code"], rows["class"], strict=True)
        ],
    )


def likely_to_miss(rows: pd.DataFrame) -> pd.DataFrame:
    return _who(rows).assign(
        p_miss=rows["p_miss"],
        next_start=rows["next_start_at"],
        sla=[
            f"by {due}" if kind == "deadline" else f"within {duration(limit)}"
            for kind, due, limit in zip(
                rows["sla_kind"], rows["due"], rows["sla_limit_seconds"], strict=True
            )
        ],
        usual_seconds=rows["p50_seconds"],
        p95_seconds=rows["p95_seconds"],
    )


def _terms(rows: pd.DataFrame) -> list[str]:
    """What each row's SLA asks for, in a few words."""
    return [
        f"by {clock} {zone}"
        if kind == "deadline"
        else ""
        if pd.isna(limit)
        else f"within {duration(limit)}"
        for kind, clock, zone, limit in zip(
            rows["sla_kind"],
            rows["sla_time_of_day"],
            rows["sla_timezone"],
            rows["sla_limit_seconds"],
            strict=True,
        )
    ]


def in_flight(rows: pd.DataFrame) -> pd.DataFrame:
    return _who(rows).assign(
        started=rows["started_at"],
        lasted_seconds=rows["elapsed_seconds"],
        left_seconds=rows["remaining_p50_seconds"],
        left_p95_seconds=rows["remaining_p95_seconds"],
        sla=_terms(rows),
        p_miss=rows["p_miss"],
        reason=rows["reason"].map(_text),
    )


def growing(rows: pd.DataFrame) -> pd.DataFrame:
    return _who(rows).assign(
        usual_seconds=rows["typical_seconds"],
        growth_30_days=rows["growth_30_days"],
        allowed_seconds=rows["allowed_seconds"],
        crosses=[
            "already" if over else f"{on} ({first} to {_text(last) or 'beyond a year'})"
            for over, on, first, last in zip(
                rows["is_over"],
                rows["crosses_on"],
                rows["crosses_earliest"],
                rows["crosses_latest"],
                strict=True,
            )
        ],
    )


def slas(rows: pd.DataFrame) -> pd.DataFrame:
    return _who(rows).assign(
        sla=_terms(rows),
        source=[
            f"{_text(source)}, next night" if ahead else _text(source)
            for source, ahead in zip(rows["sla_source"], rows["from_next_night"], strict=True)
        ],
        decided_by=rows["decided_by"].map(_text),
        decided_at=rows["decided_at"],
        p_miss=rows["p_miss"],
        misses_7_days=rows["expected_misses"],
    )


def proposals(rows: pd.DataFrame) -> pd.DataFrame:
    return _who(rows).assign(sla=_terms(rows), evidence=rows["evidence"].map(_text))


def sla(rows: pd.DataFrame) -> pd.DataFrame:
    return _who(rows).assign(
        compliance=rows["compliance"],
        met=rows["met"],
        missed=rows["missed"],
        pending=rows["pending"],
        worst_margin_seconds=rows["worst_margin_seconds"],
    )


def sizes(rows: pd.DataFrame, *, reasons: bool) -> pd.DataFrame:
    brief = _who(rows).assign(
        workers=[
            ""
            if pd.isna(now)
            else f"{now:.0f}"
            if now == then or pd.isna(then)
            else f"{now:.0f} → {then:.0f}"
            for now, then in zip(rows["workers"], rows["recommended_workers"], strict=True)
        ],
        node_type=rows["worker_node_type"].map(_text),
        monthly_saving=[
            "" if pd.isna(mid) or not mid else f"{mid:,.2f} {currency}\n{low:,.2f} to {high:,.2f}"
            for low, mid, high, currency in zip(
                rows["saving_lower"],
                rows["saving_mid"],
                rows["saving_upper"],
                rows["currency_code"],
                strict=True,
            )
        ],
        list_cost_30_days=rows["list_cost_30_days"],
        p_miss=rows["p_miss_recommended"],
    )
    return brief.assign(status=rows["status"], reason=rows["reason"]) if reasons else brief


def costs(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.drop(columns="last_cost_day").assign(team=rows["team"].replace("", UNATTRIBUTED))


def costs_title(last_cost_day: date | None) -> str:
    until = "billed in full; there is none yet" if last_cost_day is None else f"to {last_cost_day}"
    return f"List cost by team, 30 days {until}"


def jobs(rows: pd.DataFrame) -> pd.DataFrame:
    return _who(rows).assign(
        owner=rows["owner"].map(_text),
        state=rows["state"],
        sla=[
            " by ".join(filter(None, (_text(kind), _text(source))))
            for kind, source in zip(rows["sla_kind"], rows["sla_source"], strict=True)
        ],
        runs=rows["runs"],
        last_run=rows["last_run_date"],
    )


def unlike_themselves(rows: pd.DataFrame) -> pd.DataFrame:
    return _who(rows).assign(
        last_run=rows["last_run_id"],
        usual_seconds=rows["center_seconds"],
        robust_z=rows["last_robust_z"],
        p_value=rows["last_p_value"],
    )


def coverage(costs_by_team: pd.DataFrame) -> str:
    """How much of the list cost has somebody to charge."""
    total = sum(costs_by_team["list_cost"])
    if not total:
        return "No priced usage: costs cannot be attributed."
    attributed = sum(costs_by_team.loc[costs_by_team["team"] != "", "list_cost"])
    unpriced = sum(costs_by_team["unpriced_quantity"])
    said = f"Attribution coverage: {float(attributed / total):.1%} of the list cost has a team."
    if unpriced:
        said += f" {shown('list_cost', unpriced)} units had no price and are not in it."
    return said
