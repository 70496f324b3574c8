"""Bundles Vega for the dashboards at home, and axe-core for their tests, from pinned packages of npm.

`python -m tools.assets` needs Node and npm and writes the bundles into the checkout it stands in, with the
licences of all that is in them and a manifest of hashes; with `--check` it needs neither, compares what is
committed with the manifest, and exits 1 where they differ.
"""

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

_TOOL = Path("tools/assets")
_ASSETS = Path("src/pipeline/dashboards/home/assets")
_AXE = Path("tests/dashboards/home/axe")
_MANIFEST = _TOOL / "manifest.json"
_PINNED = ("package.json", "package-lock.json", ".npmrc", "vega.js")


def main() -> None:
    """Bundle, or with `--check` compare."""
    parser = argparse.ArgumentParser(prog="python -m tools.assets", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where changed")
    if not parser.parse_args().check:
        _bundle()
    manifest = json.loads(_MANIFEST.read_text(encoding="utf-8"))
    changed = [name for name, sha256 in manifest["files"].items() if _sha256(Path(name)) != sha256]
    print(f"bundled files that are not as the manifest says: {', '.join(changed) or 'none'}")
    sys.exit(int(bool(changed)))


def _bundle() -> None:
    with tempfile.TemporaryDirectory(prefix="rightrun-assets-") as name:
        folder = Path(name)
        for file in _PINNED:
            shutil.copy(_TOOL / file, folder)
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=folder, check=True)
        flags = (
            "--bundle",
            "--minify",
            "--format=esm",
            "--legal-comments=none",
            "--log-level=warning",
        )
        written = ("--outfile=bundled.js", "--metafile=meta.json")
        subprocess.run(["npx", "esbuild", "vega.js", *flags, *written], cwd=folder, check=True)
        meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
        names = sorted({name.split("/")[1] for name in meta["inputs"] if "/" in name})
        packages = {name: _package(folder, name) for name in names}
        _ASSETS.mkdir(parents=True, exist_ok=True)
        _AXE.mkdir(parents=True, exist_ok=True)
        shutil.copy(folder / "bundled.js", _ASSETS / "vega.js")
        licences = "\n\n".join(
            f"{name} {package['version']} ({package['license']})\n\n{_licence(folder, name)}"
            for name, package in packages.items()
        )
        (_ASSETS / "vega.licences.txt").write_text(licences + "\n", encoding="utf-8")
        axe = _package(folder, "axe-core")
        shutil.copy(folder / "node_modules/axe-core/axe.min.js", _AXE / "axe.js")
        (_AXE / "axe.licence.txt").write_text(_licence(folder, "axe-core") + "\n", encoding="utf-8")
    every = {**packages, "axe-core": axe}
    manifest = {
        "packages": {name: f"{one['version']} {one['license']}" for name, one in every.items()},
        "files": {
            str(file): _sha256(file)
            for folder in (_ASSETS, _AXE)
            for file in sorted(folder.iterdir())
            if file.name.startswith(("vega.", "axe."))
        },
    }
    _MANIFEST.write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


def _package(folder: Path, name: str) -> dict[str, str]:
    file = folder / "node_modules" / name / "package.json"
    package: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
    return package


def _licence(folder: Path, name: str) -> str:
    files = sorted((folder / "node_modules" / name).glob("LICENSE*"))
    return "\n\n".join(file.read_text(encoding="utf-8").strip() for file in files)


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.exists() else ""


if __name__ == "__main__":
    main()
