"""The engines that can be asked for, by name."""

from enum import StrEnum

from pipeline.errors import UserError


class Engine(StrEnum):
    """Who runs the DataFrame code."""

    EMBEDDED = "embedded"
    SPARK = "spark"
    DATABRICKS = "databricks"


def engine_named(name: str) -> Engine:
    """The engine called so; UserError with all names where there is none."""
    try:
        return Engine(name)
    except ValueError as error:
        raise UserError(f"there is no engine {name!r}; engines are {', '.join(Engine)}") from error
