"""A workspace's REST API on this machine: it answers as the API does, faults included."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from databricks.sdk import WorkspaceClient
from databricks.sdk.core import Config

from pipeline.workspace.connection import Workspace

TOKEN = "dapi-0123456789abcdef"
WORKSPACE_ID = 1234567890
Query = dict[str, str]


@dataclass(frozen=True)
class Answer:
    """What a request gets; a text is sent as it is."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


def fault(status: int, code: str, **headers: str) -> Answer:
    """An error as the API words it, with something in it that nobody may quote."""
    body = {"error_code": code, "message": f"{code} for token {TOKEN}"}
    return Answer(body, status, {name.replace("_", "-"): value for name, value in headers.items()})


UNAUTHENTICATED = fault(401, "UNAUTHENTICATED")
DENIED = fault(403, "PERMISSION_DENIED")
ABSENT = fault(404, "RESOURCE_DOES_NOT_EXIST")
BROKEN = fault(500, "INTERNAL_ERROR")
MALFORMED = Answer("<html>sign in</html>")


@dataclass
class Server:
    """What each path answers, in order; the last answer is given for ever. Others are absent."""

    answers: dict[str, list[Answer | Callable[[Query], Answer]]]
    port: int = 0
    workspace_id: int = WORKSPACE_ID
    requests: list[tuple[str, Query]] = field(default_factory=list)

    @property
    def host(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def says(self, path: str, *answers: Any) -> None:
        """Answers to a path: an `Answer`, a function of the query, or a body."""
        self.answers[path] = [
            one if isinstance(one, Answer) or callable(one) else Answer(one) for one in answers
        ]

    def answer(self, path: str, query: Query) -> Answer:
        self.requests.append((path, query))
        answers = self.answers.get(path, [ABSENT])
        chosen = answers.pop(0) if len(answers) > 1 else answers[0]
        return chosen if isinstance(chosen, Answer) else chosen(query)

    def connect(self, retry_seconds: int = 5) -> Workspace:
        config = Config(
            host=self.host,
            token=TOKEN,
            retry_timeout_seconds=retry_seconds,
            http_timeout_seconds=1,
        )
        return Workspace(WorkspaceClient(config=config))


@contextmanager
def serving() -> Iterator[Server]:
    """A workspace in which somebody is logged in, and nothing else is known."""
    server = Server({})
    server.says("/.well-known/databricks-config", {})
    server.says(
        "/api/2.0/preview/scim/v2/Me",
        {"userName": "ana@example.com", "groups": [{"display": "data platform"}]},
    )

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = urlsplit(self.path)
            answer = server.answer(address.path, dict(parse_qsl(address.query)))
            body = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
            self.send_response(answer.status)
            self.send_header("X-Databricks-Org-Id", str(server.workspace_id))
            self.send_header("Content-Type", "application/json")
            for name, value in answer.headers.items():
                self.send_header(name, value)
            payload = body.encode()
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing is logged."""

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.port = listening.server_address[1]
    thread = threading.Thread(target=listening.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join()
