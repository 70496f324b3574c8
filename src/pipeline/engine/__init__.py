"""The Spark Connect session that runs every transformation, whichever engine answers it."""

from pipeline.engine.session import Engine, connect, engine_name

__all__ = ["Engine", "connect", "engine_name"]
