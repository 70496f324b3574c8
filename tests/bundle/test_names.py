"""Names that people choose reach YAML and SQL as they are, or are refused in a sentence."""

import copy
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlglot
import yaml
from sqlglot import exp
from sqlglot.tokens import TokenType

from pipeline.bundle.check import check_bundle
from pipeline.bundle.files import generated_files, write_files
from pipeline.bundle.project import read_project
from pipeline.bundle.row_filters import SCHEMA, filtered_tables, may_see, row_filter_sql
from pipeline.errors import UserError

HOSTILE = [
    "o'brien",
    'say "no"',
    "`; DROP SCHEMA gold; --",
    "back\\slash",
    "end\\",
    "team' OR '1'='1",
    "雪 ❄",
    "-- no comment",
    "/* neither */",
    "a;b",
    "yes",
    "007",
    "{{job.id}}",
]


def changed(folder: Path, **variables: Any) -> None:
    """`prod` with these variables."""
    root = yaml.safe_load((folder / "databricks.yml").read_text(encoding="utf-8"))
    root["targets"]["prod"]["variables"] |= variables
    (folder / "databricks.yml").write_text(
        yaml.safe_dump(root, allow_unicode=True), encoding="utf-8"
    )


@pytest.mark.parametrize("principal", HOSTILE)
def test_a_principal_is_quoted_wherever_it_goes(folder: Path, principal: str) -> None:
    changed(folder, run_as=principal, readers=principal, team_groups={principal: principal})
    write_files(folder, generated_files(read_project(folder)))
    assert check_bundle(folder).faults == ()
    for name in ("prod", "prod_row_filters"):
        sql = (folder / f"resources/sql/{name}.sql").read_text(encoding="utf-8")
        statements = [[]]
        for token in sqlglot.tokenize(sql, read="databricks"):
            if token.token_type is TokenType.SEMICOLON:
                statements.append([])
            else:
                statements[-1].append(token)
        grants = [tokens for tokens in statements if tokens and tokens[0].text == "GRANT"]
        others = {tokens[0].text for tokens in statements if tokens} - {"GRANT"}
        assert others == {"CREATE"}
        assert {tokens[-1].text for tokens in grants} == {principal}


@pytest.mark.parametrize(
    "catalog",
    [
        "a`b",
        "a'b",
        'a"b',
        "${var.team}",
        "a.b",
        "a b",
        "a/b",
        "",
        7,
        None,
        "a\nb",
        "x" * 256,
        "a\\b",
    ],
)
def test_a_catalog_that_sql_or_a_bundle_could_misread_is_refused(
    folder: Path, catalog: object
) -> None:
    changed(folder, catalog=catalog)
    with pytest.raises(UserError, match=r"targets\.prod\.variables\.catalog in databricks\.yml"):
        read_project(folder)


@pytest.mark.parametrize(
    "groups", ["${var.readers}", "", 7, [], ["fine", "${x}"], "bell\x07", {"a": "b"}]
)
def test_a_group_that_is_no_plain_text_is_refused(folder: Path, groups: object) -> None:
    changed(folder, team_groups={"data-platform": groups})
    with pytest.raises(UserError, match=r"targets\.prod\.variables\.team_groups"):
        read_project(folder)


@pytest.mark.parametrize(
    "setting", ["catalog: a`b", "catalog: ${var.team}", "experiment: /x/${a}", "experiment: nights"]
)
def test_a_setting_that_a_bundle_would_follow_is_refused(folder: Path, setting: str) -> None:
    (folder / "rightrun.yml").write_text(setting, encoding="utf-8")
    with pytest.raises(UserError, match=r"in rightrun\.yml"):
        read_project(folder)


@pytest.mark.parametrize("target", ["../prod", "a/b", "", "pr od", "${var.team}", 1])
def test_a_target_that_no_folder_can_be_named_for_is_refused(folder: Path, target: object) -> None:
    root = yaml.safe_load((folder / "databricks.yml").read_text(encoding="utf-8"))
    root["targets"][target] = {"mode": "development"}
    (folder / "databricks.yml").write_text(yaml.safe_dump(root), encoding="utf-8")
    with pytest.raises(UserError, match=r"targets in databricks\.yml"):
        read_project(folder)


def test_a_group_sees_the_rows_of_its_teams_and_no_other() -> None:
    groups_of = {name: [f"{name} readers", "auditors"] for name in HOSTILE}
    predicate = sqlglot.parse_one(may_see("`team`", groups_of), read="databricks")
    teams = [*HOSTILE, "", "another", None]
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE rows (team VARCHAR)")
        connection.executemany("INSERT INTO rows VALUES (?)", [[team] for team in teams])

        def seen_by(member_of: set[str]) -> set[str | None]:
            condition = copy.deepcopy(predicate)
            for call in [*condition.find_all(exp.Anonymous)]:
                assert call.name == "is_account_group_member"
                call.replace(exp.Boolean(this=call.expressions[0].name in member_of))
            query = f"SELECT team FROM rows WHERE {condition.sql(dialect='duckdb')}"
            return {team for (team,) in connection.execute(query).fetchall()}

        for name in HOSTILE:
            assert seen_by({f"{name} readers"}) == {name}
        assert seen_by({"auditors"}) == {*HOSTILE}
        assert seen_by({"elsewhere"}) == set()


def test_there_is_a_view_for_each_gold_table_whose_rows_belong_to_a_team() -> None:
    sql = row_filter_sql("rightrun", {"data-platform": ["platform"]})
    views = [
        statement
        for statement in sqlglot.parse(sql, read="databricks")
        if isinstance(statement, exp.Create) and statement.kind == "VIEW"
    ]
    assert {view.this.name for view in views} == {table.name for table in filtered_tables()}
    assert {view.this.db for view in views} == {SCHEMA}
    for view in views:
        read = {(table.db, table.name) for table in view.expression.find_all(exp.Table)}
        assert read <= {("gold", view.this.name), ("gold", "jobs")}
        assert [call.name for call in view.find_all(exp.Anonymous)] == ["is_account_group_member"]
    left_out = {"night_steps", "night_assessments", "source_freshness"}
    assert not left_out & {view.this.name for view in views}
