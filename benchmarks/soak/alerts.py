"""Decisions and deliveries killed at random moments: no message may be lost, nor come before an earlier one of its
incident, and only what each channel had on its way when a deliverer was killed may come twice, under the same id.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.soak.kills import COMMAND, QUIET, Undisturbed
from pipeline.tables.catalogue import TABLES
from pipeline.tables.declaration import Part, Table
from pipeline.tables.incidents import INCIDENTS
from tests.alerts.certificates import make_certificate
from tests.alerts.receivers import Receiver, Request, receiving
from tests.e2e.account import Ran, rightrun, rightrun_alone

_CHANNELS: Final = [f"hook_{number}" for number in range(8)]
_SETTINGS: Final = {
    "channels": {
        name: {"kind": "webhook", "url": f"${{env:{name}}}", "allow_private": True}
        for name in _CHANNELS
    },
    "alerts": {
        "to": _CHANNELS,
        "cooldown_hours": 0,
        "pages_a_week": 10_000,
        # Everything at once, so that a small account has much to say.
        "rules": {
            tier: dict.fromkeys(("failed", "missed", "likely_to_miss", "unlike_itself"), "now")
            for tier in ("P1", "P2", "P3")
        },
    },
}
_OWN: Final = [table for table in TABLES if table.part is not Part.TABLES]
"""What is written between nights, and goes on from one night's home to the next's."""
_STAGES: Final = ("decide", "deliver")


@dataclass(frozen=True, slots=True)
class Heard:
    """What a receiver was sent, in order; `killed` is how many processes did not come to their end."""

    requests: Sequence[Request]
    killed: int

    @property
    def ids(self) -> Counter[str]:
        """How often each message came."""
        return Counter(request.headers["webhook-id"] for request in self.requests)

    def is_in_order(self) -> bool:
        """Whether each incident's messages first came to each channel in the order of their sequence."""
        highest: dict[tuple[str, str], int] = {}
        seen: set[str] = set()
        for request in self.requests:
            if (message_id := request.headers["webhook-id"]) in seen:
                continue
            seen.add(message_id)
            body = json.loads(request.body)
            of_incident, sequence = (
                (request.path, body["data"]["incident_key"]),
                body["data"]["sequence"],
            )
            if sequence < highest.get(of_incident, 0):
                return False
            highest[of_incident] = sequence
        return True


def alerts_killed(
    first: Undisturbed,
    second: Undisturbed,
    folder: Path,
    *,
    times: int,
    seed: int,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Kill `times` commands that decide on two nights in turn and deliver what came of it."""
    moments = random.Random(seed)
    folder.mkdir()
    certificate = make_certificate(folder)
    os.environ["SSL_CERT_FILE"] = str(certificate)
    with receiving(certificate) as receiver:
        os.environ |= {name: receiver.url(f"/{name}") for name in _CHANNELS}
        seconds: dict[str, float] = {}
        whole = _heard(first, second, folder / "undisturbed", receiver, _timed(seconds))
        rounds: list[dict[str, Any]] = []
        killed = 0
        while killed < times:
            home = folder / f"round-{len(rounds)}"
            heard = _heard(first, second, home, receiver, _killing(seconds, moments))
            shutil.rmtree(home)
            killed += heard.killed
            rounds.append(_round(heard, whole))
            say(f"alerts, {killed} of {times} killed, broken: {rounds[-1]['broken'] or 'nothing'}")
    return {
        "channels": len(_CHANNELS),
        "messages_a_round": len(whole.ids),
        "killed": killed,
        "lost": sum(row["lost"] for row in rounds),
        "sent_twice": sum(row["sent_twice"] for row in rounds),
        "rounds": rounds,
        "broken": [f"round {n}: {law}" for n, row in enumerate(rounds) for law in row["broken"]],
    }


Run = Callable[[str, Path], bool]
"""Runs a command of alerts over a home, and says whether it was killed; then it has to be run again."""


def _heard(
    first: Undisturbed, second: Undisturbed, home: Path, receiver: Receiver, run: Run
) -> Heard:
    """What comes of two nights, the second in the place of the first."""
    before, killed = len(receiver.requests), 0
    for night in (first, second):
        _put(night, home)
        for stage in _STAGES:
            if run(stage, home):
                killed += 1
                _finish(stage, home)
    return Heard(receiver.requests[before:], killed)


def _put(night: Undisturbed, home: Path) -> None:
    """The home as the night left it, but for what it decided itself, with nobody to tell."""
    kept = home.with_name(f"{home.name}-kept")
    if home.exists():
        home.rename(kept)
    shutil.copytree(night.home, home)
    shutil.rmtree(_place(home, INCIDENTS))
    if kept.exists():
        for table in _OWN:
            shutil.rmtree(_place(home, table), ignore_errors=True)
            shutil.copytree(_place(kept, table), _place(home, table))
        shutil.rmtree(kept)
    (home / "rightrun.yml").write_text(json.dumps(_SETTINGS))


def _place(home: Path, table: Table) -> Path:
    return home / table.layer.schema / table.name


def _timed(seconds: dict[str, float]) -> Run:
    """Run to the end, and write down how long the shorter of two took."""

    def run(stage: str, home: Path) -> bool:
        began = time.perf_counter()
        _ended_well(stage, rightrun_alone("alerts", stage, "--home", home, cwd=home.parent))
        took = time.perf_counter() - began
        seconds[stage] = min(took, seconds.get(stage, took))
        return False

    return run


def _killing(seconds: dict[str, float], moments: random.Random) -> Run:
    """Kill in the second half of the time that the command takes: in the first it only starts."""

    def run(stage: str, home: Path) -> bool:
        process = subprocess.Popen(
            [*COMMAND, "alerts", stage, "--home", str(home)],
            env={**os.environ, **QUIET},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            process.wait(timeout=seconds[stage] * moments.uniform(0.5, 1.0))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        return process.wait() == -signal.SIGKILL

    return run


def _finish(stage: str, home: Path) -> None:
    _ended_well(stage, rightrun("alerts", stage, "--home", home, cwd=home.parent))


def _ended_well(stage: str, ran: Ran) -> None:
    if ran.code:
        sys.exit(f"alerts {stage} exits {ran.code}: {ran.err.strip()[-500:]}")


def _round(heard: Heard, whole: Heard) -> dict[str, Any]:
    """A round beside the undisturbed one."""
    lost = whole.ids.keys() - heard.ids.keys()
    invented = heard.ids.keys() - whole.ids.keys()
    sent_twice = heard.ids.total() - len(heard.ids)
    broken = []
    if lost:
        broken.append(f"{len(lost)} messages are lost")
    if invented:
        broken.append(f"{len(invented)} messages are no undisturbed one's")
    if sent_twice > heard.killed * len(_CHANNELS):
        broken.append(f"{sent_twice} messages came twice after {heard.killed} kills")
    if not heard.is_in_order():
        broken.append("messages of an incident came out of order")
    return {
        "killed": heard.killed,
        "lost": len(lost),
        "sent_twice": sent_twice,
        "broken": broken,
    }
