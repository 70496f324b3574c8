"""What has really run on Apache Spark with Delta Lake, over Spark Connect: docs/engines.md is made of it."""

import json
import sys
from collections import defaultdict, deque
from collections.abc import Callable
from functools import wraps
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from tools.engines import RECORD, statement_functions
from tools.workspace.server import JARS

_NEWEST = 30
"""Texts of a function that a longer one may still hold; steps that run side by side make some each."""


class Evidence:
    """What one run of the tests has seen."""

    def __init__(self) -> None:
        self.engine = ""
        self.statements: set[str] = set()
        self.commands: set[str] = set()
        self.steps: set[str] = set()
        self._texts: dict[str, deque[str]] = defaultdict(lambda: deque(maxlen=_NEWEST))

    def watch(self, spark: SparkSession) -> None:
        """From here on, note whose texts the session carries out."""
        for name, function in statement_functions().items():
            module = sys.modules[function.__module__]
            setattr(module, name, self._remembering(name, function))
        carry_out = type(spark).sql

        def sql(session: SparkSession, text: str, *arguments: Any, **named: Any) -> DataFrame:
            frame = carry_out(session, text, *arguments, **named)
            self._note(text)
            return frame

        type(spark).sql = sql  # type: ignore[method-assign,assignment]  # the one session of these tests

    def write(self) -> None:
        """What has been seen, in an order that does not change from run to run."""
        jar = next(JARS.resolve().glob("delta-spark_*.jar")).stem
        seen = {
            "engine": f"{self.engine.rpartition(' ')[0]}, {jar}",
            "statements": sorted(self.statements),
            "commands": sorted(self.commands),
            "steps": sorted(self.steps),
        }
        RECORD.write_text(json.dumps(seen, indent=2) + "\n", encoding="utf-8")

    def _remembering(self, name: str, function: Callable[..., str]) -> Callable[..., str]:
        @wraps(function)
        def remembering(*arguments: Any, **named: Any) -> str:
            text = function(*arguments, **named)
            self._texts[name].append(text)
            return text

        return remembering

    def _note(self, carried_out: str) -> None:
        for name, texts in list(self._texts.items()):
            if name not in self.statements and any(text in carried_out for text in list(texts)):
                self.statements.add(name)


EVIDENCE = Evidence()
