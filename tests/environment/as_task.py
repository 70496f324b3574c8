"""The command as a task of serverless compute runs it: what is refused there is refused here.

Run by the Python of an environment, with the command's arguments. Serverless compute lets a session set
six of Spark's settings, keeps no frame in memory, and has no SparkContext.
"""

import sys
from types import ModuleType, SimpleNamespace
from typing import Any, NoReturn

from pyspark.sql.connect.catalog import Catalog
from pyspark.sql.connect.conf import RuntimeConf
from pyspark.sql.connect.dataframe import DataFrame

SETTABLE = (
    "spark.sql.shuffle.partitions",
    "spark.sql.session.timeZone",
    "spark.sql.ansi.enabled",
    "spark.sql.files.maxPartitionBytes",
    "spark.sql.legacy.timeParserPolicy",
    "spark.databricks.execution.timeout",
)


def _refuse(*_arguments: Any, **_named: Any) -> NoReturn:
    raise RuntimeError("[NOT_SUPPORTED_WITH_SERVERLESS] frames and tables are not kept in memory")


def _runtime() -> ModuleType:
    """The module of a Databricks runtime that hands out a notebook's names.

    Where it is missing, the SDK makes a Spark session of its own when it looks for credentials, and that
    session's client waits for ever when the interpreter ends.
    """
    module = ModuleType("dbruntime")
    namespace = SimpleNamespace(get_namespace_globals=dict)
    initializer = SimpleNamespace(getOrCreate=lambda: namespace)
    vars(module)["UserNamespaceInitializer"] = initializer
    return module


def main() -> None:
    """Run the command."""
    sys.modules["dbruntime"] = _runtime()
    set_anything = RuntimeConf.set

    def set_settable(conf: RuntimeConf, key: str, value: Any) -> None:
        if key not in SETTABLE:
            raise RuntimeError(f"[CONFIG_NOT_AVAILABLE] {key} cannot be set on serverless compute")
        set_anything(conf, key, value)

    RuntimeConf.set = set_settable
    DataFrame.cache = DataFrame.persist = _refuse
    Catalog.cacheTable = _refuse
    from pipeline.cli.__main__ import main as command

    sys.argv[0] = "rightrun"
    command()


if __name__ == "__main__":
    main()
