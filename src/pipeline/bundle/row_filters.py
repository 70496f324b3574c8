"""Gold by team: views that show a group no more than its team's rows.

Views, since a row filter on a Gold table itself would forbid the night to read the table as it stood
at an earlier version, which is how it knows what has changed.
"""

from collections.abc import Mapping, Sequence

from pipeline.tables import gold
from pipeline.tables.catalogue import TABLES
from pipeline.tables.declaration import Layer, Table
from pipeline.tables.derive import identifier, quoted

SCHEMA = "gold_by_team"


def filtered_tables() -> tuple[Table, ...]:
    """The Gold tables whose rows belong to a team, or to a job that does."""
    return tuple(
        table
        for table in TABLES
        if table.layer.schema == Layer.GOLD.schema
        and {"team", "series_key"} & set(table.column_names)
    )


def may_see(team: str, groups_of: Mapping[str, Sequence[str]]) -> str:
    """The condition that whoever asks is in a group of the row's team; `team` is the column, quoted."""
    cases = " ".join(
        f"WHEN {quoted(name)} THEN "
        + " OR ".join(f"is_account_group_member({quoted(group)})" for group in groups)
        for name, groups in groups_of.items()
    )
    return f"CASE {team} {cases} ELSE FALSE END"


def row_filter_sql(catalog: str, groups_of: Mapping[str, Sequence[str]]) -> str:
    """Statements that an administrator may run after the first night; `groups_of` has a team at least."""
    statements = [
        f"CREATE SCHEMA IF NOT EXISTS {identifier(catalog, SCHEMA)}"
        " COMMENT 'Gold, of which each team sees its own rows'",
        *(_view(catalog, table, groups_of) for table in filtered_tables()),
    ]
    for group in dict.fromkeys(group for groups in groups_of.values() for group in groups):
        principal = identifier(group)
        statements += [
            f"GRANT USE CATALOG ON CATALOG {identifier(catalog)} TO {principal}",
            f"GRANT USE SCHEMA, SELECT ON SCHEMA {identifier(catalog, SCHEMA)} TO {principal}",
        ]
    header = (
        "-- Made by `rightrun bundle generate` from team_groups in databricks.yml; run it after the first night.\n"
        "-- Groups named here need no grant on gold itself: one that has it sees all rows there.\n\n"
    )
    return header + "".join(f"{statement};\n" for statement in statements)


def _view(catalog: str, table: Table, groups_of: Mapping[str, Sequence[str]]) -> str:
    source = identifier(catalog, table.layer.schema, table.name)
    view = f"CREATE OR REPLACE VIEW {identifier(catalog, SCHEMA, table.name)} AS\n"
    if "team" in table.column_names:
        return f"{view}SELECT t.* FROM {source} AS t WHERE {may_see('t.`team`', groups_of)}"
    jobs = identifier(catalog, gold.JOBS.layer.schema, gold.JOBS.name)
    return (
        f"{view}SELECT t.* FROM {source} AS t\n"
        f"LEFT SEMI JOIN {jobs} AS j\n"
        f"ON j.`series_key` = t.`series_key` AND {may_see('j.`team`', groups_of)}"
    )
