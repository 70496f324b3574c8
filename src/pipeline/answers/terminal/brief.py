"""Answers cut to what fits a terminal: several columns said in one, keys given up for names.

`--json` prints the whole answer; these are for people.
"""

from datetime import date

import pandas as pd

from pipeline.answers.terminal.tables import shown
from pipeline.expressions.money import SEVERAL_UNITS
from pipeline.sla.durations import duration

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


def _quantity(quantity: float, unit: object) -> str:
    """How much has no price, as `120 DBU unpriced`; no number where units were added up."""
    if unit == SEVERAL_UNITS:
        return f"usage in {SEVERAL_UNITS} unpriced"
    return f"{quantity:,.2f}".removesuffix(".00") + f" {_text(unit)} unpriced"


def _priced(cost: object, quantity: object, unit: object) -> str:
    """A sum of money and what it leaves out: `1.80 + 120 DBU unpriced`, and never 0.00 for that alone."""
    missing = float(_text(quantity) or 0)
    amount = shown("list_cost", cost)
    if not missing:
        return amount
    parts = (amount if float(_text(cost) or 0) else "", _quantity(missing, unit))
    return " + ".join(filter(None, parts))


def priced(rows: pd.DataFrame) -> pd.DataFrame:
    """Each cost and the quantity without a price beside it, which it leaves out, in one cell."""
    for quantity in [name for name in rows.columns if name.endswith("unpriced_quantity")]:
        prefix = quantity.removesuffix("unpriced_quantity")
        unit = f"{prefix}unpriced_unit"
        cost = next(name for name in rows.columns if name.startswith(f"{prefix}list_cost"))
        if (rows[quantity].map(lambda value: float(_text(value) or 0)) != 0).any():
            cells = zip(rows[cost], rows[quantity], rows[unit], strict=True)
            rows = rows.assign(**{cost: [_priced(*cell) for cell in cells]})
        rows = rows.drop(columns=[quantity, unit])
    return rows


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
            ""
            if pd.isna(mid) or not mid
            else f"{mid:,.2f} {currency}{' of the priced part' if missing > 0 else ''}"
            f"\n{low:,.2f} to {high:,.2f}"
            for low, mid, high, currency, missing in zip(
                rows["saving_lower"],
                rows["saving_mid"],
                rows["saving_upper"],
                rows["currency_code"],
                rows["unpriced_quantity"],
                strict=True,
            )
        ],
        list_cost_30_days=priced(rows)["list_cost_30_days"],
        p_miss=rows["p_miss_recommended"],
    )
    return brief.assign(status=rows["status"], reason=rows["reason"]) if reasons else brief


def costs(rows: pd.DataFrame) -> pd.DataFrame:
    # A part of nothing is left blank: beside usage without a price it would look free.
    parts = {
        name: rows[name].map(lambda part: part or None).astype(object)
        for name in ("by_job_tag", "by_pipeline_tag", "by_usage_tag")
    }
    teams = rows.drop(columns="last_cost_day").assign(
        team=rows["team"].replace("", UNATTRIBUTED), **parts
    )
    return priced(teams)


def costs_title(last_cost_day: date | None) -> str:
    until = "billed in full; there is none yet" if last_cost_day is None else f"to {last_cost_day}"
    return f"List cost by team, 30 days {until}"


def jobs(rows: pd.DataFrame) -> pd.DataFrame:
    return _who(rows).assign(
        workspace=rows["workspace_name"].map(_text),
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


def sources(rows: pd.DataFrame) -> pd.DataFrame:
    """What is as it should be is left blank: the column goes, where that is so of all sources."""
    return rows[
        ["source_table", "newest_observed_at", "reached_at", "received_at", "behind_hours"]
    ].assign(
        source_table=rows["source_table"].str.removeprefix("system."),
        gap=rows["gap"].replace("within", ""),
        ahead_hours=rows["ahead_hours"].map(lambda hours: hours if hours > 0 else None),
        **{
            "columns absent": [
                ", ".join(() if names is None else names) for names in rows["columns_absent"]
            ]
        },
    )


def coverage(costs_by_team: pd.DataFrame) -> str:
    """How much of the list cost has somebody to charge, and what has no price at all."""
    if costs_by_team.empty:
        return "No day of usage is billed in full (system.billing.usage): nothing can be charged."
    said = [
        _covered(str(currency), rows)
        for currency, rows in costs_by_team.groupby("currency_code", sort=True)
    ]
    return " ".join(said)


def _covered(currency: str, rows: pd.DataFrame) -> str:
    total = sum(rows["list_cost"])
    without = sorted(
        (str(unit), sum(of_unit["unpriced_quantity"]))
        for unit, of_unit in rows.groupby("unpriced_unit")
    )
    unpriced = " and ".join(_quantity(float(quantity), unit) for unit, quantity in without)
    if not total:
        return f"No usage has a price in {currency}: costs cannot be attributed" + (
            f"; {unpriced}." if unpriced else "."
        )
    attributed = sum(rows.loc[rows["team"] != "", "list_cost"])
    share = f"Attribution coverage: {float(attributed / total):.1%} of the list cost has a team."
    return f"{share} Not in it: {unpriced}." if unpriced else share
