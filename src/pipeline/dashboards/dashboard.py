"""All pages, in the order in which they are offered, and all datasets."""

from typing import Final

from pipeline.dashboards.dataset import Column, Dataset
from pipeline.dashboards.formats import TEXT
from pipeline.dashboards.page import Page
from pipeline.dashboards.pages.alerts import ALERTS
from pipeline.dashboards.pages.anomalies import ANOMALIES
from pipeline.dashboards.pages.cost import COST
from pipeline.dashboards.pages.executive import EXECUTIVE
from pipeline.dashboards.pages.health import HEALTH
from pipeline.dashboards.pages.job import JOB
from pipeline.dashboards.pages.operations import OPERATIONS
from pipeline.dashboards.pages.utilisation import UTILISATION

TITLE: Final = "RightRun"
PAGES: Final[tuple[Page, ...]] = (
    OPERATIONS,
    ALERTS,
    JOB,
    ANOMALIES,
    UTILISATION,
    COST,
    HEALTH,
    EXECUTIVE,
)
FILTER_CHOICES: Final = Dataset(
    "filter_choices",
    "What the filters can be set to",
    (
        Column("workspace", "Workspace", TEXT),
        Column("team", "Team", TEXT),
        Column("owner", "Owner", TEXT),
        Column("tier", "Tier", TEXT),
        Column("job", "Job", TEXT),
    ),
)


def datasets() -> dict[str, Dataset]:
    """Those of all pages and of their filters, by name; ValueError where one name is declared twice."""
    by_name = {FILTER_CHOICES.name: FILTER_CHOICES}
    for page in PAGES:
        for dataset in page.datasets:
            if by_name.setdefault(dataset.name, dataset) != dataset:
                raise ValueError(f"two datasets are called {dataset.name}")
    return by_name
