"""Utilisation: what nodes are paid for and not used, and where nothing can be known of it."""

from typing import Final

from pipeline.dashboards.dataset import Column, Dataset
from pipeline.dashboards.formats import DAY, NODE_HOURS, SHARE, TEXT
from pipeline.dashboards.page import Aggregate, Chart, Counter, Field, Mark, Page, Table, row
from pipeline.dashboards.pages.columns import KEY, NAME, OWNER, TEAM, TIER
from pipeline.dashboards.theme import Tone

_SUMMARY: Final = Dataset(
    "utilisation_summary",
    "Node-hours and what they did, beside the period before",
    (
        Column("node_hours", "Node-hours", NODE_HOURS),
        Column("previous_node_hours", "Period before", NODE_HOURS),
        Column("idle_share", "Idle", SHARE),
        Column("previous_idle_share", "Period before", SHARE),
        Column("cpu_share", "CPU busy", SHARE),
        Column("previous_cpu_share", "Period before", SHARE),
        Column("memory_share", "Memory used", SHARE),
        Column("previous_memory_share", "Period before", SHARE),
        Column("unseen_share", "Left no minutes", SHARE),
        Column("gpu_node_hours", "GPU node-hours", NODE_HOURS),
    ),
)
NODE_HOURS_BY_DAY: Final = Dataset(
    "node_hours",
    "Node-hours by day, team, kind of compute and what is known of them",
    (
        Column("used_date", "Day", DAY),
        TEAM,
        Column("compute_kind", "Kind of compute", TEXT),
        Column("what", "What they did", TEXT),
        Column("node_hours", "Node-hours", NODE_HOURS),
    ),
)
_MEASURES: Final = (
    Column("node_hours", "Node-hours", NODE_HOURS),
    Column("idle_share", "Idle", SHARE),
    Column("idle_node_hours", "Idle node-hours", NODE_HOURS),
    Column("cpu_share", "CPU busy", SHARE),
    Column("memory_share", "Memory used", SHARE),
    Column("memory_peak", "Memory at its peak", SHARE),
    Column("unseen_share", "Left no minutes", SHARE),
    Column("gpu_node_hours", "GPU, not measured", NODE_HOURS),
)
_NAMES: Final = tuple(column.name for column in _MEASURES)
_BY_TEAM: Final = Dataset(
    "utilisation_by_team",
    "Node-hours by team",
    (TEAM, *_MEASURES),
)
_BY_TYPE: Final = Dataset(
    "utilisation_by_type",
    "Node-hours by kind of compute and node type",
    (
        Column("compute_kind", "Kind of compute", TEXT),
        Column("node_type", "Node type", TEXT),
        Column("role", "Role", TEXT),
        *_MEASURES,
    ),
)
_BY_JOB: Final = Dataset(
    "utilisation_by_job",
    "Node-hours by job",
    (
        NAME,
        TEAM,
        OWNER,
        TIER,
        *_MEASURES,
        *KEY,
    ),
)
_HOURS: Final = Field("node_hours", Aggregate.SUM)
TONES: Final = (
    ("busy", Tone.GOOD),
    ("idle", Tone.BAD),
    ("left no minutes", Tone.NEUTRAL),
    ("GPU, not measured", Tone.WAITING),
)

UTILISATION: Final = Page(
    name="utilisation",
    title="Utilisation",
    question="Which nodes do we pay for and not use, and of which do we not know?",
    reader="whoever chooses the clusters of a team's jobs",
    rows=(
        row(
            3,
            Counter(
                "node_hours",
                "Node-hours",
                "Hours of nodes that runs used; a node that two use at once counts for each.",
                *(_SUMMARY, 2),
                value="node_hours",
                before="previous_node_hours",
            ),
            Counter(
                "idle_share",
                "Idle",
                "Of the node-hours measured, the part with processors less than 5 % busy.",
                *(_SUMMARY, 2),
                value="idle_share",
                before="previous_idle_share",
            ),
            Counter(
                "cpu_share",
                "CPU busy",
                "Of the node-hours measured, the part that processors were busy.",
                *(_SUMMARY, 2),
                value="cpu_share",
                before="previous_cpu_share",
            ),
            Counter(
                "memory_share",
                "Memory used",
                "Of the node-hours measured, the part of the memory that was used.",
                *(_SUMMARY, 2),
                value="memory_share",
                before="previous_memory_share",
            ),
            Counter(
                "unseen_share",
                "Left no minutes",
                "The part of the node-hours of which no source tells what they did.",
                *(_SUMMARY, 2),
                value="unseen_share",
            ),
            Counter(
                "gpu_node_hours",
                "GPU, not measured",
                "Node-hours of nodes with a GPU, which no source measures.",
                *(_SUMMARY, 2),
                value="gpu_node_hours",
            ),
        ),
        row(
            6,
            Chart(
                "node_hours_by_day",
                "Node-hours by day",
                "A bar a day: node-hours that were busy, idle, left no minutes, or are of a GPU.",
                *(NODE_HOURS_BY_DAY, 8),
                mark=Mark.BAR,
                x=Field("used_date"),
                y=(_HOURS,),
                color=Field("what"),
                tones=TONES,
            ),
            Chart(
                "node_hours_by_team",
                "Node-hours by team",
                "A bar a team, the longest first, by what its node-hours did.",
                *(NODE_HOURS_BY_DAY, 4),
                mark=Mark.BAR,
                x=_HOURS,
                y=(Field("team"),),
                color=Field("what"),
                tones=TONES,
            ),
        ),
        row(
            6,
            Table(
                "teams",
                "Teams",
                "What each team's node-hours did, those with most idle ones first.",
                *(_BY_TEAM, 12),
                columns=("team", *_NAMES),
            ),
        ),
        row(
            7,
            Table(
                "jobs_by_idle_hours",
                "Jobs",
                "What each job's node-hours did, those with most idle ones first.",
                *(_BY_JOB, 12),
                columns=("name", "team", "owner", "tier", *_NAMES, "series_key"),
            ),
        ),
        row(
            7,
            Table(
                "types",
                "Node types",
                "What the node-hours of each kind of compute, node type and role did.",
                *(_BY_TYPE, 12),
                columns=("compute_kind", "node_type", "role", *_NAMES),
            ),
        ),
    ),
)
