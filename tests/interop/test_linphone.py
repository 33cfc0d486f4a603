"""linphonec without sound: places calls, cancels them, sees them end, registers."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conformance.serving import Serving

from .client_process import Console, free_port, needed

pytestmark = pytest.mark.interop
BOTH = pytest.mark.parametrize("transport", ["udp", "tcp"])
CONFIG = """[sip]
sip_port={port}
sip_tcp_port={port}
sip_tls_port=0
use_ipv6=0
auto_net_state_mon=0
register_only_when_network_is_up=0
bind_address=127.0.0.1
contact="Alice" <sip:alice@127.0.0.1>
[sound]
echocancellation=0
[video]
enabled=0
automatically_initiate=0
automatically_accept=0
"""
ACCOUNT = """[proxy_0]
reg_proxy=<sip:127.0.0.1:{port};transport={transport}>
reg_identity=sip:{user}@127.0.0.1:{port}
reg_expires=60
reg_sendregister=1
[auth_info_0]
username={user}
userid=alice
passwd=secret
realm=responder
"""


class Linphone(Console):
    """A running linphonec; its log of messages is beside what it prints."""

    def __init__(self, folder: Path, account: str = "", *options: str) -> None:
        command = needed("linphonec")
        folder.joinpath(".local/share/linphone").mkdir(parents=True)
        folder.joinpath("rc").write_text(CONFIG.format(port=free_port()) + account)
        self.messages = folder / "messages.log"
        environment = {**os.environ, "HOME": str(folder)}
        for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME"):
            environment.pop(name, None)
        arguments = [command, "-c", str(folder / "rc"), "-d", "6", "-l", str(self.messages), *options]
        super().__init__(arguments, cwd=folder, env=environment)
        self.shows("linphonec>")
        self.type("soundcard use files")
        self.shows("instead of soundcard")

    def stop(self, seconds: float = 5.0) -> int:
        if self.process.poll() is None:
            self.type("quit")
            try:
                self.process.wait(seconds)
            except Exception:
                return super().stop(seconds)
        return super().stop(seconds)

    def logs(self, text: str, seconds: float = 8.0) -> None:
        """Wait until this stands in its log of messages."""
        end = time.monotonic() + seconds
        while text not in self.messages.read_text(errors="replace"):
            assert time.monotonic() < end, f"no {text!r} within {seconds} s in {self.messages}"
            time.sleep(0.05)

    @property
    def sent(self) -> str:
        """Its log of messages: what it sent and what it got."""
        return self.messages.read_text(errors="replace")

    def complaints(self) -> list[str]:
        """What the SIP stack says of messages that it does not like; its own empty address apart."""
        text = self.messages.read_text(errors="replace")
        found = re.findall(r"(?m)^.*belle-sip-(?:error|fatal|warning)-.*$", text)
        return [line for line in found if "alice@:" not in line and "no host found" not in line]


@pytest.fixture
def phone(callee: Serving, tmp_path: Path) -> Iterator[Linphone]:
    started = Linphone(tmp_path)
    yield started
    started.stop()
    assert not started.complaints()


def ended(server: Serving, before: int) -> dict[str, Any]:
    """The next call that the server reports."""
    return server.wait_for("call", before + 1, seconds=8)[before]


def address(server: Serving, user: str, transport: str) -> str:
    return f"sip:{user}@127.0.0.1:{server.port};transport={transport}"


@BOTH
def test_refused_answered_and_cancelled(callee: Serving, phone: Linphone, transport: str) -> None:
    """One start for three calls: it takes a second."""
    before = len(callee.events("call"))
    phone.type(f"call {address(callee, '180.486', transport)}")
    assert "ringing" in phone.shows("Call 1 with ")
    refused = ended(callee, before)
    assert (refused["outcome"], refused["path"][-1], refused["transport"]) == ("completed", "486", transport.upper())

    phone.type(f"call {address(callee, '180.200', transport)}")
    phone.shows("connected")
    phone.shows("Media streams established")
    phone.type("terminate")
    phone.shows("Call 2 with", count=2)
    answered = ended(callee, before + 1)
    assert answered["outcome"] == "completed"
    assert answered["path"][-2:] == ["BYE", "200"]

    phone.type(f"call {address(callee, '180', transport)}")
    phone.shows("ringing", count=3)
    phone.type("terminate")
    phone.shows("Call 3 with")
    cancelled = ended(callee, before + 2)
    assert cancelled["outcome"] == "cancelled"
    assert "487" in cancelled["path"]


@BOTH
def test_ended_by_the_server(callee: Serving, phone: Linphone, transport: str) -> None:
    before = len(callee.events("call"))
    phone.type(f"call {address(callee, 'hangs-up', transport)}")
    phone.shows("connected")
    phone.shows("ended")
    call = ended(callee, before)
    assert (call["outcome"], call["scenario"]) == ("completed", "hangs-up")


@BOTH
@pytest.mark.parametrize(
    "user", ["alice", "guarded", "guarded-md5", "guarded-sha", "guarded-proxy", "guarded-as-of-old"]
)
def test_registers(callee: Serving, tmp_path: Path, transport: str, user: str) -> None:
    before = len(callee.events("call"))
    phone = Linphone(tmp_path, ACCOUNT.format(port=callee.port, transport=transport, user=user))
    try:
        phone.logs("LinphoneRegistrationOk")
    finally:
        phone.stop()
    call = ended(callee, before)
    assert call["method"] == "REGISTER"
    assert (call["outcome"], call["path"][-1]) == ("completed", "200")
    assert not phone.complaints()
    if user != "alice":
        (algorithm,) = set(re.findall(r"(?m)^(?:Proxy-)?Authorization:.*algorithm=([^,\s]+)", phone.sent))
        assert algorithm == ("SHA-256" if user in ("guarded", "guarded-sha") else "MD5")
