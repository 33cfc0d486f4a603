from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from argparse import ArgumentParser
from contextlib import ExitStack
from pathlib import Path
from xml.etree import ElementTree

import pytest
from bench import BUSY, Bench, Caller

from responder import __version__
from responder.cli import main, serve, serve_report
from responder.cli.exit_codes import Exit
from responder.observe import transcript
from responder.observe.clock import Clock
from responder.observe.journal import Journal
from responder.observe.records import EndRecord
from responder.observe.trace import read_trace

from .process import Client, Serving


def test_one_call_and_out() -> None:
    with Serving("--calls", "1", "--timeout", "10") as serving:
        assert [json.loads(line) for line in serving.first] == [
            {"event": "listening", "transport": transport, "host": "127.0.0.1", "port": serving.port}
            for transport in ("UDP", "TCP")
        ]
        with Client(serving.port) as client:
            assert client.call() == ["SIP/2.0 100 Trying", "SIP/2.0 486 Busy Here"]
        code, events = serving.events()
    assert code == 0
    call, stopped = events
    assert (call["event"], call["method"], call["outcome"]) == ("call", "INVITE", "completed")
    assert call["path"] == ["100", "486"]
    assert call["uri"] == "sip:486@127.0.0.1"
    assert call["source"] == {"host": "127.0.0.1", "port": client.own}
    assert stopped == {"event": "stopped", "reason": "calls", "calls": 1, "failed": 0}


def test_messages_as_json() -> None:
    with Serving("-v", "--calls", "1", "--timeout", "10") as serving:
        with Client(serving.port) as client:
            client.call()
        _, events = serving.events()
    messages = [event for event in events if event["event"] == "message"]
    assert [event["direction"] for event in messages] == ["received", "sent", "sent", "received"]
    assert messages[0]["text"] == client.request("INVITE").decode()


def test_scenario_trace_and_capture(tmp_path: Path) -> None:
    scenario = tmp_path / "wait.yaml"
    scenario.write_text("name: wait\nsteps: [100, 180, 50ms, 486]\n")
    trace, capture = tmp_path / "run.jsonl", tmp_path / "run.pcapng"
    with Serving(
        str(scenario), "--trace", str(trace), "--pcap", str(capture), "--calls", "1", "--timeout", "10"
    ) as serving:
        with Client(serving.port) as client:
            assert [line.split()[1] for line in client.call("bob")] == ["100", "180", "486"]
        code, events = serving.events()
    assert code == 0
    assert events[0]["scenario"] == "wait"
    drawn = subprocess.run(
        [sys.executable, "-m", "responder", "ladder", str(trace)], capture_output=True, encoding="utf-8", check=True
    ).stdout
    assert "call 1 · INVITE sip:bob@127.0.0.1 · wait\n" in drawn
    assert [line for line in drawn.splitlines() if "486 Busy Here" in line]
    assert capture.read_bytes()[:4] == b"\x0a\x0d\x0d\x0a"
    if shutil.which("tshark"):
        listed = subprocess.run(["tshark", "-r", str(capture)], capture_output=True, text=True, check=True).stdout
        assert listed.count(" SIP ") == 5


def test_a_failed_verdict(tmp_path: Path) -> None:
    scenario = tmp_path / "strict.yaml"
    scenario.write_text("steps: [100, {fail: not what we wanted}, 486]\n")
    with Serving(str(scenario), "--calls", "1", "--timeout", "10") as serving:
        with Client(serving.port) as client:
            client.call("bob")
        code, events = serving.events()
    assert code == 1
    call = next(event for event in events if event["event"] == "call")
    assert (call["outcome"], call["reason"]) == ("failed", "not what we wanted")
    assert events[-1]["failed"] == 1


class TestReports:
    """A test case for each call; what a scenario checks and what the client broke are verdicts alike."""

    def test_a_scenario_that_fails(self, tmp_path: Path) -> None:
        scenario = tmp_path / "strict.yaml"
        scenario.write_text("name: strict\nsteps: [100, {fail: not what we wanted}, 486]\n")
        report = tmp_path / "reports" / "junit.xml"
        with Serving(str(scenario), "--calls", "2", "--timeout", "10", "--junit", str(report)) as serving:
            with Client(serving.port) as client:
                client.call("bob")
                client.call("486")
            code, _ = serving.events()
        assert code == 1
        cases = {case.get("name"): case for case in ElementTree.parse(report).iter("testcase")}
        assert [*cases] == ["strict", "strict (2)"]
        assert cases["strict"][0].get("message") == "problem: failed: not what we wanted"

    @pytest.mark.parametrize(("options", "expected"), [([], 0), (["--judge"], 1), (["--judge", "--strict"], 1)])
    def test_rules_fail_the_run_where_they_are_asked_to(
        self, tmp_path: Path, options: list[str], expected: int
    ) -> None:
        path = tmp_path / "report.json"
        with Serving("--calls", "1", "--timeout", "10", "--report-json", str(path), *options) as serving:
            with Client(serving.port) as client:
                client.send(client.request("INVITE", "486"))
                while "486 Busy" not in (answer := client.receive()):
                    pass
                tag = answer.partition("\r\nTo: ")[2].partition("\r\n")[0].partition(";tag=")[2]
                client.send(client.request("ACK", "486", tag=tag, cseq="9"))
            code, _ = serving.events()
        assert code == expected
        (result,) = json.loads(path.read_text())["results"]
        assert result["outcome"] == "fail"
        assert "ack-non-2xx-has-the-number-of-its-invite" in {
            rule["id"] for rule in result["rules"] if rule["verdict"] == "fail"
        }

    @pytest.mark.parametrize("options", [[], ["--json"], ["--json", "--quiet"]])
    def test_stdout_has_one_reader(self, options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["serve", "--port", "0", "--tap", "-", *options]) == 2
        assert "only where nothing else does" in capsys.readouterr().err

    def test_the_table(self) -> None:
        with Serving("--calls", "1", "--timeout", "10", "--judge", json_lines=False) as serving:
            port = int(serving.line().rpartition(":")[2])
            with Client(port) as client:
                client.call()
            code, out, _ = serving.end()
        assert code == 0
        assert re.search(r"\nstopped \(calls\): 1 of 1 call\n +form\n", out)
        assert out.splitlines()[-1].startswith("1 case: 1 passed; ")

    def test_a_report_on_stdout(self) -> None:
        with Serving("--timeout", "300ms", "--quiet", "--tap", "-", json_lines=False) as serving:
            code, out, _ = serving.end()
        assert (code, out) == (0, "TAP version 13\n1..0\n")

    def test_calls_that_were_forgotten_are_told(self, capsys: pytest.CaptureFixture[str]) -> None:
        parser = ArgumentParser()
        serve.configure(parser)
        with ExitStack() as files:
            arguments = parser.parse_args(["--tap", "-", "--quiet", "--judge"])
            report = serve_report.ServeReport(arguments, files, journal=Journal(Clock(), calls=2), known=None)
            bench = Bench(BUSY)
            for number in range(1, 6):
                caller = Caller(number)
                bench.receive(caller.ack_refusal(bench.receive(caller.invite())[-1]))
                bench.run(1)
            report.observe(bench.events)
            report.close(bench.now)
            assert report.write(Exit.PASS, to_stdout=True) is Exit.PASS
        captured = capsys.readouterr()
        assert captured.out == "TAP version 13\n1..2\nok 1 - lines INVITE\nok 2 - lines INVITE (2)\n"
        assert captured.err == "responder: 3 calls are forgotten and in no report: write a --trace instead\n"

    def test_a_baseline_with_a_mistake(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (tmp_path / "known.yaml").write_text("- rule: ack-nothing\n  reason: x\n")
        assert main(["serve", "--port", "0", "--baseline", str(tmp_path / "known.yaml")]) == 2
        assert "no rule 'ack-nothing'" in capsys.readouterr().err


@pytest.mark.parametrize(("options", "expected"), [(["--calls", "2"], 1), ([], 0)])
def test_the_timeout(options: list[str], expected: int) -> None:
    with Serving("--timeout", "300ms", *options) as serving:
        with Client(serving.port) as client:
            client.call()
        code, events = serving.events()
    assert code == expected
    assert events[-1] == {"event": "stopped", "reason": "timeout", "calls": 1, "failed": 0}


@pytest.mark.parametrize(
    ("number", "options", "expected", "reason"),
    [
        (signal.SIGTERM, [], 0, "terminated"),
        (signal.SIGTERM, ["--calls", "1"], 1, "terminated"),
        (signal.SIGINT, [], 130, "interrupted"),
    ],
)
def test_signals(number: signal.Signals, options: list[str], expected: int, reason: str) -> None:
    with Serving(*options) as serving:
        serving.signal(number)
        code, out, err = serving.end()
    assert code == expected
    assert json.loads(out)["reason"] == reason
    assert err == ("responder: interrupted\n" if number is signal.SIGINT else "")


WAYS_TO_END = {
    "calls": (["--calls", "1"], []),
    "timeout": (["--timeout", "1500ms"], []),
    "interrupted": ([], [signal.SIGINT]),
    "terminated": ([], [signal.SIGTERM]),
    "impatient": ([], [signal.SIGINT, signal.SIGINT]),
}


@pytest.mark.parametrize("way", WAYS_TO_END)
def test_a_trace_says_until_when_it_was_watched(way: str, tmp_path: Path) -> None:
    options, signals = WAYS_TO_END[way]
    trace, began = tmp_path / "run.jsonl", time.monotonic()
    with Serving("--trace", str(trace), *options) as serving, Client(serving.port) as client:
        client.call("486")
        if way == "impatient":  # a call that lasts, and a client that does not answer its end
            client.send(client.request("INVITE", "180").replace(b"1@client", b"2@client").replace(b"K1", b"K2"))
            client.receive()
        for number in signals:
            time.sleep(0.3)
            serving.signal(number)
        serving.end()
    took = time.monotonic() - began
    *entries, end = read_trace(trace)
    assert isinstance(end, EndRecord)
    assert not any(isinstance(entry, EndRecord) for entry in entries)
    last = max(entry.time for entry in entries)
    waited = {"calls": 0.0, "timeout": 1.4}.get(way, 0.3 * len(signals) - 0.05)
    assert max(last, waited) <= end.time <= took
    assert end.wall == pytest.approx(time.time(), abs=30)
    assert end.wall - entries[0].wall == pytest.approx(end.time - entries[0].time, abs=0.001)
    assert transcript.Transcript([*entries, end]).end == end.time


def test_live_calls_are_ended_and_told() -> None:
    """`180` rings until CANCEL: what stops here ends the INVITE."""
    with Serving() as serving, Client(serving.port) as client:
        client.send(client.request("INVITE", "180"))
        assert client.receive().split()[1] == "180"
        serving.signal(signal.SIGTERM)
        assert client.until_final("180") == ["SIP/2.0 480 Temporarily Unavailable"]
        _, out, _ = serving.end()
    assert [json.loads(line)["event"] for line in out.splitlines()] == ["call", "stopped"]


def test_calls_whose_client_does_not_answer_are_told() -> None:
    with Serving() as serving, Client(serving.port) as client:
        client.send(client.request("INVITE", "180"))
        client.receive()
        serving.signal(signal.SIGTERM)
        _, out, _ = serving.end()
    call, stopped = (json.loads(line) for line in out.splitlines())
    assert (call["outcome"], stopped["event"]) == ("abandoned", "stopped")


def test_text_of_a_run() -> None:
    with Serving("--calls", "1", "--timeout", "10", "-v", json_lines=False) as serving:
        head = [serving.line() for _ in range(4)]
        port = int(head[0].rsplit(":", 1)[1])
        with Client(port) as client:
            client.call()
        code, out, err = serving.end()
    assert head == [
        f"responder {__version__} listens on udp:127.0.0.1:{port}, tcp:127.0.0.1:{port}\n",
        f"  dial a code: 486@127.0.0.1:{port}, 180.2s.200@127.0.0.1:{port}, 503+Retry-After=5@127.0.0.1:{port}\n",
        f"  try: sipsak -vv -s sip:486@127.0.0.1:{port}\n",
        "  stop with Ctrl-C\n",
    ]
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert "  #1  --> INVITE sip:486@127.0.0.1  udp " in lines[0].replace("──▶", "-->")
    assert "INVITE  100" in lines[4]
    assert lines[-1] == "stopped (calls): 1 of 1 call"
    assert "\x1b" not in out


@pytest.mark.parametrize(("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colours_on_a_terminal_only(environment: dict[str, str], coloured: bool) -> None:
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "responder", "--port", "0", "--calls", "1", "--timeout", "10"]
    with subprocess.Popen(
        command, stdout=theirs, env={"PATH": "/usr/bin:/bin", "TERM": "xterm", **environment}
    ) as process:
        os.close(theirs)
        with os.fdopen(ours, encoding="utf-8", errors="replace") as screen:
            head = screen.readline()
            with Client(int(head.rsplit(":", 1)[1])) as client:
                client.call()
            lines = [head]
            with contextlib.suppress(OSError):  # what a terminal says when its other end is gone
                lines += iter(screen.readline, "")
    assert process.returncode == 0
    (line,) = [line for line in lines if "INVITE  100" in line]
    assert line.startswith("\x1b[32m") is coloured
    assert any("\x1b" in line for line in lines) is coloured


def test_quiet() -> None:
    with Serving("--quiet", "--calls", "1", "--timeout", "10") as serving:
        with Client(serving.port) as client:
            client.call()
        code, events = serving.events()
    assert code == 0
    assert [event["event"] for event in events] == ["stopped"]


def test_nobody_reads_any_more() -> None:
    with Serving("-v") as serving, Client(serving.port) as client:
        assert serving.process.stdout is not None
        serving.process.stdout.close()
        client.call()
        serving.process.stdout = None
        code, _, err = serving.end()
    assert (code, err) == (141, "")


def test_a_near_miss_is_told(tmp_path: Path) -> None:
    (tmp_path / "busy.yaml").write_text("name: busy\nmatch: {method: OPTIONS, user: bob}\nsteps: [486]\n")
    with (
        Serving(str(tmp_path / "busy.yaml"), "--calls", "1", "--timeout", "10") as serving,
        Client(serving.port) as client,
    ):
        client.send(client.request("OPTIONS", "bobby"))
        client.receive()
        _, events = serving.events()
    note = next(event for event in events if event["event"] == "note")
    assert note["kind"] == "near-miss"
    assert "rule 'busy' except user: expected 'bob', got 'bobby'" in note["text"]


def test_no_dial() -> None:
    with Serving("--no-dial", "--calls", "1", "--timeout", "10") as serving, Client(serving.port) as client:
        client.send(client.request("OPTIONS", "486"))
        assert client.receive().startswith("SIP/2.0 200 OK\r\n")


def test_the_seed_makes_tags_that_can_be_repeated() -> None:
    tags = []
    for _ in range(2):
        with Serving("--seed", "7", "--calls", "1", "--timeout", "10") as serving, Client(serving.port) as client:
            client.send(client.request("OPTIONS", "486"))
            tags.append(client.receive().partition(";tag=")[2].partition("To:")[2].partition("\r\n")[0])
    assert tags[0] == tags[1] != ""


def test_contact_and_media_addresses() -> None:
    options = ["--advertise", "sip.example.com:5080", "--media-address", "192.0.2.7:41000"]
    with Serving(*options, "--calls", "1", "--timeout", "10") as serving, Client(serving.port) as client:
        client.send(client.request("INVITE", "183"))
        progress = client.receive()
    assert "\r\nContact: <sip:responder@sip.example.com:5080>\r\n" in progress


def test_an_address_that_is_taken() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"udp:127.0.0.1:{taken.getsockname()[1]}"
        run = subprocess.run(
            [sys.executable, "-m", "responder", "--listen", address], capture_output=True, text=True, check=False
        )
    assert run.returncode == 3
    assert run.stdout == ""
    assert run.stderr == f"responder serve: cannot listen on {address}: address already in use\n"


def test_listeners_one_by_one() -> None:
    with Serving("--listen", "tcp:127.0.0.1:0", "--listen", "udp:127.0.0.1:0", port=False) as serving:
        assert [json.loads(line)["transport"] for line in serving.first] == ["TCP", "UDP"]
        serving.signal(signal.SIGTERM)
        assert serving.end()[0] == 0


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--listen", "sctp:127.0.0.1:5060"], "expected TRANSPORT:HOST:PORT"),
        (["--listen", "udp:127.0.0.1:0", "--port", "5070"], "leave out --host and --port"),
        (["--listen", "tls:127.0.0.1:0"], "needs --tls-cert"),
        (["--listen", "wss:127.0.0.1:0"], "listening on wss needs --tls-cert"),
        (["--tls-cert", "nowhere.pem", "--port", "0"], "nowhere.pem"),
        (["--advertise", "a b", "--port", "0"], "--advertise a b: expected HOST or HOST:PORT"),
        (["--port", "0", "--trace", "/nowhere/run.jsonl"], "/nowhere/run.jsonl"),
        (["--port", "0", "--pcap", "/nowhere/run.pcapng"], "/nowhere/run.pcapng"),
        (["--port", "65536"], "'65536' is no port"),
        (["--timeout", "0"], "'0' is no duration above zero"),
        (["--t1", "fast"], "'fast' is no duration"),
        (["--calls", "0"], "'0' is no number above zero"),
        (["--media-address", "here"], "'here' is no media address"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(words: list[str], problem: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", *words]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert problem in captured.err
    assert "Traceback" not in captured.err


def test_a_scenario_with_problems_is_not_served(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text("steps: [{respnd: 486}]\n")
    assert main(["serve", str(path), "--port", "0"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert f"{path}:1:10: error: " in captured.err


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_a_full_disk_does_not_end_the_run_and_fails_it() -> None:
    with Serving("--trace", "/dev/full", "--calls", "1", "--timeout", "10") as serving:
        with Client(serving.port) as client:
            client.call()
        code, out, err = serving.end()
    assert code == 1
    assert [json.loads(line)["event"] for line in out.splitlines()] == ["call", "stopped"]
    assert err.startswith("responder: cannot write any more: ")
