"""Secrets that a workspace keeps, by scope and key."""

import base64
import binascii
from typing import Final

from pipeline.secret import Secret
from pipeline.workspace.connection import Refused, Workspace

__all__ = ["kept_secret"]

_SECRET: Final = "/api/2.0/secrets/get"


def kept_secret(workspace: Workspace, scope: str, key: str) -> Secret:
    """The secret, as `dbutils.secrets.get` gives it; Refused where whoever asks is not given it."""
    value = workspace.ask(_SECRET, scope=scope, key=key).get("value")
    try:
        return Secret(base64.b64decode(str(value), validate=True).decode())
    except (binascii.Error, UnicodeDecodeError):
        pass
    # Out here, so that the value is not kept with it.
    raise Refused("the secret is no text")
