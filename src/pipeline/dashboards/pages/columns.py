"""Columns that many datasets have: which job it is and whose, which run."""

from typing import Final

from pipeline.dashboards.dataset import Column
from pipeline.dashboards.formats import TEXT

NAME: Final = Column("name", "Job", TEXT, link="url")
TEAM: Final = Column("team", "Team", TEXT)
OWNER: Final = Column("owner", "Owner", TEXT)
TIER: Final = Column("tier", "Tier", TEXT)
KEY: Final = (Column("series_key", "Key", TEXT), Column("url", "Address", TEXT))
"""What a row leads to: the page of its job, and the job in the workspace."""
RUN: Final = (
    Column("run_id", "Run", TEXT, link="run_url"),
    Column("run_url", "Address of the run", TEXT),
)
