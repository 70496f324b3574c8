"""What people write into tags about whom a thing belongs to: team, owner and tier."""

from pyspark.sql import Column
from pyspark.sql import functions as F

from pipeline.expressions.tags import letters_and_digits

TEAM_KEYS = ("team", "owningteam", "datateam", "squad", "costcenter", "department")
OWNER_KEYS = ("owner", "owneremail", "contact", "maintainer")
TIER_KEYS = ("tier", "criticality", "priority")
TIER_WORDS = {
    1: ("1", "tier1", "p1", "critical", "high", "gold"),
    2: ("2", "tier2", "p2", "important", "medium", "standard", "silver"),
    3: ("3", "tier3", "p3", "low", "bronze"),
}


def team_name(value: Column) -> Column:
    """`Data Platform`, `data_platform` and `DATA-PLATFORM` are one team: `data-platform`."""
    return F.regexp_replace(F.lower(value), r"[\s_-]+", "-")


def tier(value: Column) -> Column:
    """1, 2 or 3 from the words people use; NULL for others."""
    word = letters_and_digits(value)
    number_of_word = F.lit(None).cast("int")
    for number, words in TIER_WORDS.items():
        number_of_word = F.when(word.isin(*words), F.lit(number)).otherwise(number_of_word)
    return number_of_word
