"""Where system tables are read from: the catalog of this region, and those that others share with it."""

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.tables.declaration import SourceTable
from pipeline.tables.derive import identifier


@dataclass(frozen=True, slots=True)
class SystemCatalog:
    """The system tables of a region: a catalog with their schemas, or one schema with all of them."""

    region: str | None
    name: str
    schema: str | None = None

    @classmethod
    def at(cls, place: str, region: str | None = None) -> "SystemCatalog":
        """The catalog that a setting names as `CATALOG` or `CATALOG.SCHEMA`."""
        name, _, schema = place.partition(".")
        return cls(region, name, schema or None)

    def schema_of(self, table: SourceTable) -> str:
        return self.schema or table.place[0]

    def sql_name(self, table: SourceTable) -> str:
        # A schema with all of them is another region's bronze, which has its own names.
        name = table.name if self.schema else table.place[1]
        return identifier(self.name, self.schema_of(table), name)


def system_catalogs(setting: str | Mapping[str, str]) -> tuple[SystemCatalog, ...]:
    """The catalogs of the setting system_catalog, this region's first."""
    if isinstance(setting, str):
        return (SystemCatalog.at(setting),)
    return tuple(SystemCatalog.at(place, region) for region, place in setting.items())
