"""Whether the file of each dashboard is one that Databricks draws as it was meant."""

import json
from collections.abc import Iterator
from pathlib import PurePosixPath

from pipeline.bundle.lint.documents import Documents
from pipeline.bundle.lint.fault import Fault
from pipeline.dashboards.lvdash.lint.document import dashboard_flaws


def dashboard_faults(documents: Documents) -> Iterator[Fault]:
    for dashboard in documents.resources("dashboards"):
        if "etag" in dashboard.value:
            yield dashboard.fault(".etag", "is the workspace's own, and no deployment takes it")
        path = dashboard.value.get("file_path")
        if not isinstance(path, str):
            if "serialized_dashboard" not in dashboard.value:
                yield dashboard.fault("", "has no file_path")
            continue
        name = (PurePosixPath(dashboard.file).parent / path).as_posix()
        try:
            document = json.loads((documents.folder / name).read_text(encoding="utf-8"))
        except FileNotFoundError:
            continue  # That it is not there is said of every file.
        except (OSError, ValueError):
            yield Fault(name, "", "is no readable JSON")
            continue
        yield from (Fault(name, flaw.place, flaw.what) for flaw in dashboard_flaws(document))
