"""Every shipped flow: what it says of itself, and what it does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from responder.scenario import shipped
from responder.scenario.compiler import load
from tests.scenario.stage import SDP, Stage, request
from tests.scenario.test_challenge import challenges, credentials

FILES = sorted(shipped.folder().glob("*.yaml"))
INVITE = {"body": SDP, "headers": {"Content-Type": "application/sdp", "Supported": "100rel, timer"}}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
class TestEach:
    def test_it_opens_with_a_comment_that_says_what_it_is_for(self, file: Path) -> None:
        first, *_ = lines = file.read_text().splitlines()
        assert max(map(len, lines)) <= 120
        assert re.match(r"# [A-Z0-9].{20,}", first), first

    def test_it_loads(self, file: Path) -> None:
        plan = load([file])
        assert plan.rules
        assert plan.timers == {}

    def test_it_can_be_dialled(self, file: Path) -> None:
        (rule, *_) = load([file]).rules
        method = next(iter(rule.match.methods), "INVITE")
        stage = Stage()
        options = {**INVITE, "headers": {**INVITE["headers"], "Expires": "60", "Session-Expires": "90"}}  # type: ignore[dict-item]
        stage.start(request(method, f"sip:{file.stem}@192.0.2.1", **options))  # type: ignore[arg-type]
        assert stage.call.script.name in [rule.name for rule in load([file]).rules]
        assert stage.call.replies or stage.call.log


def test_there_are_enough() -> None:
    assert len(FILES) >= 28
    assert shipped.names() == {file.stem for file in FILES}


def test_the_folder_of_a_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipped, "__file__", str(tmp_path / "responder" / "scenario" / "shipped.py"))
    assert shipped.folder() == tmp_path.resolve() / "responder" / "shipped"
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "busy.yaml").write_text("steps: [486]\n")
    assert shipped.folder() == tmp_path.resolve() / "scenarios"


def play(name: str, method: str = "INVITE", *, uri: str = "sip:bob@192.0.2.1", **options: object) -> Stage:
    stage = Stage(load([name]))
    stage.start(request(method, uri, **{**(INVITE if method == "INVITE" else {}), **options}))  # type: ignore[arg-type]
    return stage


@pytest.mark.parametrize(
    ("name", "log"),
    [
        ("busy", "100 180 486 end"),
        ("busy-everywhere", "100 180 600 end"),
        ("decline-603", "100 180 603 end"),
        ("no-answer", "100 180 end"),
        ("no-answer-480", "100 180 480 end"),
        ("not-found", "404 end"),
        ("gone", "100 410 end"),
        ("moved", "100 301 end"),
        ("redirect", "100 302 end"),
        ("redirect-loop", "100 302 end"),
        ("use-proxy", "305 end"),
        ("queue-182", "100 182 182 182 180 200 end"),
        ("forwarded", "100 180 181 180 200 end"),
        ("overload-503-retry-after", "503 end"),
        ("early-media-then-answer", "100 183 200 end"),
        ("slow-trying", "100 180 200 end"),
        ("late-answer", "100 180 200 end"),
        ("require-420", "420 end"),
        ("extension-required-421", "100 180 200 end"),
        ("session-timer-422", "100 180 200 end"),
        ("not-acceptable-488", "100 488 end"),
        ("address-incomplete", "484 end"),
        ("unwanted-607", "100 180 607 end"),
        ("unknown-code", "499 end"),
        ("empty-reason", "100 180 486 end"),
        ("compact-answer", "100 180 200 end"),
        ("wrong-on-purpose", "100 180 200 end"),
        ("raw-garbage", "100 486 end"),
    ],
)
def test_what_an_invite_gets(name: str, log: str) -> None:
    stage = play(name)
    assert " ".join(stage.pass_time(200)) == log
    assert stage.call.failures == []


def test_no_answer_is_cancelled() -> None:
    stage = play("no-answer")
    stage.cancel()
    assert stage.call.log[-1] == "487"


def test_redirects() -> None:
    assert play("redirect").call.replies[-1][1] == {
        "Contact": "<sip:voicemail@192.0.2.1:5060>;q=0.1",
        "Expires": "60",
    }
    for name, contact in (("moved", "<sip:new-address@192.0.2.1:5060>"), ("redirect-loop", "<sip:bob@192.0.2.1>")):
        stage = play(name)
        reply = stage.call.replies[-1][0]
        assert reply.contact.render(_scope(stage)) == contact  # type: ignore[union-attr]


def _scope(stage: Stage) -> object:
    from responder.scenario.thread import Thread

    thread = Thread(stage.call.script, ())
    thread.at(stage.first, stage.first.request)  # type: ignore[arg-type]
    return thread


@pytest.mark.parametrize(("name", "status"), [("auth-then-answer", "401"), ("proxy-auth", "407")])
def test_credentials(name: str, status: str) -> None:
    stage = play(name)
    header = "Authorization" if status == "401" else "Proxy-Authorization"
    assert stage.receive("INVITE", to_tag=None, headers={header: credentials(challenges(stage)[0])})
    log = stage.pass_time(5)
    assert [entry for entry in log if entry != "100"] == [status, "180", "200", "end"]


def test_stale_nonce() -> None:
    stage = play("stale-nonce")
    for _ in range(2):
        assert stage.receive("INVITE", to_tag=None, headers={"Authorization": credentials(challenges(stage)[0])})
    assert stage.call.log == ["401", "401", "180", "200", "end"]


def test_wrong_password() -> None:
    stage = play("wrong-password")
    for _ in range(2):
        stage.receive("INVITE", to_tag=None, headers={"Authorization": "x"})
    assert stage.call.log == ["401", "401", "403", "end"]
    assert stage.call.failures == []
    stage = play("wrong-password")
    stage.receive("INVITE", to_tag=None, headers={"Authorization": "x"})
    assert stage.pass_time(9) == ["401", "401", "end"]


def test_registrars() -> None:
    stage = play("registrar", "REGISTER")
    assert stage.call.log == ["answer REGISTER", "end"]
    assert stage.call.notes == [("log", "bob registers <sip:alice@192.0.2.9:5070> from 192.0.2.9")]
    stage = play("registrar-auth", "REGISTER")
    value = credentials(challenges(stage)[0], method="REGISTER")
    assert stage.receive("REGISTER", to_tag=None, headers={"Authorization": value})
    assert stage.call.log == ["401", "answer REGISTER", "end"]


def test_register_423() -> None:
    in_contact = {"Contact": "<sip:alice@192.0.2.1>;expires=60;q=1"}
    for headers in ({"Expires": "60"}, in_contact):
        assert play("register-423", "REGISTER", headers=headers).call.replies[0][1] == {"Min-Expires": "600"}
    for headers in ({"Expires": "600"}, {"Expires": "0"}, {"Contact": "<sip:alice@192.0.2.1>;expires=600"}):
        assert play("register-423", "REGISTER", headers=headers).call.log == ["answer REGISTER", "end"]


def test_outage_then_recovery() -> None:
    stage = Stage(load(["outage-then-recovery"]))
    seen = []
    for caller in "aabaab":
        stage.start(request(caller=f"<sip:{caller}@x>"))
        seen.append(stage.call.log[0])
    assert seen == ["503", "503", "503", "100", "100", "503"]


def test_forking() -> None:
    stage = play("forking")
    assert stage.pass_time(9) == ["100", "180 tag1", "183 tag2", "200 tag2", "end"]


def test_reliable() -> None:
    stage = play("reliable-ringing")
    assert [reply.reliable for reply, _, _ in stage.call.replies] == [None, True]
    for _ in range(2):
        assert stage.receive("PRACK")
    stage.pass_time(1)
    assert stage.call.log == ["100", "180", "answer PRACK", "183", "answer PRACK", "200", "end"]
    assert stage.call.failures == []
    stage = play("reliable-183")
    assert stage.receive("PRACK", headers={"RAck": "1 1 INVITE"})
    assert stage.pass_time(2) == ["100", "183", "answer PRACK", "200", "end"]
    stage = play("reliable-183", headers={})
    assert stage.pass_time(2) == ["100", "183", "200", "end"]


def test_hangup_after_2s() -> None:
    stage = play("hangup-after-2s")
    stage.ack()
    stage.pass_time(2)
    stage.respond(200)
    assert stage.call.log == ["100", "180", "200", "send BYE", "end"]


def test_hold_by_us() -> None:
    stage = play("hold-by-us")
    stage.ack()
    stage.pass_time(1)
    order = stage.call.sent[0][0].order
    assert order.sdp == "sendonly"
    stage.respond(200, headers={"Content-Type": "application/sdp"}, body=SDP.replace("sendonly", "recvonly"))
    stage.pass_time(1)
    stage.respond(200)
    assert stage.pass_time(1) == ["100", "180", "200", "send INVITE", "send INVITE", "hangup", "end"]
    assert stage.call.failures == []


def test_update_by_us() -> None:
    stage = play("update-by-us")
    stage.ack()
    stage.pass_time(1)
    stage.respond(405)
    assert stage.pass_time(1) == ["100", "180", "200", "send UPDATE", "hangup", "end"]
    assert stage.call.notes == [("log", "UPDATE got 405")]


def test_glare() -> None:
    stage = play("glare-491")
    assert stage.receive("INVITE")
    assert stage.call.log == ["100", "180", "200", "491"]
    assert not stage.receive("BYE")


def test_cancel_ignored() -> None:
    stage = play("cancel-ignored")
    stage.cancel()
    assert stage.pass_time(5)[-1] == "200"


@pytest.mark.parametrize(("headers", "log"), [({}, "421 end"), ({"Supported": "timer"}, "100 180 200 end")])
def test_extension_required(headers: dict[str, str], log: str) -> None:
    assert " ".join(play("extension-required-421", headers=headers).pass_time(1)) == log


@pytest.mark.parametrize(("seconds", "first"), [("90", "422"), ("3599;refresher=uac", "422"), ("3600", "100")])
def test_session_timer(seconds: str, first: str) -> None:
    headers = {"Session-Expires": seconds, "Supported": "timer"}
    assert play("session-timer-422", headers=headers).call.log[0] == first
    assert play("session-timer-422", headers={"Session-Expires": seconds}).call.log[0] == "100"


@pytest.mark.parametrize(("user", "first"), [("555", "484"), ("5551234", "100"), ("+4930123456", "100")])
def test_overlap_dialling(user: str, first: str) -> None:
    assert play("address-incomplete", uri=f"sip:{user}@x").call.log[0] == first


def test_wrong_on_purpose() -> None:
    replies = [
        reply for reply, _, _ in (lambda stage: (stage.pass_time(1), stage.call.replies)[1])(play("wrong-on-purpose"))
    ]
    assert [(reply.to_tag, reply.contact) for reply in replies] == [(None, None), (False, False), (False, None)]


def test_raw_garbage() -> None:
    raw = play("raw-garbage").call.replies[-1][2]
    assert raw.startswith("SIP/2.0 486 Busy Here\r\nVia: SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bKINVITE1\r\n")
    assert raw.endswith("this line is no header\r\nSubject: a folded\r\n header\r\nContent-Length: 0\r\n\r\n")


def test_other_methods() -> None:
    assert play("options-capabilities", "OPTIONS").call.log == ["200", "end"]
    stage = play("message-accepted", "MESSAGE", body="hello")
    assert stage.call.log == ["202", "end"]
    assert stage.call.notes == [("log", "sip:alice@192.0.2.9 writes: hello")]
    assert play("not-found", "SUBSCRIBE").call.log == ["404", "end"]


def test_dtmf() -> None:
    stage = play("dtmf-by-info")
    stage.ack()
    for content_type in ("application/dtmf-relay", "text/plain", "application/dtmf-relay"):
        assert stage.receive("INFO", body="Signal=5", headers={"Content-Type": content_type})
    assert stage.call.log == ["100", "180", "200", "INFO 200", "INFO 415", "INFO 200"]
    assert [text for kind, text in stage.call.notes if kind == "log"] == ["DTMF: Signal=5"] * 2
    assert not stage.receive("BYE")
    assert stage.call.failures == []


def test_flaky() -> None:
    outcomes = []
    stage = Stage(load(["flaky"]))
    for _ in range(60):
        stage.start()
        outcomes.append(stage.pass_time(30)[-2])
    assert 30 < outcomes.count("200") < 55
    assert 3 < outcomes.count("486") < 25
    assert 0 < outcomes.count("408") < 15


def test_voicemail() -> None:
    stage = play("voicemail")
    stage.pass_time(15)
    assert stage.call.log == ["100", "180", "200", "hangup", "end"]
    stage = play("voicemail")
    stage.pass_time(9)
    assert stage.receive("BYE")
    assert stage.call.log == ["100", "180", "200", "answer BYE", "end"]
