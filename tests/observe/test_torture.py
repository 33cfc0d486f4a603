"""The messages of RFC 4475 and RFC 5118 through every observer: none of them is too odd to be shown."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from responder.observe.console import Console
from responder.observe.json_lines import as_json, encode, from_json
from responder.observe.ladder import ladder
from responder.observe.pcap import PcapWriter
from responder.observe.records import MessageRecord, record_of

from .capture import read_capture
from .sample import CLOCK, received

FILES = sorted((Path(__file__).parent.parent / "torture").glob("*.dat"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_torture(file: Path) -> None:
    data = file.read_bytes()
    event = received(100.0, data)
    record = record_of(event, CLOCK)
    assert isinstance(record, MessageRecord)
    assert from_json(json.loads(encode(as_json(record)))) == record
    assert max(map(len, ladder([record]).splitlines())) <= 80
    out = io.StringIO()
    console = Console(out.write, clock=CLOCK, messages=True, whole=True)
    console.observe([event])
    console.close(0.0)
    assert out.getvalue().replace("\n", "").isprintable()
    out.getvalue().encode()
    capture = io.BytesIO()
    PcapWriter(capture, clock=CLOCK, version="1").observe([event])
    (packet,) = read_capture(capture.getvalue())
    packet.check()
    assert packet.payload == data
    first = data.split(b"\r\n")[0].split()[0].decode()
    assert f"──▶ {first if first != 'SIP/2.0' else data.split()[1].decode()}" in out.getvalue()


def test_there_are_some() -> None:
    assert len(FILES) >= 49
