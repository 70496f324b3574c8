"""Every kind of statement that `DeltaCatalog` emits, over the example table, by the golden's name."""

from dataclasses import replace
from datetime import date

from pipeline.lakehouse.catalog import statements
from pipeline.tables.declaration import Column
from pipeline.tables.derive import ddl, identifier
from pipeline.tables.types import arrow_type
from tests.lakehouse.examples import THINGS

HOSTILE = "rr`; DROP TABLE x; --"
"""A catalog's name that a user may set; everything else that is named is declared."""

_TARGET = statements.target("rightrun", THINGS)
_STAGED = identifier("rightrun", statements.STAGING, "staged")
_DIFFERENCE = identifier("rightrun", statements.STAGING, "difference")
_GROWN = replace(
    THINGS.column("compute"), type="array<struct<kind:string, node:string, zone:string>>"
)
_DAY = date(2026, 1, 1)
_GONE = statements.gone(THINGS, _TARGET, 7, _STAGED, "scope", ("day", "name"), _DAY)
_ALL = statements.gone(THINGS, _TARGET, 7, _STAGED, "", ())

STATEMENTS = {
    "create_schema": statements.create_schema("rightrun", "silver"),
    "create_table": ddl(THINGS, _TARGET),
    "table_exists": statements.table_exists("rightrun", THINGS),
    "columns": statements.columns(_TARGET),
    "any_row": statements.any_row(_TARGET),
    "add_columns": statements.add_columns(
        _TARGET, [Column("extra", "map<string,int>", "It's new"), Column("more", "date", "New")]
    ),
    "add_fields": statements.add_fields(_TARGET, _GROWN, arrow_type(THINGS.column("compute").type)),
    "comment": statements.comment(_TARGET, THINGS.column("name")),
    "require": statements.require(_TARGET, THINGS.column("count")),
    "stage": statements.stage(_STAGED, "rows"),
    "count": statements.count(THINGS, _STAGED),
    "repeated_key": statements.repeated_key(THINGS, _STAGED),
    "difference": statements.difference(_DIFFERENCE, THINGS, _TARGET, 7, _STAGED),
    "difference_in_scope": statements.difference(_DIFFERENCE, THINGS, _TARGET, 7, _STAGED, _GONE),
    "difference_of_all": statements.difference(_DIFFERENCE, THINGS, _TARGET, 7, _STAGED, _ALL),
    "merge": statements.merge(THINGS, _TARGET, _DIFFERENCE),
    "insert": statements.insert(THINGS, _TARGET, _STAGED),
    "partition_rows": statements.partition_rows(THINGS, _TARGET),
    "partition_rows_undated": statements.partition_rows(
        replace(THINGS, partition_by=None), _TARGET
    ),
    "any_before": statements.any_before(THINGS, _TARGET, _DAY),
    "delete_before": statements.delete_before(THINGS, _TARGET, _DAY),
    "replace_with": statements.replace_with(THINGS, _TARGET, _STAGED),
    "read": statements.read(_TARGET, 7),
    "changes": statements.changes(_STAGED, _TARGET, 3, 7, ("id", "day")),
    "history": statements.history(_TARGET, 2),
    "compact": statements.compact(_TARGET),
    "vacuum": statements.vacuum(_TARGET, 168),
    "drop": statements.drop(_STAGED),
    "drop_view": statements.drop_view("rows"),
    "list_tables": statements.list_tables("rightrun", statements.STAGING),
}
