"""The night that other tests hold nights against is the one whose answers are looked at here."""

from tests.night.conftest import undisturbed

__all__ = ["undisturbed"]
