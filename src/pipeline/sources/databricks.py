"""The source `databricks`: system tables through the session, how jobs are set up by the Jobs API."""

from pipeline.sources.jobs_api import JobsApi
from pipeline.sources.protocol import Delivery, Presence
from pipeline.sources.system_tables import SystemTables
from pipeline.tables.declaration import SourceTable


class DatabricksAccount:
    """Each table from where it is told; without the Jobs API, its table is not there."""

    name = "databricks"

    def __init__(self, system_tables: SystemTables, jobs_api: JobsApi | None) -> None:
        self._system_tables = system_tables
        self._jobs_api = jobs_api

    def inspect(self, table: SourceTable) -> Presence:
        source = self._source_of(table)
        if source is None:
            return Presence(table, found=False, problem="the setting jobs_api is false")
        return source.inspect(table)

    def read(self, table: SourceTable, after: str | None) -> Delivery | None:
        source = self._source_of(table)
        return None if source is None else source.read(table, after)

    def notices(self) -> tuple[str, ...]:
        more = () if self._jobs_api is None else self._jobs_api.notices()
        return (*self._system_tables.notices(), *more)

    def _source_of(self, table: SourceTable) -> SystemTables | JobsApi | None:
        return self._system_tables if table.is_system_table else self._jobs_api
