"""Executive: whether it becomes more reliable, and what it costs."""

from typing import Final

from pipeline.dashboards.dataset import Column, Dataset
from pipeline.dashboards.formats import COUNT, DAY, DECIMAL, MONEY, SCORE, SHARE, TEXT
from pipeline.dashboards.page import Chart, Counter, Field, Mark, Page, Table, row
from pipeline.dashboards.pages.cost import ATTRIBUTED_SHARE, LIST_COST

_RELIABILITY: Final = Dataset(
    "reliability_summary",
    "How runs ended and kept their SLA, beside the period before",
    (
        Column("success_rate", "Success rate", SHARE),
        Column("previous_success_rate", "Period before", SHARE),
        Column("sla_compliance", "SLA compliance", SHARE),
        Column("previous_sla_compliance", "Period before", SHARE),
        Column("runs", "Runs", COUNT),
        Column("previous_runs", "Period before", COUNT),
        Column("misses", "Runs that missed their SLA", COUNT),
        Column("previous_misses", "Period before", COUNT),
    ),
)
_BY_WEEK: Final = Dataset(
    "reliability_by_week",
    "How runs ended and kept their SLA, by 7 days",
    (
        Column("week_to", "7 days to", DAY),
        Column("success_rate", "Success rate", SHARE),
        Column("sla_compliance", "SLA compliance", SHARE),
    ),
)
_COSTS_BY_WEEK: Final = Dataset(
    "costs_by_week",
    "List cost and how much of it is somebody's, by 7 days",
    (
        Column("week_to", "7 days to", DAY),
        Column("list_cost", "List cost", MONEY),
        Column("attributed_share", "Attributed to a team", SHARE),
    ),
)
_IN_WORDS: Final = Dataset(
    "executive_sentences",
    "Each figure in a sentence",
    (Column("figure", "Figure", TEXT), Column("sentence", "In a sentence", TEXT)),
)
RECEIPTS: Final = Dataset(
    "receipts_summary",
    "Misses that were said, and that came",
    (
        Column("said", "Misses said", DECIMAL),
        Column("came", "Misses that came", COUNT),
        Column("runs", "Runs spoken of", COUNT),
        Column("called_likely", "Called likely to miss", COUNT),
        Column("likely_that_came", "Of these missed", COUNT),
        Column("came_uncalled", "Missed without a call", COUNT),
        Column("brier", "Brier score", SCORE),
        Column("previous_brier", "Period before", SCORE),
    ),
)
_SENTENCES: Final = Dataset(
    "said_and_came",
    "What was said and what came, in a sentence",
    (Column("days", "Days", TEXT), Column("sentence", "What we said, and what came", TEXT)),
)
_SAID_BY_WEEK: Final = Dataset(
    "said_by_week",
    "Misses that were said and that came, by 7 days",
    (
        Column("week_to", "7 days to", DAY),
        Column("said", "Said", DECIMAL),
        Column("came", "Came", COUNT),
    ),
)
SUCCESS_RATE: Final = Counter(
    "success_rate",
    "Success rate",
    "Of the runs that succeeded, failed or timed out, the part that succeeded.",
    *(_RELIABILITY, 2),
    value="success_rate",
    before="previous_success_rate",
)
SAID_AND_CAME: Final = Table(
    "said_and_came",
    "What we said, and what came",
    "Of the last 7 and of all days shown, a sentence each.",
    *(_SENTENCES, 12),
    columns=("days", "sentence"),
)

EXECUTIVE: Final = Page(
    name="executive",
    title="Executive",
    question="Can we rely on our jobs, is it getting better, and what does it cost?",
    reader="whoever answers for the platform",
    rows=(
        row(
            3,
            SUCCESS_RATE,
            Counter(
                "sla_compliance",
                "SLA compliance",
                "Of the runs with an SLA that has been decided, the part that kept it.",
                *(_RELIABILITY, 2),
                value="sla_compliance",
                before="previous_sla_compliance",
            ),
            LIST_COST,
            ATTRIBUTED_SHARE,
            Counter(
                "misses",
                "SLAs missed, of those foretold",
                "Of the runs that a night spoke of, those that missed their SLA, beside how many were said.",
                *(RECEIPTS, 3),
                value="came",
                before="said",
                before_label="said",
            ),
        ),
        row(3, SAID_AND_CAME),
        row(
            5,
            Table(
                "in_words",
                "In words",
                "Each figure and how it has moved, in a sentence.",
                *(_IN_WORDS, 12),
                columns=("figure", "sentence"),
            ),
        ),
        row(
            5,
            Chart(
                "reliability_by_week",
                "Success rate and SLA compliance, by 7 days",
                "Two lines over 13 weeks: the part of runs that succeeded, and that kept their SLA.",
                *(_BY_WEEK, 6),
                mark=Mark.LINE,
                x=Field("week_to"),
                y=(Field("success_rate"), Field("sla_compliance")),
            ),
            Chart(
                "cost_by_week",
                "List cost, by 7 days",
                "A bar for each 7 days, over 13 weeks.",
                *(_COSTS_BY_WEEK, 6),
                mark=Mark.BAR,
                x=Field("week_to"),
                y=(Field("list_cost"),),
            ),
        ),
        row(
            5,
            Chart(
                "attributed_by_week",
                "Attributed to a team, by 7 days",
                "A line over 13 weeks: the part of the list cost of which a tag names the team.",
                *(_COSTS_BY_WEEK, 6),
                mark=Mark.LINE,
                x=Field("week_to"),
                y=(Field("attributed_share"),),
            ),
            Chart(
                "said_by_week",
                "Misses said and misses that came, by 7 days",
                "Two lines over 13 weeks: misses that the nights said, and that came.",
                *(_SAID_BY_WEEK, 6),
                mark=Mark.LINE,
                x=Field("week_to"),
                y=(Field("said"), Field("came")),
            ),
        ),
    ),
)
