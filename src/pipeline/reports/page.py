"""A report as one file of HTML that stands alone: no script, no request, tables that mail clients show.

Names come from the sources: they are escaped, each in a direction of its own.
"""

from jinja2 import Environment, PackageLoader, StrictUndefined

from pipeline.reports.report import Report

__all__ = ["page_text"]


def page_text(report: Report) -> str:
    """The report as HTML."""
    environment = Environment(
        loader=PackageLoader("pipeline.reports", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html.jinja").render(report=report) + "\n"
