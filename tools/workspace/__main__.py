"""Start a stand-in workspace, with a simulated account as its system tables, until Ctrl-C.

    python -m tools.workspace [ACCOUNT]

It prints the variables by which `rightrun ... --engine databricks` finds it.
"""

import argparse
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from tools.workspace.server import serving


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("account", type=Path, nargs="?")
    account = parser.parse_args().account
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as workspace:
        if account is not None:
            module = "tools.workspace.system_tables"
            command = [sys.executable, "-m", module, workspace.remote, str(account)]
            subprocess.run(command, check=True)
        for name, value in workspace.environment.items():
            print(f"export {name}={value}")
        sys.stdout.flush()
        with suppress(KeyboardInterrupt):
            workspace.process.wait()


if __name__ == "__main__":
    main()
