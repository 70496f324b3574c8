"""Cost: what is spent, by whom, and how much of it is known to be somebody's."""

from typing import Final

from pipeline.dashboards.dataset import Column, Dataset
from pipeline.dashboards.formats import COUNT, DAY, DECIMAL, MONEY, SHARE, TEXT
from pipeline.dashboards.page import Aggregate, Chart, Counter, Field, Mark, Page, Table, row
from pipeline.dashboards.pages.columns import KEY, NAME, OWNER, TEAM, TIER
from pipeline.dashboards.theme import Tone

_SUMMARY: Final = Dataset(
    "cost_summary",
    "List cost of the days shown, beside as many before",
    (
        Column("list_cost", "List cost", MONEY),
        Column("previous_list_cost", "Period before", MONEY),
        Column("daily_cost", "List cost a day", MONEY),
        Column("attributed_share", "Attributed to a team", SHARE),
        Column("previous_attributed_share", "Period before", SHARE),
        Column("jobs", "Jobs with cost", COUNT),
        Column("unpriced_products", "Products with unpriced usage", COUNT),
    ),
)
_BY_DAY: Final = Dataset(
    "costs_by_day",
    "List cost by day, team, product and attribution",
    (
        Column("usage_date", "Day", DAY),
        TEAM,
        Column("product", "Product", TEXT),
        Column("attribution", "Team known by", TEXT),
        Column("list_cost", "List cost", MONEY),
    ),
)
_BY_TEAM: Final = Dataset(
    "costs_by_team",
    "List cost by team",
    (
        TEAM,
        Column("list_cost", "List cost", MONEY),
        Column("previous_list_cost", "Period before", MONEY),
        Column("change", "Change", MONEY),
        Column("by_job_tag_share", "Known by the job's tags", SHARE),
        Column("jobs", "Jobs", COUNT),
    ),
)
_BY_JOB: Final = Dataset(
    "costs_by_job",
    "List cost by job",
    (
        NAME,
        TEAM,
        OWNER,
        TIER,
        Column("list_cost", "List cost", MONEY),
        Column("previous_list_cost", "Period before", MONEY),
        Column("change", "Change", MONEY),
        Column("days_with_usage", "Days with usage", COUNT),
        *KEY,
    ),
)
_UNPRICED: Final = Dataset(
    "unpriced_usage",
    "Usage without a list price",
    (
        Column("product", "Product", TEXT),
        TEAM,
        Column("unit", "Unit", TEXT),
        Column("quantity", "Quantity", DECIMAL),
        Column("first_day", "First day", DAY),
        Column("last_day", "Last day", DAY),
    ),
)
_COST: Final = Field("list_cost", Aggregate.SUM)
LIST_COST: Final = Counter(
    "list_cost",
    "List cost",
    "Quantity times list price over the days shown; not an invoice.",
    *(_SUMMARY, 3),
    value="list_cost",
    before="previous_list_cost",
)
ATTRIBUTED_SHARE: Final = Counter(
    "attributed_share",
    "Attributed to a team",
    "The part of the list cost of which a tag names the team.",
    *(_SUMMARY, 2),
    value="attributed_share",
    before="previous_attributed_share",
)

COST: Final = Page(
    name="cost",
    title="Cost",
    question="What do our jobs cost, whose is it, and what is rising?",
    reader="whoever answers for the spending of a team",
    rows=(
        row(
            3,
            LIST_COST,
            Counter(
                "daily_cost",
                "A day",
                "The same over the number of days.",
                *(_SUMMARY, 3),
                value="daily_cost",
            ),
            ATTRIBUTED_SHARE,
            Counter(
                "jobs",
                "Jobs with cost",
                "Defined jobs that billing names.",
                *(_SUMMARY, 2),
                value="jobs",
            ),
            Counter(
                "unpriced_products",
                "Unpriced products",
                "Products with usage that no list price covers.",
                *(_SUMMARY, 2),
                value="unpriced_products",
            ),
        ),
        row(
            6,
            Chart(
                "cost_by_day",
                "List cost by day and product",
                "A stack of areas: each day's list cost, by billing's product.",
                *(_BY_DAY, 8),
                mark=Mark.AREA,
                x=Field("usage_date"),
                y=(_COST,),
                color=Field("product"),
            ),
            Chart(
                "cost_by_team",
                "List cost by team",
                "A bar a team, the dearest first; (none) is what no tag names a team of.",
                *(_BY_DAY, 4),
                mark=Mark.BAR,
                x=_COST,
                y=(Field("team"),),
            ),
        ),
        row(
            6,
            Chart(
                "coverage_by_day",
                "How the team is known",
                "A bar a day: list cost by what named the team, or none.",
                *(_BY_DAY, 6),
                mark=Mark.BAR,
                x=Field("usage_date"),
                y=(_COST,),
                color=Field("attribution"),
                tones=(("none", Tone.BAD),),
            ),
            Table(
                "teams",
                "Teams",
                "Each team's list cost beside the period before, the dearest first.",
                *(_BY_TEAM, 6),
                columns=(
                    "team",
                    "list_cost",
                    "previous_list_cost",
                    "change",
                    "by_job_tag_share",
                    "jobs",
                ),
            ),
        ),
        row(
            7,
            Table(
                "jobs_by_cost",
                "Jobs",
                "Each job's list cost beside the period before, the dearest first.",
                *(_BY_JOB, 12),
                columns=(
                    *("name", "team", "owner", "tier", "list_cost", "previous_list_cost", "change"),
                    *("days_with_usage", "series_key"),
                ),
            ),
        ),
        row(
            4,
            Table(
                "unpriced",
                "Usage without a price",
                "What was used and has no list price, which no cost here holds.",
                *(_UNPRICED, 12),
                columns=("product", "team", "quantity", "unit", "first_day", "last_day"),
            ),
        ),
    ),
)
