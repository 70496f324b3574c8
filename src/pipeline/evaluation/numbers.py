"""Figures as they stand in a document: plain numbers, and None for what is none."""

import math


def number(value: float) -> float | None:
    """Six significant digits; None for what is no number."""
    return float(f"{value:.6g}") if math.isfinite(value) else None


def ratio(above: float, below: float) -> float | None:
    """None where there is next to nothing to compare with, as on a constant job."""
    return number(above / below) if below > 1e-9 else None
