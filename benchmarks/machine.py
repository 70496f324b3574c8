"""The machine that a benchmark runs on, and the memory that this process takes of it."""

import os
import platform
from pathlib import Path
from typing import Any


def machine() -> dict[str, Any]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "memory_gib": round(memory, 1),
    }


def resident_mb() -> int:
    """Memory of this process now."""
    return _megabytes("VmRSS")


def peak_mb() -> int:
    """The most memory of this process since `forget_peak`."""
    return _megabytes("VmHWM")


def forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def _megabytes(name: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return round(int(line.split()[1]) / 1024)
    raise RuntimeError(f"no {name} in /proc/self/status: this benchmark needs Linux")
