"""A secret is shown to nobody, and settings hold none."""

import base64
import copy
import json
import logging
import pickle
import traceback
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.alerts.channels.channel import NotSent, Reason
from pipeline.alerts.opened import open_channel, resolved
from pipeline.channel_settings import StdoutSettings, WebhookSettings
from pipeline.errors import UserError
from pipeline.secret import Secret, SecretReference
from pipeline.settings import load_settings
from tests.workspace.server import ABSENT, DENIED, TOKEN, serving

_CANARY = "canary-hunter2"


@dataclass(frozen=True)
class _Holder:
    secret: Secret


@given(st.text("abcdefgh0123456789", min_size=4))
def test_a_secret_has_one_form_as_text(text: str) -> None:
    secret = Secret(text)
    shown = [
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret!r:>40}",
        "{:20}".format(secret),  # noqa: UP032
        "%s %r" % (secret, secret),  # noqa: UP031
        repr([secret]),
        repr(_Holder(secret)),
        str(asdict(_Holder(secret))),
        repr(copy.deepcopy(_Holder(secret))),
        json.dumps({"a": secret}, default=str),
        str(dir(secret)),
        logging.LogRecord("", 0, "", 0, "%s", (secret,), None).getMessage(),
    ]
    assert all(text not in one for one in shown)
    assert secret.reveal() == copy.copy(secret).reveal() == text


def test_a_secret_is_not_written_down() -> None:
    secret = Secret(_CANARY)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="cannot be pickled"):
            pickle.dumps(secret, protocol)
    with pytest.raises(TypeError):
        json.dumps(secret)
    assert not hasattr(secret, "__dict__")


@pytest.mark.parametrize(
    "written", ["${env:SLACK_URL}", "${secret:rightrun-prod/slack.url}", "${secret:a@b/c}"]
)
def test_references_are_read_and_shown_as_they_are_written(written: str) -> None:
    assert str(SecretReference.parse(written)) == written


@pytest.mark.parametrize(
    "written",
    [
        *(
            _CANARY,
            f"https://hooks.example/{_CANARY}",
            f"${{env:{_CANARY}}}",
            f"${{secret:{_CANARY}}}",
        ),
        *(
            f"${{env:A}} {_CANARY}",
            f"${{{_CANARY}}}",
            f"${{secret:a/b/{_CANARY}}}",
            7,
            None,
            [_CANARY],
        ),
    ],
)
def test_a_secret_that_is_written_out_is_refused_and_not_quoted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: object
) -> None:
    channels = {"a": {"kind": "webhook", "url": written}}
    (tmp_path / "rightrun.yml").write_text(json.dumps({"channels": channels}))
    with pytest.raises(UserError, match="a secret is only referred to here") as refused:
        load_settings(tmp_path)
    assert "channels.a.webhook.url" in str(refused.value)
    monkeypatch.setenv("RIGHTRUN_CHANNELS", json.dumps(channels))
    with pytest.raises(UserError, match="RIGHTRUN_CHANNELS") as exported:
        load_settings(tmp_path)
    monkeypatch.setenv("RIGHTRUN_CHANNELS", f"{{{_CANARY}")
    with pytest.raises(UserError, match="RIGHTRUN_CHANNELS is not readable") as unreadable:
        load_settings(tmp_path)
    for error in (refused.value, exported.value, unreadable.value):
        assert (error.__cause__, error.__context__) == (None, None)
        assert _CANARY not in "".join(traceback.format_exception(error))


@pytest.mark.parametrize(
    ("channel", "complaint"),
    [
        ({"kind": "slack"}, "name url for an incoming webhook"),
        ({"kind": "slack", "url": "${env:A}", "token": "${env:B}"}, "name url"),
        ({"kind": "slack", "token": "${env:B}"}, "the id of a Slack channel"),
        ({"kind": "slack", "token": "${env:B}", "channel": "#general"}, "channel"),
        ({"kind": "email", "host": "h", "sender": "a@b", "to": []}, "to"),
        ({"kind": "email", "host": "h", "sender": "A <a@b>", "to": ["a@b"]}, "name@domain"),
        ({"kind": "email", "host": "h", "sender": "a@b", "to": ["a@b\nBcc: c@d"]}, "name@domain"),
        ({"kind": "email", "host": "h\r\n", "sender": "a@b", "to": ["a@b"]}, "host"),
        (
            {"kind": "email", "host": "h", "sender": "a@b", "to": ["a@b"], "username": "u"},
            "password",
        ),
        ({"kind": "pigeon"}, "pigeon"),
        ({"kind": "stdout", "url": "${env:A}"}, "url"),
    ],
)
def test_a_channel_that_makes_no_sense_is_refused(
    tmp_path: Path, channel: dict[str, object], complaint: str
) -> None:
    (tmp_path / "rightrun.yml").write_text(json.dumps({"channels": {"a": channel}}))
    with pytest.raises(UserError, match=r"setting channels\.a") as refused:
        load_settings(tmp_path)
    assert complaint in str(refused.value)


def test_channels_are_named_by_plain_words(tmp_path: Path) -> None:
    (tmp_path / "rightrun.yml").write_text('{"channels": {"a b": {"kind": "stdout"}}}')
    with pytest.raises(UserError, match="channels"):
        load_settings(tmp_path)
    (tmp_path / "rightrun.yml").write_text('{"channels": {"a-b.c_1": {"kind": "stdout"}}}')
    assert load_settings(tmp_path).channels == {"a-b.c_1": StdoutSettings(kind="stdout")}


def test_a_secret_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    reference = SecretReference.parse("${env:RR_TEST_SECRET}")
    settings = WebhookSettings(kind="webhook", url=reference)
    for value in (None, "", "  "):
        if value is not None:
            monkeypatch.setenv("RR_TEST_SECRET", value)
        with pytest.raises(NotSent) as failed:
            open_channel(settings)
        assert failed.value.reason is Reason.NOT_CONFIGURED
    monkeypatch.setenv("RR_TEST_SECRET", f" {_CANARY}\n")
    assert resolved(reference).reveal() == _CANARY
    assert _CANARY not in repr(vars(open_channel(settings)))


def test_a_secret_of_a_workspace(monkeypatch: pytest.MonkeyPatch) -> None:
    reference = SecretReference.parse("${secret:rightrun/slack}")
    with serving() as workspace:
        monkeypatch.setenv("DATABRICKS_HOST", workspace.host)
        monkeypatch.setenv("DATABRICKS_TOKEN", TOKEN)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        value = base64.b64encode(_CANARY.encode()).decode()
        answers = (DENIED, ABSENT, {"value": "no base64"}, {"value": None}, {"key": "slack"})
        workspace.says("/api/2.0/secrets/get", *answers, {"value": value})
        for _ in answers:
            with pytest.raises(NotSent) as failed:
                resolved(reference)
            assert failed.value.reason is Reason.NOT_CONFIGURED
            assert failed.value.__context__ is None
        assert resolved(reference).reveal() == _CANARY
        asked = [query for path, query in workspace.requests if path == "/api/2.0/secrets/get"]
        assert asked[-1] == {"scope": "rightrun", "key": "slack"}
