"""Writes what follows from declarations: pages, the export query, and the contract of Gold.

`python -m tools.pages` writes them into the checkout it stands in; with `--check` it writes
nothing, names the pages that are not current, and exits 1.
"""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields
from importlib.metadata import version
from pathlib import Path

from optimizer.config import BaselineConfig, ForecastConfig, SizingConfig, settings_of
from pipeline.graph.graph import GRAPH
from pipeline.settings import Settings
from pipeline.steps.kinds import ByDay, Keyed, RecentDays, Step
from pipeline.tables.catalogue import TABLES
from pipeline.tables.contract import promised, unsaid
from pipeline.tables.declaration import Layer, SourceTable, Table
from pipeline.tables.derive import described, markdown
from pipeline.tables.migration import MIGRATIONS, refuse_gaps
from pipeline.tables.source import SOURCE_TABLES
from simulator import SimulatorConfig
from simulator.quirks import QUIRKS
from tools.dashboards import dashboards_page
from tools.engines import engines_page
from tools.markdown import MADE, page_of, rows_of_table

_CONTRACTS = Path("docs/contracts")
_EXPORT_BEGINS = "<!-- export query: made by `make docs` -->"
_EXPORT_ENDS = "<!-- end of the export query -->"
_LAYERS = tuple(layer for layer in Layer if layer is not Layer.SOURCE)


def tables_page(_: str) -> str:
    """docs/tables.md: what is read, and every table that is kept."""
    parts = [
        "# Tables",
        "",
        MADE.format(where="`src/pipeline/tables`"),
        "",
        "Names are `schema.table`: a schema in Unity Catalog, a folder under the home on a laptop."
        " Times are UTC, intervals are half-open, ids are strings. NULL means not known.",
        "",
        "## What is read",
        "",
        "The system tables, as far as RightRun relies on them. An export may hold any subset that"
        " has the required one.",
        "",
        *rows_of_table(
            ("table", "one row", "needed", "without it you do not get"),
            (
                (f"[`{t.system_name}`](#{t.name})", t.grain, _needed(t), t.switches_off)
                for t in SOURCE_TABLES
            ),
        ),
    ]
    for source in SOURCE_TABLES:
        parts += [
            f'<details id="{source.name}"><summary><code>{source.system_name}</code></summary>',
            "",
        ]
        parts += rows_of_table(
            ("column", "type", "meaning", "filled"),
            (
                (
                    f"`{column.name}`",
                    f"`{column.type}`",
                    described(column)
                    + (
                        f"; without it you do not get {column.switches_off}"
                        if column.switches_off
                        else ""
                    ),
                    "never read: may hold secrets"
                    if column.sensitive
                    else column.since or "always",
                )
                for column in source.columns
            ),
        )
        parts += ["</details>", ""]
    for layer in _LAYERS:
        held = [table for table in TABLES if table.layer is layer]
        parts += [f"## {str(layer).capitalize()}", "", layer.comment, ""]
        parts += rows_of_table(
            ("table", "one row"),
            ((f"[`{t.full_name}`](#{t.full_name.replace('.', '')})", t.grain) for t in held),
        )
        for table in held:
            parts.append(markdown(table))
    return page_of(parts)


def _is_long(default: object) -> bool:
    return isinstance(default, dict | tuple) and bool(default)


def _as_yaml(name: str, default: Mapping[str, str] | Sequence[str]) -> list[str]:
    """A default of many values as `rightrun.yml` would say it."""
    if isinstance(default, Mapping):
        return [f"{name}:", *(f"  '{pattern}': '{by}'" for pattern, by in default.items())]
    return [f"{name}:", *(f"  - '{one}'" for one in default)]


def settings_page(_: str) -> str:
    """docs/settings.md: what a user may set, and the numbers the statistics decide by."""
    parts = [
        "# Settings",
        "",
        MADE.format(
            where="`src/pipeline/settings.py`, `src/optimizer/config.py` and the simulator's config"
        ),
        "",
        "## A home",
        "",
        "In `<home>/rightrun.yml` as `name: value`, or as an environment variable. What the command"
        " line says counts before a variable, and a variable before the file. A wrong value is refused"
        " with its name before anything runs.",
        "",
        *rows_of_table(
            ("setting", "variable", "default", "meaning"),
            (
                (
                    f"`{name}`",
                    f"`RIGHTRUN_{name.upper()}`",
                    "below" if _is_long(field.default) else f"`{field.default}`",
                    field.description or "",
                )
                for name, field in Settings.model_fields.items()
            ),
        ),
        *(
            line
            for name, field in Settings.model_fields.items()
            if _is_long(field.default)
            for line in ("```yaml", *_as_yaml(name, field.default), "```", "")
        ),
        "`RIGHTRUN_HOME` and `RIGHTRUN_ENGINE` stand for `--home` and `--engine`; `SPARK_REMOTE` names"
        " the server of the engine `spark`.",
        "",
        "## Statistics",
        "",
        "Defaults of the functions in `optimizer`. A night uses them as they are.",
        "",
    ]
    for config in (ForecastConfig, BaselineConfig, SizingConfig):
        parts += [f"### {config.SECTION}", "", (config.__doc__ or "").split("\n")[0], ""]
        parts += rows_of_table(
            ("setting", "default", "unit", "allowed", "meaning"),
            (
                (f"`{one.path}`", f"`{one.default}`", one.unit, str(one.bounds), one.meaning)
                for one in settings_of(config)
            ),
        )
    parts += ["## Simulator", "", "What `rightrun simulate` draws an account from.", ""]
    parts += rows_of_table(
        ("setting", "default", "allowed", "meaning"),
        (
            (
                f"`{one.name}`",
                f"`{one.default}`",
                f"[{one.metadata['minimum']:g}, {one.metadata['maximum']:g}]",
                one.metadata["sentence"],
            )
            for one in fields(SimulatorConfig)
            if one.default is not MISSING and "minimum" in one.metadata
        ),
    )
    parts += [
        "### Quirks and events",
        "",
        "`rightrun simulate --quirks all|none|NAME,NAME`; all of them by default.",
        "",
    ]
    parts += rows_of_table(("quirk", "meaning"), ((f"`{name}`", QUIRKS[name]) for name in QUIRKS))
    return page_of(parts)


def lineage_page(_: str) -> str:
    """docs/lineage.md: the night's graph as a picture, and how each step is kept current."""
    parts = [
        "# Lineage",
        "",
        MADE.format(
            where="the steps (`STEPS`) of `src/pipeline/silver`, `src/pipeline/gold` and"
            " `src/pipeline/scoring`"
        ),
        "",
        "Each arrow is an input of the step that writes the table. Bronze tables are copies of the"
        " system tables of the same name; those that nothing reads yet are left out of the picture.",
        "",
        "```mermaid",
        "flowchart LR",
    ]
    arrows = [
        (table, arrow, step.writes)
        for step in GRAPH.steps
        for tables, arrow in ((step.reads, "-->"), (step.reads_previous, "-.->"))
        for table in tables
    ]
    drawn = {table for read, _, written in arrows for table in (read, written)}
    for layer in _LAYERS:
        nodes = [table for table in TABLES if table.layer is layer and table in drawn]
        if nodes:
            parts.append(f"  subgraph {layer}")
            parts += [f"    {_node(table)}[{table.name}]" for table in nodes]
            parts.append("  end")
    parts += [f"  {_node(read)} {arrow} {_node(written)}" for read, arrow, written in arrows]
    parts += [
        "```",
        "",
        "A dotted arrow is what one night knows of the last.",
        "",
        "## Steps",
        "",
        "In the order of a night. The kinds are those of `src/pipeline/steps/kinds.py`; `computed again`"
        " says what is, when an input has changed: everything else stays as it is.",
        "",
        *rows_of_table(
            ("step", "kind", "reads", "writes", "computed again"),
            (
                (
                    f"`{step.name}`",
                    f"`{type(step).__name__}`",
                    ", ".join(
                        [f"`{table.full_name}`" for table in step.reads]
                        + [f"`{t.full_name}` of the night before" for t in step.reads_previous]
                    ),
                    f"`{step.writes.full_name}`",
                    _computed_again(step),
                )
                for step in GRAPH.steps
            ),
        ),
    ]
    return page_of(parts)


def decisions_page(_: str, folder: Path = Path("docs/decisions")) -> str:
    """docs/decisions/README.md: the titles of the records."""
    parts = ["# Decisions", "", MADE.format(where="the records beside it"), ""]
    for record in sorted(folder.glob("[0-9]*.md")):
        title = record.read_text(encoding="utf-8").split("\n", 1)[0].lstrip("# ")
        parts.append(f"- [{title}]({record.name})")
    return page_of(parts)


def contract_page(_: str, release: str = version("rightrun")) -> str:
    """docs/contracts/gold-RELEASE.json: what Gold promises; refused where a promise is broken."""
    refuse_gaps(TABLES, MIGRATIONS)
    declared = promised(TABLES)
    earlier = [
        file for file in _CONTRACTS.glob("gold-*.json") if _release(file) < _numbers(release)
    ]
    if earlier:
        released = json.loads(max(earlier, key=_release).read_text(encoding="utf-8"))
        changelog = Path("CHANGELOG.md").read_text(encoding="utf-8")
        if said := unsaid(released, declared, changelog):
            raise SystemExit("Gold is a public contract:\n" + "\n".join(said))
    return json.dumps(declared, indent=1) + "\n"


def readme_page(current: str) -> str:
    """README.md with its export query as the declarations want it; the rest is written by hand."""
    before, begins, rest = current.partition(_EXPORT_BEGINS)
    _, ends, after = rest.partition(_EXPORT_ENDS)
    if not begins or not ends:
        raise SystemExit(f"README.md has lost the marks {_EXPORT_BEGINS} and {_EXPORT_ENDS}")
    return f"{before}{begins}\n```python\n{export_code()}```\n{ends}{after}"


def export_code() -> str:
    """A notebook cell that writes an export: the tables without what may hold secrets."""
    lines = ['volume = "/Volumes/CATALOG/SCHEMA/VOLUME/export"', "days = 90", "queries = {"]
    for table in filter(lambda table: table.is_system_table, SOURCE_TABLES):
        secret = ", ".join(column.name for column in table.columns if column.sensitive)
        kept = f"* EXCEPT ({secret})" if secret else "*"
        # Versions and prices are needed whole; only what happens every day is cut.
        since = (
            f" WHERE {table.dated_by} >= current_date() - INTERVAL {{days}} DAYS"
            if table.interval
            else ""
        )
        if named := table.only_named:
            # A metastore lists the columns of everything in it.
            by = f"SELECT {named.name} FROM {named.by.system_name} WHERE {named.by.only_where}"
            since = f" WHERE {named.value} IN ({by})"
        mark = "f" if "{" in since else ""
        lines.append(f'    "{table.name}": {mark}"SELECT {kept} FROM {table.system_name}{since}",')
    lines += [
        "}",
        "for name, query in queries.items():",
        '    spark.sql(query).write.mode("overwrite").parquet(f"{volume}/{name}")',
        "",
    ]
    return "\n".join(lines)


PAGES: dict[str, Callable[[str], str]] = {
    "docs/tables.md": tables_page,
    "docs/settings.md": settings_page,
    "docs/lineage.md": lineage_page,
    "docs/decisions/README.md": decisions_page,
    f"{_CONTRACTS}/gold-{version('rightrun')}.json": contract_page,
    "docs/engines.md": engines_page,
    "docs/dashboards.md": dashboards_page,
    "README.md": readme_page,
}
"""Each page, and what makes it from its present text."""


def main() -> None:
    """Write the pages, or with `--check` say which are not current."""
    keep_pages(PAGES, prog="python -m tools.pages", about=__doc__ or "")


def keep_pages(pages: dict[str, Callable[[str], str]], *, prog: str, about: str) -> None:
    """The command that writes `pages`, or with `--check` says which are not current."""
    parser = argparse.ArgumentParser(prog=prog, description=about)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when stale")
    asked = parser.parse_args()
    stale = []
    for name, make in pages.items():
        page = Path(name)
        current = page.read_text(encoding="utf-8") if page.exists() else ""
        wanted = make(current)
        if wanted != current:
            stale.append(name)
            if not asked.check:
                page.write_text(wanted, encoding="utf-8")
    said = ", ".join(stale) or "none"
    print(f"pages not current: {said}" if asked.check else f"pages written: {said}")
    sys.exit(int(asked.check and bool(stale)))


def _numbers(release: str) -> tuple[int, ...]:
    return tuple(int(number) for number in release.split("."))


def _release(contract: Path) -> tuple[int, ...]:
    return _numbers(contract.stem.removeprefix("gold-"))


def _node(table: Table) -> str:
    return f"{table.layer}_{table.name}"


def _needed(table: SourceTable) -> str:
    return "required" if table.required else "optional"


def _computed_again(step: Step) -> str:
    match step:
        case RecentDays():
            return f"the whole table, from the last {step.days} days"
        case Keyed():
            keys = "the changed " + ", ".join(f"`{name}`" for name in step.key)
            if isinstance(step, ByDay) and step.reopened:
                return f"{keys}, and rows where `{step.reopened}`"
            return keys
        case _:
            return "the whole table"


if __name__ == "__main__":
    main()
