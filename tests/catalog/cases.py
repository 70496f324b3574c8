"""Every kind of statement that `DeltaCatalog` emits, over the example table, by the golden's name."""

from dataclasses import replace
from datetime import date, timedelta

from pipeline.lakehouse.catalog import lease, statements
from pipeline.tables import ops
from pipeline.tables.declaration import Column, Part
from pipeline.tables.derive import ddl, identifier
from pipeline.tables.types import arrow_type
from tests.lakehouse.examples import THINGS

HOSTILE = "rr`; DROP TABLE x; --"
"""A catalog's name that a user may set; everything else that is named is declared."""

_TARGET = statements.target("rightrun", THINGS)
_WRITERS = statements.target("rightrun", ops.WRITERS)
_STAGED = identifier("rightrun", statements.STAGING, "staged")
_DIFFERENCE = identifier("rightrun", statements.STAGING, "difference")
_GROWN = replace(
    THINGS.column("compute"), type="array<struct<kind:string, node:string, zone:string>>"
)
_DAY = date(2026, 1, 1)
_UNDATED = replace(THINGS, partition_by=None)
_DAY_IN_KEY = replace(THINGS, keys=(*THINGS.keys, str(THINGS.partition_by)))
_GONE = statements.gone(THINGS, _TARGET, 7, _STAGED, "scope", ("day", "name"), _DAY)
_ALL = statements.gone(THINGS, _TARGET, 7, _STAGED, "", ())

STATEMENTS = {
    "create_schema": statements.create_schema("rightrun", "silver"),
    "create_table": ddl(THINGS, _TARGET),
    "columns": statements.columns(_TARGET),
    "any_row": statements.any_row(_TARGET),
    "add_columns": statements.add_columns(
        _TARGET, [Column("extra", "map<string,int>", "It's new"), Column("more", "date", "New")]
    ),
    "add_fields": statements.add_fields(_TARGET, _GROWN, arrow_type(THINGS.column("compute").type)),
    "comment": statements.comment(_TARGET, THINGS.column("name")),
    "require": statements.require(_TARGET, THINGS.column("count")),
    "stage": statements.stage(_STAGED, "rows"),
    "profile": statements.profile(THINGS, _STAGED, unique=False),
    "profile_unique": statements.profile(THINGS, _STAGED, unique=True),
    "profile_undated": statements.profile(_UNDATED, _STAGED, unique=False),
    "difference": statements.difference(_DIFFERENCE, THINGS, _TARGET, 7, _STAGED),
    "difference_in_scope": statements.difference(_DIFFERENCE, THINGS, _TARGET, 7, _STAGED, _GONE),
    "difference_of_all": statements.difference(_DIFFERENCE, THINGS, _TARGET, 7, _STAGED, _ALL),
    "difference_on_days": statements.difference(
        _DIFFERENCE, _DAY_IN_KEY, _TARGET, 7, _STAGED, days=[_DAY]
    ),
    "touched_days": statements.touched_days(THINGS, _DIFFERENCE),
    "touched_days_in_key": statements.touched_days(_DAY_IN_KEY, _DIFFERENCE),
    "touched_undated": statements.touched_days(_UNDATED, _DIFFERENCE),
    "merge": statements.merge(THINGS, _TARGET, _DIFFERENCE),
    "merge_on_days": statements.merge(
        THINGS, _TARGET, _DIFFERENCE, [_DAY, date(2025, 12, 31), date(2025, 12, 25)]
    ),
    "merge_on_many_days": statements.merge(
        THINGS, _TARGET, _DIFFERENCE, [_DAY + timedelta(days=2 * n) for n in range(101)]
    ),
    "insert": statements.insert(THINGS, _TARGET, _STAGED),
    "partition_rows": statements.partition_rows(THINGS, _TARGET),
    "partition_rows_undated": statements.partition_rows(_UNDATED, _TARGET),
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
    "lease_holder": lease.holder(_WRITERS, Part.TABLES),
    "lease_take": lease.take(_WRITERS, Part.TABLES, "0b5c", "driver-1", 7),
    "lease_renew": lease.renew(_WRITERS, "0b5c"),
    "lease_release": lease.release(_WRITERS, "0b5c"),
    "list_tables": statements.list_tables("rightrun", statements.STAGING),
}
