"""The connection to a workspace: requests through databricks-sdk, which finds the credentials, waits
where it is told to wait and tries again.

Answers are taken as the API's own JSON and not as the SDK's classes: a workspace brings its own,
older SDK, and one that does not know a word of the API loses it.
"""

import logging
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pipeline.errors import UserError, cause

if TYPE_CHECKING:  # takes a second to import
    from databricks.sdk import WorkspaceClient

UNITY_CATALOG = "/api/2.1/unity-catalog"
"""Where the paths of its API begin."""
_RETRY_SECONDS = 300
_ANSWER_SECONDS = 60
_NO_CREDENTIALS = (
    "no credentials for a Databricks workspace were found: run databricks auth login --host URL, or set"
    " DATABRICKS_HOST and DATABRICKS_TOKEN (or DATABRICKS_CONFIG_PROFILE)"
)


class Refused(Exception):
    """A request without a usable answer; its words are ours and quote neither answer nor credentials."""

    def __init__(self, reason: str, *, is_denied: bool = False, is_absent: bool = False) -> None:
        super().__init__(reason)
        self.is_denied = is_denied
        """Whether whoever asks lacks a permission."""
        self.is_absent = is_absent
        """Whether there is no such thing, or none that whoever asks may see."""


class Workspace:
    """One workspace, asked by its REST API."""

    def __init__(self, client: "WorkspaceClient") -> None:
        self._client = client

    @classmethod
    def connect(cls, retry_seconds: int = _RETRY_SECONDS, place: str = "") -> "Workspace":
        """The workspace of a `place`, which is an address or a profile, or else the one that the environment, a
        profile or the runtime names; UserError without credentials. A request is tried again for so many
        seconds; one that is told to wait for longer is not."""
        from databricks.sdk import WorkspaceClient
        from databricks.sdk.clock import RealClock
        from databricks.sdk.core import Config

        class Patience(RealClock):
            """It sleeps as long as an answer says, but not for ever."""

            def sleep(self, seconds: float) -> None:
                if seconds > retry_seconds + 1:
                    raise TimeoutError
                super().sleep(seconds)

        # It warns of what it does without; what matters is said by whoever asks.
        logging.getLogger("databricks.sdk").setLevel(logging.ERROR)
        try:
            config = Config(
                retry_timeout_seconds=retry_seconds,
                http_timeout_seconds=_ANSWER_SECONDS,
                product="rightrun",
                clock=Patience(),
                host=place if "://" in place else None,
                profile=place if place and "://" not in place else None,
            )
            return cls(WorkspaceClient(config=config))
        except (ValueError, OSError) as error:
            # Its words may name the values that it was given.
            raise UserError(_NO_CREDENTIALS) from error

    @property
    def host(self) -> str:
        return str(self._client.config.host)

    @cached_property
    def id(self) -> str:
        """The workspace's id; Refused where it is not told."""
        try:
            return str(self._client.get_workspace_id())
        except Exception as error:
            raise _refused(error) from error

    def ask(self, path: str, **query: str | int) -> dict[str, Any]:
        """The answer to GET `path`; Refused where there is none."""
        try:
            answer = self._client.api_client.do("GET", path, query=query)
        except Exception as error:
            raise _refused(error) from error
        if not isinstance(answer, dict):
            raise Refused("the answer is not of the form that its API promises")
        return answer

    def pages(self, path: str, **query: str | int) -> Iterator[dict[str, Any]]:
        """The answers to GET `path`, page by page; Refused where one does not come."""
        token, tokens = "", set[str]()
        while True:
            page = self.ask(path, **query, **({"page_token": token} if token else {}))
            yield page
            token = str(page.get("next_page_token") or "")
            if not token:
                return
            if token in tokens:
                raise Refused("its pages go round in a circle")
            tokens.add(token)

    def listed(self, path: str, field: str, **query: str | int) -> Iterator[dict[str, Any]]:
        """The objects that the pages of GET `path` list under `field`."""
        for page in self.pages(path, **query):
            yield from objects(page, field)


def objects(answer: dict[str, Any], field: str) -> list[dict[str, Any]]:
    """The objects listed under `field`, none where it is left out; Refused where they are none."""
    listed = answer.get(field) or []
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise Refused("the answer is not of the form that its API promises")
    return listed


def _refused(error: Exception) -> Refused:
    """The fault in our words."""
    from databricks.sdk.errors import NotFound, PermissionDenied, TooManyRequests, Unauthenticated
    from databricks.sdk.errors.base import DatabricksError

    match error:
        case Unauthenticated():
            return Refused("the workspace does not accept the credentials (401)", is_denied=True)
        case PermissionDenied():
            return Refused("whoever asks lacks the permission (403)", is_denied=True)
        case NotFound():
            return Refused("there is none, or none that whoever asks may see (404)", is_absent=True)
        case TooManyRequests():
            return Refused("too many requests (429)")
        case TimeoutError():
            return Refused("no answer in time, however often it was asked")
        case DatabricksError() if "metastore" in str(error.error_code).lower():
            return Refused("the workspace has no metastore", is_absent=True)
        case OSError() | DatabricksError() | ValueError() | KeyError() | TypeError():
            return Refused(f"no usable answer ({cause(error)})")
    raise error
