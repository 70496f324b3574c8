"""A report as a message, for a channel that takes it whole or in its three sentences."""

from datetime import datetime

from pipeline.alerts.message import Content, Kind, Message, Written, message_id
from pipeline.reports.facts import Facts
from pipeline.reports.files import file_stem
from pipeline.reports.mail import mail_text
from pipeline.reports.page import page_text
from pipeline.reports.report import report_of

__all__ = ["report_message"]


def report_message(facts: Facts, channel: str, at: datetime) -> Message:
    """Known by the period and the team, so that a report is sent to a channel once."""
    report = report_of(facts)
    return Message(
        message_id=message_id(f"report/{file_stem(facts)}", 0, channel),
        channel=channel,
        kind=Kind.REPORT,
        team=facts.team,
        decided_at=at,
        as_of=facts.as_of,
        content=Content(
            headline=f"RightRun: {report.title}. {report.whom}",
            sentences=report.sentences,
            data_as_of=facts.as_of,
            written=Written(mail_text(report), page_text(report)),
        ),
    )
