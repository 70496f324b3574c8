"""What has really run on Apache Spark with Delta Lake, over Spark Connect: docs/engines.md is made of it."""

import inspect
import json
from collections import defaultdict, deque
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from types import ModuleType
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from pipeline.lakehouse.catalog import lease, statements
from tools.workspace.server import JARS

FILE = Path(__file__).parent / "ran.json"
SOURCES: tuple[ModuleType, ...] = (statements, lease)
"""Where the texts are made, a function each."""
_NEWEST = 30
"""Texts of a function that a longer one may still hold; steps that run side by side make some each."""


def text_functions() -> dict[str, Callable[..., str]]:
    """By name, the functions that make a statement, or a part of one."""
    return {
        name: function
        for module in SOURCES
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__
        and not name.startswith("_")
        and inspect.signature(function, eval_str=True).return_annotation is str
    }


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
        for module in SOURCES:
            for name, function in text_functions().items():
                if function.__module__ == module.__name__:
                    setattr(module, name, self._remembering(name, function))
        carry_out = type(spark).sql

        def sql(session: SparkSession, text: str, *arguments: Any, **named: Any) -> DataFrame:
            frame = carry_out(session, text, *arguments, **named)
            self._note(text)
            return frame

        type(spark).sql = sql  # type: ignore[method-assign]  # the one session of these tests

    def write(self) -> None:
        """What has been seen, in an order that does not change from run to run."""
        jar = next(JARS.resolve().glob("delta-spark_*.jar")).stem
        seen = {
            "engine": f"{self.engine.rpartition(' ')[0]}, {jar}",
            "statements": sorted(self.statements),
            "commands": sorted(self.commands),
            "steps": sorted(self.steps),
        }
        FILE.write_text(json.dumps(seen, indent=2) + "\n", encoding="utf-8")

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
