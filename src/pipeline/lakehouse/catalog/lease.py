"""One writer at a time for each part of a catalog, wherever it runs: a row that its holder keeps renewing.

A file lock holds on one machine; tasks of a Workflow run on any. So who writes is a row of `ops.writers`,
taken by one MERGE, of which Delta lets one win. A holder that is killed cannot give it back: after
some minutes in which nobody has heard of it, it is taken to be dead. It may not be, so it looks before each
statement whether the lease is still its own, and each write looks for another's commit beside it
(`DeltaCatalog`). All times are the server's.
"""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from threading import Event, Thread
from uuid import uuid4

from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from pipeline.errors import UserError, cause
from pipeline.lakehouse.catalog.conflicts import Overtaken, is_conflict
from pipeline.lakehouse.catalog.tables import DeltaCatalog
from pipeline.tables import ops
from pipeline.tables.declaration import Part
from pipeline.tables.derive import quoted

RENEWED_EVERY_SECONDS = 60.0
SILENT_MINUTES = 5
"""Longer than a server goes on with what a client asked for that has died, and than it may be away."""
_ASKED_AGAIN_SECONDS = 5.0
_MADE_BY_ANOTHER_SECONDS = 20


def holder(target: str, part: Part) -> str:
    """Who holds the lease: no row where nobody does, or where its holder is silent for too long."""
    return (
        "SELECT `writer`, `process`, `host`, `principal`, `taken_at`, `renewed_at`\n"
        f"FROM {target}\n"
        f"WHERE `place` = {quoted(part)} AND `writer` IS NOT NULL AND NOT ({_silent('`renewed_at`')})"
    )


def take(target: str, part: Part, writer: str, host: str, process: int) -> str:
    """One commit, if nobody holds the lease when it is made."""
    return (
        f"MERGE INTO {target} AS t\nUSING (\n"
        f"  SELECT {quoted(part)} AS `place`, {quoted(writer)} AS `writer`,"
        f" CAST({process} AS BIGINT) AS `process`, {quoted(host)} AS `host`,"
        " current_user() AS `principal`,\n"
        "    current_timestamp() AS `taken_at`, current_timestamp() AS `renewed_at`\n"
        ") AS s\nON t.`place` = s.`place`\n"
        f"WHEN MATCHED AND (t.`writer` IS NULL OR {_silent('t.`renewed_at`')}) THEN UPDATE SET *\n"
        "WHEN NOT MATCHED THEN INSERT *"
    )


def renew(target: str, writer: str) -> str:
    return (
        f"UPDATE {target} SET `renewed_at` = current_timestamp()\nWHERE `writer` = {quoted(writer)}"
    )


def release(target: str, writer: str) -> str:
    return f"UPDATE {target} SET `writer` = NULL\nWHERE `writer` = {quoted(writer)}"


def _silent(renewed_at: str) -> str:
    return f"{renewed_at} < current_timestamp() - INTERVAL {SILENT_MINUTES} MINUTES"


class Lease:
    """The right to write a part of a catalog; the holder renews it in a thread of its own."""

    def __init__(self, catalog: DeltaCatalog, spark: SparkSession, part: Part) -> None:
        self._spark = spark
        self._part = part
        kind = "tables" if part is Part.TABLES else f"{part} tables"
        self._whose = f"the {kind} of catalog {catalog.catalog}"
        self._target = catalog.name(ops.WRITERS)
        self._writer = uuid4().hex
        self._renewed_at_seconds = 0.0
        self._taken_by = ""
        self._problem = "nothing was heard of it"
        self._ended = Event()
        self._renewing = Thread(target=self._renew, name="lease", daemon=True)

    def take(self, *, wait: bool) -> None:
        """UserError saying who holds it, or with `wait` wait for them."""
        while (other := self._other_holder()) is not None:
            if not wait:
                raise UserError(
                    f"{self._whose} are being written by {other}: wait"
                    f" for it to end, or pass --wait; after {SILENT_MINUTES} minutes of silence it is"
                    " taken to be dead"
                )
            time.sleep(_ASKED_AGAIN_SECONDS)
        self._renewing.start()

    def check(self) -> None:
        """UserError where the lease is, or may be, another's by now."""
        if self._taken_by:
            raise UserError(
                f"{self._whose} were taken by {self._taken_by}, because for"
                f" {SILENT_MINUTES} minutes {self._problem}: this command stops; run it again"
            )
        if time.monotonic() - self._renewed_at_seconds > SILENT_MINUTES * 60:
            raise UserError(
                f"the lease on {self._whose} has not been renewed for"
                f" {SILENT_MINUTES} minutes ({self._problem}), so another may have taken it: this"
                " command stops; run it again"
            )

    def release(self) -> None:
        self._ended.set()
        self._renewing.join()
        with suppress(PySparkException):  # What cannot be given back ends by itself.
            self._changes_the_row(release(self._target, self._writer))

    def _other_holder(self) -> str | None:
        """Take the lease if nobody holds it; else who does, in words."""
        while (holder_now := self._holder()) is None:
            text = take(self._target, self._part, self._writer, socket.gethostname(), os.getpid())
            self._renewed_at_seconds = time.monotonic()
            try:
                if self._changes_the_row(text):
                    return None
            except PySparkException as error:
                # Somebody else has taken it, or given it back: look again.
                if not is_conflict(error):
                    raise
        return holder_now

    def _changes_the_row(self, text: str) -> bool:
        """Whether the statement has found the row as it needs it."""
        changed = self._spark.sql(text).first()
        return changed is not None and changed[0] == 1

    def _holder(self) -> str | None:
        row = (
            self._spark.sql(holder(self._target, self._part))
            # As text in UTC: a timestamp would come in the zone of this process.
            .withColumns({name: F.col(name).cast("string") for name in ("taken_at", "renewed_at")})
            .first()
        )
        if row is None:
            return None
        taken_at, renewed_at = (
            datetime.fromisoformat(row[name]) for name in ("taken_at", "renewed_at")
        )
        return (
            f"process {row['process']} of {row['principal']} on {row['host']} since"
            f" {taken_at:%Y-%m-%d %H:%M} UTC, last heard of at {renewed_at:%H:%M:%S}"
        )

    def _renew(self) -> None:
        while not self._ended.wait(RENEWED_EVERY_SECONDS):
            asked_at_seconds = time.monotonic()
            try:
                if not self._changes_the_row(renew(self._target, self._writer)):
                    self._taken_by = self._holder() or "another command, which has ended"
                    return
                self._renewed_at_seconds = asked_at_seconds
            except Exception as error:
                # Tried again in a minute; too many of them and `check` stops the command.
                self._problem = f"renewing it failed with {cause(error)}"


def _make_its_table(catalog: DeltaCatalog) -> None:
    """Others may be making it at this moment; Overtaken where it then does not come to be."""
    for _ in range(_MADE_BY_ANOTHER_SECONDS):
        with suppress(Overtaken):
            if not catalog.exists(ops.WRITERS):
                catalog.create(ops.WRITERS)
            return
        time.sleep(1.0)
    catalog.create(ops.WRITERS)


@contextmanager
def leased(
    catalog: DeltaCatalog, spark: SparkSession, part: Part = Part.TABLES, *, wait: bool = False
) -> Iterator[Lease]:
    """Hold a part of `catalog` for writing; UserError saying who holds it, or with `wait` wait."""
    _make_its_table(catalog)
    lease = Lease(catalog, spark, part)
    lease.take(wait=wait)
    try:
        yield lease
        lease.check()
    finally:
        lease.release()
