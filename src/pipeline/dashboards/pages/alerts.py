"""Alerts: what people have been told, what is held, and whether messages arrive."""

from typing import Final

from pipeline.dashboards.dataset import Column, Dataset
from pipeline.dashboards.formats import COUNT, DAY, TEXT, TIME
from pipeline.dashboards.page import Chart, Counter, Field, Mark, Page, Table, row
from pipeline.dashboards.pages.columns import KEY, NAME, OWNER, TEAM, TIER
from pipeline.dashboards.theme import Tone

_HEADLINE: Final = Column("headline", "Incident", TEXT, link="address")
_ADDRESS: Final = Column("address", "Address of the run", TEXT)
_INCIDENTS: Final = Dataset(
    "incidents_summary",
    "What people were told of and goes on, and what is held",
    (
        Column("open_p1", "Open, P1", COUNT),
        Column("open_p2", "Open, P2", COUNT),
        Column("open_p3", "Open, P3", COUNT),
        Column("told", "Told in 7 days", COUNT),
        Column("told_before", "7 days before", COUNT),
        Column("held", "Held now", COUNT),
        Column("comes_and_goes", "Come and go", COUNT),
        Column("silences", "Silences in force", COUNT),
        Column("known_to", "Alerts known to", TEXT),
    ),
)
_MESSAGES: Final = Dataset(
    "messages_summary",
    "Messages that were not delivered",
    (
        Column("waiting", "Waiting", COUNT),
        Column("given_up", "Given up in 7 days", COUNT),
        Column("given_up_before", "7 days before", COUNT),
    ),
)
_OPEN: Final = Dataset(
    "open_incidents",
    "Incidents that people were told of and that go on",
    (
        TIER,
        _HEADLINE,
        NAME,
        TEAM,
        OWNER,
        Column("began_at", "Since", TIME),
        Column("last_told_at", "Last told", TIME),
        Column("taken_on_by", "Taken on by", TEXT),
        Column("returns", "Came back", COUNT),
        Column("quiet_since", "Quiet since", TIME),
        Column("messages", "Times told", COUNT),
        Column("holds", "Conditions that hold", COUNT),
        _ADDRESS,
        *KEY,
    ),
)
_HELD: Final = Dataset(
    "held_incidents",
    "Incidents that nobody is told of now, and why",
    (
        TIER,
        _HEADLINE,
        NAME,
        TEAM,
        OWNER,
        Column("began_at", "Since", TIME),
        Column("held_by", "Held by", TEXT),
        Column("why", "Which", TEXT),
        _ADDRESS,
        *KEY,
    ),
)
_INCIDENTS_BY_DAY: Final = Dataset(
    "incidents_by_day",
    "Incidents by the day and the tier with which people were first told of them",
    (
        Column("told_date", "Day", DAY),
        Column("told_tier", "Told with", TEXT),
        Column("incidents", "Incidents", COUNT),
    ),
)
_MESSAGES_BY_DAY: Final = Dataset(
    "messages_by_day",
    "Messages by the day on which they were decided, and why they are sent",
    (
        Column("decided_date", "Day", DAY),
        Column("kind", "Kind", TEXT),
        Column("messages", "Messages", COUNT),
    ),
)
_BY_CONDITION: Final = Dataset(
    "incidents_by_condition",
    "What people were told of incidents",
    (Column("condition", "Condition", TEXT), Column("incidents", "Incidents", COUNT)),
)
_BY_TEAM: Final = Dataset(
    "alerts_by_team",
    "How much each team hears",
    (
        TEAM,
        Column("open", "Open", COUNT),
        Column("held", "Held", COUNT),
        Column("pages", "Pages in 7 days", COUNT),
        Column("told_p1", "P1 in 7 days", COUNT),
        Column("told", "Incidents", COUNT),
        Column("came_back", "Came back", COUNT),
        Column("messages", "Messages", COUNT),
    ),
)
_BY_CHANNEL: Final = Dataset(
    "deliveries_by_channel",
    "How far the messages of each channel have come",
    (
        Column("channel", "Channel", TEXT),
        Column("state", "State", TEXT),
        Column("reason", "Why not", TEXT),
        Column("messages", "Messages", COUNT),
        Column("attempts", "Attempts", COUNT),
        Column("last_attempted_at", "Last tried", TIME),
        Column("next_attempt_at", "Tried next", TIME),
    ),
)
_NOT_DELIVERED: Final = Dataset(
    "messages_not_delivered",
    "Messages that were given up or wait",
    (
        Column("decided_at", "Decided", TIME),
        Column("state", "State", TEXT),
        Column("reason", "Why not", TEXT),
        Column("channel", "Channel", TEXT),
        Column("kind", "Kind", TEXT),
        TIER,
        _HEADLINE,
        NAME,
        TEAM,
        Column("attempts", "Attempts", COUNT),
        Column("last_attempted_at", "Last tried", TIME),
        Column("next_attempt_at", "Tried next", TIME),
        Column("message_id", "Message", TEXT),
        _ADDRESS,
        *KEY,
    ),
)
_SILENCES: Final = Dataset(
    "silences",
    "Silences in force",
    (
        Column("kind", "Of", TEXT),
        NAME,
        Column("decided_by", "By", TEXT),
        Column("why", "Why", TEXT),
        Column("decided_at", "Since", TIME),
        Column("until_at", "Until", TIME),
        Column("subject", "Subject", TEXT),
        *KEY,
    ),
)

ALERTS: Final = Page(
    name="alerts",
    title="Alerts",
    question="What am I to look at, what is held from me, and does what we send arrive?",
    reader="whoever is on call",
    rows=(
        row(
            3,
            *(
                Counter(
                    f"open_p{tier}",
                    f"Open, P{tier}",
                    f"Incidents of tier {tier} that people were told of and that go on.",
                    *(_INCIDENTS, 2),
                    value=f"open_p{tier}",
                )
                for tier in (1, 2, 3)
            ),
            Counter(
                "told",
                "Told in 7 days",
                "Incidents that people were first told of within 7 days.",
                *(_INCIDENTS, 2),
                value="told",
                before="told_before",
                before_label="7 days before",
            ),
            Counter(
                "held",
                "Held now",
                "Incidents that are held by a maintenance, a silence, a late source or another incident.",
                *(_INCIDENTS, 2),
                value="held",
            ),
            Counter(
                "given_up",
                "Given up in 7 days",
                "Messages that are not tried again unless somebody asks for it, last tried within 7 days.",
                *(_MESSAGES, 2),
                value="given_up",
                before="given_up_before",
                before_label="7 days before",
            ),
        ),
        row(
            3,
            Counter(
                "waiting",
                "Messages that wait",
                "Messages that are yet to be tried, or are tried again.",
                *(_MESSAGES, 3),
                value="waiting",
            ),
            Counter(
                "comes_and_goes",
                "Come and go",
                "Open incidents that came back before they had stayed away.",
                *(_INCIDENTS, 3),
                value="comes_and_goes",
            ),
            Counter(
                "silences_in_force",
                "Silences in force",
                "Silences that have neither ended nor been taken back, whatever is filtered.",
                *(_INCIDENTS, 3),
                value="silences",
            ),
            Counter(
                "known_to",
                "Alerts known to",
                "The latest that incidents, messages and what people say of them speak of.",
                *(_INCIDENTS, 3),
                value="known_to",
            ),
        ),
        row(
            7,
            Table(
                "open_incidents",
                "Open",
                "What people were told of and goes on, the most critical and the newest first.",
                *(_OPEN, 12),
                columns=(
                    *("tier", "headline", "team", "began_at", "last_told_at", "taken_on_by"),
                    *("returns", "name", "owner", "quiet_since", "messages", "holds", "series_key"),
                ),
            ),
        ),
        row(
            6,
            Table(
                "held_incidents",
                "Held now, and by what",
                "What holds and nobody is told of while something holds it, the most critical first.",
                *(_HELD, 12),
                columns=(
                    *("tier", "headline", "name", "team", "began_at", "held_by", "why"),
                    "series_key",
                ),
            ),
        ),
        row(
            5,
            Chart(
                "incidents_by_day",
                "Incidents by day and tier",
                "A bar a day: incidents that people were first told of, by the tier they were told with.",
                *(_INCIDENTS_BY_DAY, 4),
                mark=Mark.BAR,
                x=Field("told_date"),
                y=(Field("incidents"),),
                color=Field("told_tier"),
                tones=(("P1", Tone.BAD), ("P2", Tone.WAITING), ("P3", Tone.NEUTRAL)),
            ),
            Chart(
                "messages_by_day",
                "Messages by day and kind",
                "A bar a day: messages to all channels, by why they are sent.",
                *(_MESSAGES_BY_DAY, 4),
                mark=Mark.BAR,
                x=Field("decided_date"),
                y=(Field("messages"),),
                color=Field("kind"),
            ),
            Chart(
                "incidents_by_condition",
                "Incidents by condition",
                "A bar a condition: incidents of which people were told it; one of several counts for each.",
                *(_BY_CONDITION, 4),
                mark=Mark.BAR,
                x=Field("incidents"),
                y=(Field("condition"),),
            ),
        ),
        row(
            6,
            Table(
                "teams",
                "What each team hears",
                "Incidents and messages by team; pages are what a noise budget counts, so without P1.",
                *(_BY_TEAM, 12),
                columns=(
                    *("team", "open", "held", "pages", "told_p1", "told", "came_back", "messages"),
                ),
            ),
        ),
        row(
            6,
            Table(
                "channels",
                "Deliveries by channel",
                "Messages of the days shown by channel and state, and what kept the last attempt from delivering.",
                *(_BY_CHANNEL, 12),
                columns=(
                    *("channel", "state", "reason", "messages", "attempts", "last_attempted_at"),
                    "next_attempt_at",
                ),
            ),
        ),
        row(
            6,
            Table(
                "not_delivered",
                "Given up, or waiting",
                "Messages of the days shown that were given up or wait, the newest first.",
                *(_NOT_DELIVERED, 12),
                columns=(
                    *("decided_at", "state", "reason", "channel", "kind", "tier", "headline"),
                    *("name", "team", "attempts", "last_attempted_at", "next_attempt_at"),
                    *("message_id", "series_key"),
                ),
            ),
        ),
        row(
            6,
            Table(
                "silences",
                "Silences in force",
                "What nobody is told of for now, whatever is filtered, those that end first at the top.",
                *(_SILENCES, 12),
                columns=(
                    *("kind", "name", "decided_by", "why", "decided_at", "until_at", "subject"),
                    "series_key",
                ),
            ),
        ),
    ),
)
