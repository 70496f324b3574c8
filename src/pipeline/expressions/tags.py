"""A tag found by one of several keys, whatever their spelling.

A key is compared in lower case with everything but letters and digits removed, so `Cost-Center`,
`cost_center` and `costcenter` are one key. Of several keys the first of those asked for wins; of
several spellings of one key the alphabetically first.
"""

from dataclasses import dataclass

from pyspark.sql import Column
from pyspark.sql import functions as F

__all__ = ["Tagged", "letters_and_digits", "tagged"]


@dataclass(frozen=True, slots=True)
class Tagged:
    """A tag's trimmed value, and its key as spelled; both NULL where there is none."""

    value: Column
    key: Column


def letters_and_digits(word: Column) -> Column:
    """In lower case, without anything else."""
    return F.regexp_replace(F.lower(word), "[^a-z0-9]", "")


def tagged(tags: Column, keys: tuple[str, ...]) -> Tagged:
    """The first tag among `keys` with a value; both NULL when there is none."""
    place = F.array(*(F.lit(key) for key in keys))
    # By place among `keys`, and of the same place by spelling: each entry is looked at once.
    entries = F.transform(
        F.map_entries(tags),
        lambda entry: F.struct(
            F.array_position(place, letters_and_digits(entry["key"])).alias("place"),
            entry["key"].alias("key"),
            F.trim(entry["value"]).alias("value"),
        ),
    )
    matching = F.filter(entries, lambda entry: (entry["place"] > 0) & (entry["value"] != ""))
    first = F.get(F.sort_array(matching), F.lit(0))
    return Tagged(first["value"], first["key"])
