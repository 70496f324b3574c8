"""One Spark Connect session a process: embedded (Sail), Apache Spark, or Databricks.

All code is written against the Spark Connect API, so the three differ only in how the session is
made. A process keeps the first engine it asked for: pyspark returns the session it already has,
whatever the builder says, so a second engine would silently be the first one.
"""

import atexit
import logging
import os
import shutil
import subprocess
import sys
from operator import attrgetter
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession
from pyspark.sql.utils import is_remote

from pipeline.engine.names import Engine
from pipeline.engine.temporary_folders import temporary_folder
from pipeline.errors import UserError
from pipeline.wheel import write_wheel

LOCAL_MASTER = "local[2]"
SHUFFLE_PARTITIONS = 4
"""A night moves thousands to millions of rows: Spark's own 200 would be 200 near-empty tasks."""
JAVA_MAJOR = 17

# Otherwise each call of a column function looks for IPython on the disk, which takes a tenth of a short
# night. A server of Apache Spark reads it only when it starts, so it is not among the settings below.
_NO_CALL_SITES = ("spark.python.sql.dataFrameDebugging.enabled", "false")
_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.shuffle.partitions": str(SHUFFLE_PARTITIONS),
}


class _Connected:
    """What this process is connected to; the Sail server must outlive its session."""

    engine: Engine | None = None
    session: SparkSession | None = None
    server: Any = None


def connect(engine: Engine) -> SparkSession:
    """The process's session on `engine`; asking for a second engine is an error."""
    if _Connected.session is not None:
        if engine is not _Connected.engine:
            raise RuntimeError(
                f"this process already runs on {_Connected.engine}: "
                f"start another process for {engine}"
            )
        return _Connected.session
    if engine is not Engine.DATABRICKS:
        # Python workers must run this interpreter, not the first python of the PATH.
        os.environ["PYSPARK_PYTHON"] = sys.executable
        os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    match engine:
        case Engine.EMBEDDED:
            session = _embedded()
        case Engine.SPARK:
            session = _spark()
        case Engine.DATABRICKS:
            session = _databricks()
    _Connected.engine, _Connected.session = engine, session
    return session


def engine_name(spark: SparkSession) -> str:
    """The engine that really answers: `sail 0.7.2`, or `spark 4.1.4 <revision>`.

    The client's own version says nothing (Sail reports the Spark version it stands in for); the
    SQL function does: Spark adds the revision it was built from, Sail has none.
    """
    row = spark.sql("SELECT version() AS version").first()
    if row is None:
        raise RuntimeError("the engine gave no version")
    version = str(row["version"])
    return f"spark {version}" if " " in version else f"sail {version}"


def _embedded() -> SparkSession:
    # Read by the Rust logger when the server is first made; a user's own choice wins.
    os.environ.setdefault("RUST_LOG", "error")
    # The client's gRPC library reports every retry of a connection as a warning otherwise.
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    # Otherwise the engine's allocator keeps the memory that a step has used: twice as much over a
    # night, for a tenth less CPU time. Read when the library is loaded.
    os.environ.setdefault("MIMALLOC_PURGE_DELAY", "0")
    try:
        from pysail.spark import SparkConnectServer
    except ImportError as error:
        raise UserError(
            "the embedded engine is not installed: install RightRun with its extra local, "
            "or choose the engine spark or databricks"
        ) from error
    server = SparkConnectServer("127.0.0.1", 0)
    server.start(background=True)
    address = server.listening_address
    if address is None:
        raise RuntimeError("the embedded engine started without an address")
    _Connected.server = server
    session = _remote(f"sc://{address[0]}:{address[1]}")
    session.conf.set(*_NO_CALL_SITES)
    return session


def _spark() -> SparkSession:
    remote = os.environ.get("SPARK_REMOTE", LOCAL_MASTER)
    if remote.startswith("local"):
        _require_java()
        # The server that pyspark starts reads its settings from here; the UI would open a port.
        os.environ.setdefault(
            "PYSPARK_SUBMIT_ARGS",
            "--conf spark.ui.enabled=false --conf spark.ui.showConsoleProgress=false"
            f" --conf {'='.join(_NO_CALL_SITES)} --conf spark.log.level=ERROR pyspark-shell",
        )
        return _remote(remote)
    session = _remote(remote)
    # Its workers have what their administrator has put there, but not this code.
    folder = temporary_folder("archive")
    session.addArtifacts(str(write_wheel(folder).rename(folder / "rightrun.zip")), pyfile=True)
    return session


def _remote(remote: str) -> SparkSession:
    _silence_client()
    session: SparkSession = SparkSession.builder.remote(remote).getOrCreate()
    for name, value in _SETTINGS.items():
        session.conf.set(name, value)
    return session


def _databricks() -> SparkSession:
    _silence_client()
    session = (
        _of_this_runtime() if "DATABRICKS_RUNTIME_VERSION" in os.environ else _databricks_connect()
    )
    # Serverless compute lets a session set six of Spark's settings. This is the one that matters: all
    # others that we would choose are its defaults, or its own affair.
    session.conf.set("spark.sql.session.timeZone", "UTC")
    # Left to the interpreter's end, where no thread answers it any more, the client may wait for ever.
    if is_remote():
        # By its name: pyspark's types take this property for what it is made of.
        atexit.register(attrgetter("client.close")(session))
    return session


def _of_this_runtime() -> SparkSession:
    """The session of a task or notebook: the environment of the task is that of its UDFs as well."""
    return SparkSession.getActiveSession() or SparkSession.builder.getOrCreate()


def _databricks_connect() -> SparkSession:
    """A session from outside, to whose UDFs this code is brought with all that it needs."""
    try:
        from databricks.connect import DatabricksEnv, DatabricksSession
    except ImportError as error:
        raise UserError(
            "the engine databricks needs a Databricks runtime or the package databricks-connect; "
            "neither is here"
        ) from error
    wheel = write_wheel(temporary_folder("wheel"))
    environment = DatabricksEnv().withDependencies(f"local:{wheel}")
    session: SparkSession = DatabricksSession.builder.withEnvironment(environment).getOrCreate()
    return session


def _silence_client() -> None:
    """An error that a command takes for an answer (a table that is not there) is nobody's business, and
    the client would quote the statement with the server's stack, and so perhaps values of rows."""
    for name in ("pyspark.sql.connect.client.logging", "pyspark.sql.connect.logging"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL + 1)


def _require_java() -> None:
    """Refuse before pyspark does: without Java it fails late, with a traceback and no reason."""
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    needs = f"the engine spark needs Java {JAVA_MAJOR}"
    if java is None or not Path(java).exists():
        raise UserError(f"{needs} and none was found: install it, or use the engine embedded")
    answer = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)
    major = _java_major(answer.stderr)
    if major < JAVA_MAJOR:
        raise UserError(f"{needs} or newer, but {java} is version {major}")


def _java_major(banner: str) -> int:
    """17 of `openjdk version "17.0.15" 2025-04-15`; 8 of the old `"1.8.0_392"`; 0 if unreadable."""
    quoted = banner.split('"')
    parts = quoted[1].split(".") if len(quoted) > 2 else []
    if len(parts) > 1 and parts[0] == "1":
        parts = parts[1:]
    return int(parts[0]) if parts and parts[0].isdigit() else 0
