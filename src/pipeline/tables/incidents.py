"""Incidents: what became of what held, remembered from one decision to the next, and what people say of them."""

from pipeline.tables.declaration import Column, Layer, Part, Table

INCIDENTS = Table(
    layer=Layer.OPS,
    name="incidents",
    grain="one incident of one cause for one team, as it was last decided",
    keys=("incident_id",),
    part=Part.OUTBOX,
    columns=(
        Column(
            "incident_id",
            "string",
            "cause@team#opening; the team is `platform` for what concerns all",
            nullable=False,
        ),
        Column("cause", "string", "job/KEY, platform/CODE or source/TABLE", nullable=False),
        Column(
            "team", "string", "Team that it concerns; empty where none is known", nullable=False
        ),
        Column(
            "opening",
            "int",
            "Which incident of this cause and team, from 1",
            nullable=False,
            minimum=1,
        ),
        Column(
            "state",
            "string",
            "watched: something holds, and nobody was told at once; open: people were told; over",
            nullable=False,
            one_of=("watched", "open", "over"),
        ),
        Column(
            "tier",
            "int",
            "Of the most critical job in it now, 1 to 3",
            nullable=False,
            minimum=1,
            maximum=3,
        ),
        Column(
            "headline", "string", "What it is, in the words in which it is told", nullable=False
        ),
        Column("sentence", "string", "What holds of the job it comes from", nullable=False),
        Column("url", "string", "Link to that job, or to the run"),
        Column("began_at", "timestamp", "When it was first seen", nullable=False),
        Column("told_at", "timestamp", "When people were first told of it"),
        Column("last_told_at", "timestamp", "When they were last told of it"),
        Column("told_tier", "int", "The tier it was told with", minimum=1, maximum=3),
        Column("quiet_since", "timestamp", "Since when nothing of it holds"),
        Column("messages", "int", "Times that there was news of it", nullable=False, minimum=0),
        Column(
            "returns",
            "int",
            "Times that it came back before it had stayed away",
            nullable=False,
            minimum=0,
        ),
        Column(
            "is_return_told",
            "boolean",
            "Whether people know that it comes and goes",
            nullable=False,
        ),
        Column(
            "told", "array<string>", "Conditions and subjects that people know of", nullable=False
        ),
        Column("holding", "array<string>", "Conditions and subjects that hold now", nullable=False),
        Column("digested", "array<string>", "Those of them that a digest has told", nullable=False),
        Column(
            "has_end",
            "boolean",
            "Whether its end is news, as that of an event is not",
            nullable=False,
        ),
        Column("held_by", "string", "What holds all of it; empty for nothing", nullable=False),
        Column(
            "acknowledged_by", "string", "Who has taken it on; empty for nobody", nullable=False
        ),
        Column("channels", "array<string>", "Channels that have heard of it", nullable=False),
        Column("as_of", "timestamp", "The time that the data spoke of", nullable=False, audit=True),
        Column("decided_at", "timestamp", "When it was decided", nullable=False, audit=True),
    ),
)

SAID_OF_ALERTS = Table(
    layer=Layer.OPS,
    name="said_of_alerts",
    grain="one thing that a person has said of alerts, never changed; the newest about a subject counts",
    keys=("kind", "subject", "decided_at"),
    part=Part.OUTBOX,
    columns=(
        Column(
            "kind",
            "string",
            "silence: nobody is told until then; acknowledged: of an incident nobody hears more than its end",
            nullable=False,
            one_of=("silence", "acknowledged"),
        ),
        Column(
            "subject",
            "string",
            "incident:ID, or of a silence also job:KEY, team:NAME, condition:NAME",
            nullable=False,
        ),
        Column("decided_at", "timestamp", "When it was said", nullable=False),
        Column(
            "until_at", "timestamp", "Until when it holds; NULL takes back what was said before"
        ),
        Column("decided_by", "string", "Who said it", nullable=False),
        Column("why", "string", "What they said of it", nullable=False),
    ),
)

INCIDENT_TABLES: tuple[Table, ...] = (INCIDENTS, SAID_OF_ALERTS)
