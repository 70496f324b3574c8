"""Processor time and memory of a client and of a server with all that it has started."""

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True, slots=True)
class Ran:
    """What one client process took, from its start to its end."""

    seconds: float
    processor_seconds: float
    peak_mb: float


def ran(command: Sequence[str], variables: Mapping[str, str], output: Path) -> Ran:
    """Run a client to its end in the folder of the file that takes its output; RuntimeError where it fails."""
    began = time.perf_counter()
    with output.open("wb") as file:
        process = subprocess.Popen(
            command, env=os.environ | dict(variables), stdout=file, cwd=output.parent
        )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
    return Ran(
        seconds=time.perf_counter() - began,
        processor_seconds=usage.ru_utime + usage.ru_stime,
        peak_mb=usage.ru_maxrss / 1024,
    )


def processor_seconds(server: int) -> float:
    """Of the process of this id and of all beneath it, those that have ended included."""
    root = psutil.Process(server)
    return sum(sum(process.cpu_times()[:4]) for process in (root, *root.children(recursive=True)))


def live_heap_mb(java: int) -> float:
    """What is in use on the heap of a Java process after a full collection."""
    histogram = ["jcmd", str(java), "GC.class_histogram"]
    answer = subprocess.run(histogram, check=True, stdout=subprocess.PIPE, text=True).stdout
    _, _instances, size = answer.splitlines()[-1].split()
    return int(size) / 2**20
