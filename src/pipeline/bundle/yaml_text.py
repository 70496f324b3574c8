"""YAML as the bundle's files hold it: in the order that it was written in, without anchors."""

from collections.abc import Mapping
from typing import Any

import yaml

_WIDTH = 100


class _Dumper(yaml.SafeDumper):
    """A value that stands twice is written twice: whoever reads one place sees all of it."""

    def ignore_aliases(self, data: object) -> bool:
        del data
        return True


def yaml_text(document: Mapping[str, Any], *header: str) -> str:
    """The document under the lines of `header`, which become comments."""
    comments = "".join(f"# {line}\n" for line in header)
    return comments + yaml.dump(
        dict(document), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH
    )
