"""Alerts: what is to be said to whom, and how far it has come. Both are written while nights run."""

from pipeline.tables.declaration import Column, Layer, Part, Table

KINDS = ("opened", "updated", "resolved", "digest", "report", "test")
STATES = ("pending", "delivered", "dead")

OUTBOX = Table(
    layer=Layer.OPS,
    name="outbox",
    grain="one message to one channel as it was decided, never changed",
    keys=("message_id",),
    part=Part.OUTBOX,
    columns=(
        Column(
            "message_id",
            "string",
            "Incident, sequence and channel, hashed where long: what a receiver knows a repetition by",
            nullable=False,
        ),
        Column("incident_key", "string", "Incident that it is about; NULL for a report or a test"),
        Column(
            "sequence",
            "int",
            "Its place among the incident's messages to this channel, which arrive in this order",
            nullable=False,
            minimum=0,
        ),
        Column("channel", "string", "Name of the channel in the settings", nullable=False),
        Column("kind", "string", "Why it is sent", nullable=False, one_of=KINDS),
        Column("tier", "string", "P1, P2 or P3"),
        Column("team", "string", "Team that it is for"),
        Column("decided_at", "timestamp", "When it was decided", nullable=False),
        Column("as_of", "timestamp", "How far the data had come that it stands on", nullable=False),
        Column("expires_at", "timestamp", "From when on nobody wants it any more"),
        Column(
            "content", "string", "What it says, as JSON that belongs to no channel", nullable=False
        ),
    ),
)

DELIVERIES = Table(
    layer=Layer.OPS,
    name="deliveries",
    grain="how far one message has come; one that has none is yet to be tried",
    keys=("message_id",),
    part=Part.DELIVERIES,
    columns=(
        Column("message_id", "string", "Message", nullable=False),
        Column(
            "state",
            "string",
            "pending: tried again from next_attempt_at on; dead: not tried again unless somebody asks for it",
            nullable=False,
            one_of=STATES,
        ),
        Column(
            "attempts",
            "int",
            "How often it was sent, or was tried to be",
            nullable=False,
            minimum=0,
        ),
        Column(
            "first_attempted_at",
            "timestamp",
            "First attempt since it was decided, or made pending again: a day later it is given up",
        ),
        Column("last_attempted_at", "timestamp", "Last attempt"),
        Column("next_attempt_at", "timestamp", "From when on it is tried again"),
        Column("reason", "string", "What kept the last attempt from delivering it, in one word"),
        Column("status_code", "int", "What the other side answered: of HTTP or of SMTP"),
        Column(
            "thread",
            "string",
            "What the channel knows it by: a timestamp of Slack, the Message-ID of a mail",
        ),
        Column("delivered_at", "timestamp", "When the other side took it"),
    ),
)

ALERT_TABLES: tuple[Table, ...] = (OUTBOX, DELIVERIES)
