"""A report as one file of HTML that stands alone: no script, no request, tables that mail clients show.

Names come from the sources: they are escaped, each in a direction of its own.
"""

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

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
    environment.filters["breakable"] = _breakable
    return environment.get_template("page.html.jinja").render(report=report) + "\n"


def _breakable(words: str) -> Markup:
    """Words escaped, which a narrow column may break after an underscore."""
    return Markup("_<wbr>").join(escape(part) for part in words.split("_"))
