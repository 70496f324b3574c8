"""The wheel that a deployment takes from the bundle's folder: what is installed here, made again."""

import tempfile
from importlib.util import find_spec
from pathlib import Path

from pipeline.bundle.environment import DISTRIBUTION
from pipeline.wheel import write_wheel

FOLDER = "dist"
# By name: the self-test on a workspace simulates an account, and nothing else here knows the simulator.
_SIMULATOR = "simulator"


def write_deployed_wheel(folder: Path) -> list[str]:
    """Write it into `folder` where it is not there as it is; the names of what was written.

    Wheels of other releases are removed: whoever installs from there would find two.
    """
    (folder / FOLDER).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        wheel = write_wheel(Path(scratch), _simulator())
        file = folder / FOLDER / wheel.name
        for other in (folder / FOLDER).glob(f"{DISTRIBUTION}-*.whl"):
            if other != file:
                other.unlink()
        if file.is_file() and file.read_bytes() == wheel.read_bytes():
            return []
        file.write_bytes(wheel.read_bytes())
    return [f"{FOLDER}/{file.name}"]


def _simulator() -> dict[str, Path]:
    """Its folder by its place in a wheel; nothing where this installation has none."""
    package = find_spec(_SIMULATOR)
    folders = package.submodule_search_locations if package is not None else None
    return {_SIMULATOR: Path(folders[0])} if folders else {}
