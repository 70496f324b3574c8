"""How the pictures of an evaluation are drawn: as SVG to stand in its page.

Colours are variables of the page, so that one picture serves light and dark; text stays text.
"""

import io
import re
from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure

# They stand for variables of the page: matplotlib draws them, `svg_of` puts the names in.
INK, MUTED, GRID = "#010101", "#020202", "#030303"
OURS_COLOR, RULE_COLOR, SIGMA, EWMA = "#040404", "#050505", "#060606", "#070707"
_VARIABLES: Final = {
    INK: "ink", MUTED: "muted", GRID: "grid",
    OURS_COLOR: "ours", RULE_COLOR: "rule", SIGMA: "sigma", EWMA: "ewma",
}  # fmt: skip

SETTINGS: Final[dict[Any, Any]] = {
    "svg.fonttype": "none", "svg.hashsalt": "rightrun", "font.size": 10.5,
    "axes.spines.top": False, "axes.spines.right": False, "axes.spines.left": False,
    "axes.edgecolor": GRID, "axes.labelcolor": MUTED, "text.color": INK,
    "xtick.color": GRID, "ytick.color": GRID, "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED, "axes.grid": True, "grid.color": GRID, "grid.linewidth": 0.7,
    "axes.axisbelow": True, "legend.frameon": False, "lines.linewidth": 1.8,
}  # fmt: skip


def axes_of(width: float, height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height), layout="constrained")
    figure.patch.set_alpha(0.0)
    axes = figure.add_subplot()
    axes.patch.set_alpha(0.0)
    axes.tick_params(length=0)
    return figure, axes


def svg_of(figure: Figure) -> str:
    """The drawing alone, with the page's colours; ids that repeat between pictures are dropped."""
    file = io.StringIO()
    figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    text = file.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r' id="(?:[a-zA-Z]+\d*_)+\d+"', "", text)
    text = re.sub(r'<svg [^>]*?viewBox="([^"]*)"[^>]*>', r'<svg viewBox="\1">', text, count=1)
    for color, name in _VARIABLES.items():
        text = text.replace(color, f"var(--{name})")
    return text
