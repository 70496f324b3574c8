"""What people write: job names, teams, owners, tags in many spellings, and a few hostile texts."""

import numpy as np

TEAMS = (
    "payments", "risk", "growth", "search", "logistics", "finance", "ml-platform", "data-platform",
    "crm", "pricing", "supply-chain", "fraud", "marketing", "compliance",
)  # fmt: skip
_PEOPLE = (
    "amara.okafor", "bruno.silva", "chloe.martin", "dmitri.ivanov", "elena.rossi", "farid.haddad",
    "grace.kim", "hanna.berg", "ivan.petrov", "jane.doe", "kenji.sato", "lena.vogel", "maya.singh",
    "noah.cohen", "olga.nowak", "pedro.alvarez", "quinn.murphy", "rosa.diaz", "sven.lund",
    "tariq.aziz", "uma.patel", "viktor.kral", "wei.chen", "yara.saleh", "zoe.laurent",
)  # fmt: skip
_DOMAINS = (
    "orders", "invoices", "sessions", "inventory", "customers", "clickstream", "ledger", "claims",
    "shipments", "campaigns", "pricing", "fraud_scores", "features", "subscriptions", "telemetry",
    "returns", "suppliers", "payroll", "risk_positions", "search_index",
)  # fmt: skip
_ACTIONS = (
    "ingest", "daily_load", "bronze_to_silver", "refresh", "aggregate", "export", "snapshot",
    "reconcile", "train", "score", "backfill", "dq_checks", "publish", "compact", "sync",
)  # fmt: skip
_STAGES = ("", "", "", "_prod", "_v2", "_eu", "_us", " (daily)", " - PROD")
HOSTILE_NAMES = (
    'the "golden" table\'s job',
    "<script>alert('job')</script>",
    "🚀 nightly 数据 läuft",
    "x" * 900,
    "two\nlines\tand a tab",
    "'; drop table gold.runs; --",
    "{{ALERT_NAME}} %s ${HOME} \\u0000",
    "   ",
)

TEAM_KEYS = ("team", "Team", "owning_team", "cost-center")
OWNER_KEYS = ("owner", "Owner", "contact")
TIER_KEYS = ("tier", "criticality")
TIER_VALUES = (("tier1", "1", "critical", "gold"), ("tier2", "2", "high", "silver"),
               ("tier3", "3", "medium", "low"))  # fmt: skip

Tags = tuple[tuple[str, str], ...]


def _one(rng: np.random.Generator, choices: tuple[str, ...]) -> str:
    return choices[int(rng.integers(len(choices)))]


def job_name(rng: np.random.Generator, job: int, quirks: frozenset[str]) -> str:
    """A name as teams give them: not unique, and one in fifty hostile, where quirks say so."""
    hostile = rng.random() < 0.02
    name = f"{_one(rng, _DOMAINS)}_{_one(rng, _ACTIONS)}{_one(rng, _STAGES)}"
    if hostile and "hostile_names" in quirks:
        return _one(rng, HOSTILE_NAMES)
    return name if "same_names" in quirks else f"{name}_{job}"


def email(rng: np.random.Generator) -> str:
    return f"{_one(rng, _PEOPLE)}@example.com"


def team(rng: np.random.Generator) -> str:
    return _one(rng, TEAMS)


def people_tags(
    rng: np.random.Generator, team_name: str, owner: str, quirks: frozenset[str]
) -> Tags:
    """Team, owner and tier; each in some spelling, and each forgotten by some, as a quirk."""
    if "tag_spellings" not in quirks:
        return ((TEAM_KEYS[0], team_name), (OWNER_KEYS[0], owner))
    tags: list[tuple[str, str]] = []
    if rng.random() < 0.85:
        written = team_name if rng.random() < 0.8 else team_name.upper()
        tags.append((_one(rng, TEAM_KEYS), written))
    if rng.random() < 0.6:
        tags.append((_one(rng, OWNER_KEYS), owner))
    if rng.random() < 0.55:
        level = int(rng.choice(3, p=[0.2, 0.4, 0.4]))
        tags.append((_one(rng, TIER_KEYS), _one(rng, TIER_VALUES[level])))
    if rng.random() < 0.3:
        tags.append(("env", "prod"))
    return tuple(tags)


def retagged(tags: Tags, key_spellings: tuple[str, ...], value: str) -> Tags:
    """The tags with the value of one key changed, whatever its spelling; added where missing."""
    if not any(key in key_spellings for key, _ in tags):
        return (*tags, (key_spellings[0], value))
    return tuple((key, value if key in key_spellings else old) for key, old in tags)
