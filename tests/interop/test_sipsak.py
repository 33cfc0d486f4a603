"""sipsak: OPTIONS, REGISTER and a MESSAGE from a file."""

from __future__ import annotations

from pathlib import Path

import pytest
from conformance.serving import Serving

from .client_process import needed, ran

pytestmark = pytest.mark.interop


def sipsak(server: Serving, folder: Path, user: str, *arguments: str) -> tuple[int, str]:
    """Run it: exit code and output."""
    done = ran([needed("sipsak"), *arguments, "-vv", "-s", f"sip:{user}@127.0.0.1:{server.port}"], cwd=folder)
    return done.returncode, done.stdout


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize(("user", "code"), [("bob", "200 OK"), ("486", "486 Busy Here"), ("604", "604 Does Not Exist")])
def test_options(callee: Serving, tmp_path: Path, transport: str, user: str, code: str) -> None:
    before = len(callee.events("call"))
    status, output = sipsak(callee, tmp_path, user, "-E", transport)
    assert f"SIP/2.0 {code}" in output
    assert status == (0 if user == "bob" else 1)
    call = callee.wait_for("call", before + 1)[before]
    assert (call["method"], call["path"], call["transport"]) == ("OPTIONS", [code[:3]], transport.upper())


def test_register(callee: Serving, tmp_path: Path) -> None:
    status, output = sipsak(callee, tmp_path, "alice", "-U", "-i", "-C", "sip:alice@127.0.0.1:9", "-x", "60")
    assert (status, "completed successful" in output) == (0, True), output


AUTHENTICATED = ("-U", "-i", "-C", "sip:alice@127.0.0.1:9", "-x", "60", "-u", "alice", "-a", "secret")


@pytest.mark.parametrize("user", ["guarded-md5", "guarded-proxy", "guarded-as-of-old"])
def test_register_with_digest(callee: Serving, tmp_path: Path, user: str) -> None:
    """By 401, by 407, and without qop."""
    status, output = sipsak(callee, tmp_path, user, *AUTHENTICATED)
    assert (status, "completed successful" in output) == (0, True), output


@pytest.mark.parametrize("user", ["guarded", "guarded-sha"])
def test_does_not_know_sha_256(abandoned: Serving, tmp_path: Path, user: str) -> None:
    """It knows MD5 only and looks at the first challenge only, so the others offer nothing else."""
    status, output = sipsak(abandoned, tmp_path, user, *AUTHENTICATED)
    assert (status, "unsupported authentication algorithm" in output) == (2, True), output


def test_message(callee: Serving, tmp_path: Path) -> None:
    """Its own way to send one (-M) crashes in 0.9.8.1 before anything is sent."""
    text = "Hello"
    request = (
        f"MESSAGE sip:bob@127.0.0.1:{callee.port} SIP/2.0\r\nMax-Forwards: 70\r\nFrom: <sip:sak@127.0.0.1>;tag=1\r\n"
        f"To: <sip:bob@127.0.0.1>\r\nCall-ID: message-of-sipsak\r\nCSeq: 1 MESSAGE\r\nContent-Type: text/plain\r\n"
        f"Content-Length: {len(text)}\r\n\r\n{text}"
    )
    tmp_path.joinpath("message").write_bytes(request.encode())
    status, output = sipsak(callee, tmp_path, "bob", "-f", "message")
    assert (status, "SIP/2.0 200 OK" in output) == (0, True), output
