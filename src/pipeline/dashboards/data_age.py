"""How old the data are, which every page says."""

from typing import Final

from pipeline.dashboards.dataset import Column, Dataset
from pipeline.dashboards.formats import TEXT

DATA_AGE: Final = Dataset(
    "data_age",
    "How old the data are",
    (Column("as_of", "Data as of", TEXT), Column("costs_to", "Costs to", TEXT)),
)
