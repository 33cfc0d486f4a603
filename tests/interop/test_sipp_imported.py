"""The same SIPp UAC calls the real SIPp UAS with the XML, and us with what was imported: the wire is the same."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from conformance.serving import Serving

from responder.importing.sipp import import_sipp

from .client_process import free_port, needed, ran

pytestmark = pytest.mark.interop
NAMES = ["basic", "early-media", "early-media-answer-without-sdp", "record-route", "trying-ringing-ok", "two-tags"]
FIXTURES = Path(__file__).parents[1] / "importing" / "sipp"


def called(port: int, folder: Path) -> list[str]:
    """Call once: what passed the wire, `S` sent and `R` received, by the client's own trace."""
    trace = folder / "short.log"
    command = [
        needed("sipp"), f"127.0.0.1:{port}", "-sn", "uac", "-i", "127.0.0.1", "-m", "1", "-d", "200", "-nostdin",
        "-trace_shortmsg", "-shortmessage_file", str(trace), "-timeout", "10s", "-timeout_error",
    ]  # fmt: skip
    done = ran(command, cwd=folder)
    assert done.returncode == 0, done.stdout[-2000:]
    columns = [line.split("\t") for line in trace.read_text().splitlines()]
    return [f"{line[-4]} {line[-2]} {' '.join(line[-1].split()[:2])}".replace(str(port), "PORT") for line in columns]


@pytest.mark.parametrize("name", NAMES)
def test_the_wire_is_the_same(name: str, tmp_path: Path) -> None:
    path = FIXTURES / f"{name}.xml"
    port = free_port()
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    theirs.mkdir()
    ours.mkdir()
    command = [needed("sipp"), "-sf", str(path), "-i", "127.0.0.1", "-p", str(port), "-m", "1", "-nostdin"]
    with subprocess.Popen(command, cwd=theirs, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        try:
            expected = called(port, theirs)
        finally:
            process.kill()
    flow = ours / f"{name}.yaml"
    flow.write_text(import_sipp(path.read_bytes(), path.name).text)
    with Serving(str(flow)) as server:
        actual = called(server.port, ours)
    assert actual == expected
    assert len(expected) >= 6
