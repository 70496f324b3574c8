"""Write what the self-test expects: the tables that the embedded engine makes of its account.

    python -m tools.selftest

After a change that is meant to change what tables say. The differences are for a reviewer to read.
"""

import json
from importlib.metadata import version
from pathlib import Path

import pipeline.selftest
from pipeline.cli.selftest import simulated_account
from pipeline.engine.names import Engine
from pipeline.engine.session import connect, engine_name
from pipeline.engine.temporary_folders import temporary_folder
from pipeline.selftest.run import DAYS, ENDS_AT, EXPECTED, JOBS, SEED, fingerprints, run_stages
from pipeline.selftest.scratch import scratch_home


def main() -> None:
    """Write the file beside the code that reads it."""
    spark = connect(Engine.EMBEDDED)
    with scratch_home(spark, simulated_account(temporary_folder("account"))) as scratch:
        run_stages(spark, scratch)
        tables = fingerprints(scratch.lakehouse)
    document = {
        "made_by": "python -m tools.selftest",
        "engine": engine_name(spark),
        "release": version("rightrun"),
        "account": {"jobs": JOBS, "days": DAYS, "seed": SEED, "end": ENDS_AT.isoformat()},
        "tables": {name: fingerprint.stored() for name, fingerprint in tables.items()},
    }
    file = Path(pipeline.selftest.__path__[0]) / EXPECTED
    file.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print(f"{file.name}: {len(tables)} tables")


if __name__ == "__main__":
    main()
