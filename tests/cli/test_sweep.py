"""`responder sweep` as a person runs it: output, files, exit codes, interruptions."""

from __future__ import annotations

import json
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sweep.clients import uac

from responder.cli import main

from .process import PATIENCE

pytestmark = pytest.mark.wire


@contextmanager
def started(*options: str, stdin: int = subprocess.DEVNULL) -> Iterator[subprocess.Popen[str]]:
    """The command as a process of its own, ended whatever happens."""
    with subprocess.Popen(
        [sys.executable, "-m", "responder", "sweep", *options],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


@pytest.fixture
def swept(capsys: pytest.CaptureFixture[str]) -> object:
    """Runs the command here: its exit code, and what it wrote to stdout and stderr."""

    def sweep(*options: str) -> tuple[int, str, str]:
        code = main(["sweep", *options])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return sweep


def run(*options: str) -> tuple[int, str, str]:
    """Run it as a process to its end."""
    with started(*options) as process:
        out, err = process.communicate(timeout=60)
    return process.returncode, out, err


class TestVerdict:
    def test_all_passed(self, tmp_path: Path) -> None:
        code, out, err = run("--exec", uac(), "--codes", "404,486", "-v", "--trace", str(tmp_path / "t.jsonl"))
        assert (code, err) == (0, "404 INVITE UDP: passed\n486 INVITE UDP: passed\n")
        assert "2 cases: 2 passed" in out
        again = subprocess.run(
            [sys.executable, "-m", "responder", "report", str(tmp_path / "t.jsonl")], capture_output=True, text=True
        )
        assert (again.returncode, again.stdout) == (0, out)

    def test_its_trace_gives_every_report_again_to_the_byte(self, tmp_path: Path) -> None:
        forms = ("json", "junit", "html", "markdown", "tap")

        def files(stem: str) -> list[str]:
            return [word for form in forms for word in (f"--{form}", str(tmp_path / f"{stem}.{form}"))]

        trace = str(tmp_path / "t.jsonl")
        run("--exec", uac("--no-ack"), "--codes", "200,486", "--quiet", "--trace", trace, *files("swept"))
        subprocess.run([sys.executable, "-m", "responder", "report", trace, *files("read")], capture_output=True)
        for form in forms:
            assert (tmp_path / f"read.{form}").read_bytes() == (tmp_path / f"swept.{form}").read_bytes()

    def test_one_failed(self, tmp_path: Path) -> None:
        keep, json_file = tmp_path / "kept", tmp_path / "report.json"
        options = ["--exec", uac("--no-ack --stay"), "--codes", "404,180", "--transport", "tcp", "--t1", "30ms"]
        code, out, _ = run(*options, "--keep", str(keep), "--json", str(json_file), "--quiet")
        assert code == 1
        assert "refusal-is-acknowledged" in out
        report = json.loads(json_file.read_text())
        assert {one["code"]: one["outcome"] for one in report["results"]}["404"] == "fail"
        names = {path.name for path in keep.iterdir()}
        assert {"404-INVITE-TCP-plain.jsonl", "404-INVITE-TCP-plain.pcapng"} <= names
        ladder = [sys.executable, "-m", "responder", "ladder", str(keep / "404-INVITE-TCP-plain.jsonl")]
        assert "404 Not Found" in subprocess.run(ladder, capture_output=True, text=True, check=True).stdout

    def test_nobody_called(self) -> None:
        code, out, _ = run("--exec", "true {uri}", "--codes", "486")
        assert code == 1
        assert "no call came" in out

    def test_an_expectation(self, tmp_path: Path) -> None:
        file = tmp_path / "expect.yaml"
        file.write_text("- codes: 486\n  exit: 0\n- codes: 404\n  output: {contains: 'final 404'}\n")
        code, out, _ = run("--exec", uac(), "--codes", "404,486", "--expect", str(file))
        assert code == 1
        assert "expected exit status 0, got 2" in out
        assert "2 cases: 1 passed, 1 failed" in out

    def test_a_baseline_is_written_filled_and_read(self, tmp_path: Path) -> None:
        file = tmp_path / "known.yaml"
        options = ["--exec", uac("--no-ack --stay"), "--codes", "403", "--transport", "tcp", "--t1", "30ms"]
        code, _, _ = run(*options, "--write-baseline", str(file))
        assert code == 1
        code, _, err = run(*options, "--baseline", str(file))
        assert code == 2
        assert f"{file}:9:10: error: 'reason' has no value" in err
        file.write_text(file.read_text().replace("reason:\n", "reason: Ticket 4711\n"))
        code, out, _ = run(*options, "--baseline", str(file))
        assert code == 0
        assert "1 case: 1 known" in out
        code, out, _ = run("--exec", uac(), "--codes", "403", "--transport", "tcp", "--baseline", str(file))
        assert code == 0
        assert "is not broken any more (Ticket 4711)" in out


class TestUsage:
    def test_every_mistake_is_said_at_once(self, swept: object, tmp_path: Path) -> None:
        assert callable(swept)
        file = tmp_path / "expect.yaml"
        file.write_text("- exit: x\n")
        code, out, err = swept(
            *("--exec", "true {urii}", "--codes", "48y", "--methods", "INVIT", "--variants", "compct"),
            *("--transport", "upd", "--dial", "486.200", "--host", "localhost", "--expect", str(file)),
            *("--baseline", str(tmp_path / "none.yaml"), "--port", "5070", "--jobs", "2"),
        )
        assert (code, out) == (2, "")
        for said in (
            "responder sweep: --exec: unknown placeholder {urii}: did you mean 'uri'?",
            "responder sweep: --codes: '48y' is no code",
            "did you mean 'INVITE'?",
            "did you mean 'compact'?",
            "did you mean 'udp'?",
            "--dial: '486.200' dials nothing",
            "--host: 'localhost' is no IP address",
            f"{file}:1:9: error: 'exit' takes",
            "none.yaml: error: cannot be read",
            "--port is one port, for one client at a time",
        ):
            assert said in err

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            ([], "give either --exec 'CLIENT ... {uri}' or --manual"),
            (["--manual", "--exec", "true {uri}"], "give either --exec"),
            (["--manual", "--shell"], "--shell says how --exec is run"),
            (["--manual", "--expect", "x.yaml"], "--expect is about the exit status"),
            (["--exec", "no-such-program {uri}"], "there is no program 'no-such-program'"),
            (["--exec", "no-such-program {uri}", "--shell", "--codes", "486"], "the client cannot be started"),
            (["--exec", "true", "--codes", "486", "--variants", "byte-by-byte"], "nothing is left to try"),
            (["--exec", "true", "--scenario", "no-such.yaml"], "no-such.yaml: error: cannot be read"),
        ],
    )
    def test_what_cannot_be_done(self, swept: object, options: list[str], said: str) -> None:
        assert callable(swept)
        code, _, err = swept(*options)
        assert code == 2
        assert said in err

    def test_a_report_that_cannot_be_written_is_known_before(self, swept: object, tmp_path: Path) -> None:
        assert callable(swept)
        mark = tmp_path / "mark"
        command = f"touch {shlex.quote(str(mark))}"
        code, _, err = swept("--exec", command, "--codes", "486", "--trace", str(tmp_path / "no" / "t.jsonl"))
        assert code == 2
        assert "no such file or directory" in err
        assert not mark.exists()

    def test_a_port_that_is_taken(self, swept: object) -> None:
        assert callable(swept)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
            taken.bind(("127.0.0.1", 0))
            port = str(taken.getsockname()[1])
            code, _, err = swept("--exec", "true {uri}", "--codes", "486", "--port", port)
        assert code == 3
        assert f"cannot listen on udp:127.0.0.1:{port}" in err

    def test_the_list_of_cases(self, swept: object) -> None:
        assert callable(swept)
        code, out, err = swept(
            "--list", "--codes", "486,404", "--transport", "udp,tcp", "--variants", "plain,lossy", "-v"
        )
        assert code == 0
        assert [line.partition("  ")[0] for line in out.splitlines()] == [
            "404 INVITE UDP",
            "404 INVITE UDP lossy",
            "404 INVITE TCP",
            "486 INVITE UDP",
            "486 INVITE UDP lossy",
            "486 INVITE TCP",
        ]
        assert err.splitlines()[0] == "left out, as it makes no difference: 404 INVITE TCP lossy"


class TestInterruption:
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_what_was_done_is_reported(self, number: signal.Signals, tmp_path: Path) -> None:
        marks = tmp_path / "pids"
        command = f"echo $$ >> {shlex.quote(str(marks))}; test {{code}} = 404 || sleep 60; exec {uac()}"
        with started("--shell", "--exec", command, "--codes", "404,486,603", "--jobs", "2", "-v") as process:
            assert process.stderr is not None
            assert process.stderr.readline() == "404 INVITE UDP: passed\n"
            end = time.monotonic() + PATIENCE
            while len(marks.read_text().split()) < 3:
                assert time.monotonic() < end
                time.sleep(0.02)
            process.send_signal(number)
            out, err = process.communicate(timeout=PATIENCE)
            assert process.returncode == 130
            assert "1 case: 1 passed" in out
            assert err == "responder sweep: interrupted after 1 of 3 cases\n"
            for pid in marks.read_text().split():
                stat = Path(f"/proc/{pid}/stat")
                assert not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z"


class TestByHand:
    def test_lines_without_a_terminal(self) -> None:
        with started("--manual", "--port", "0", "--codes", "403,406,606", stdin=subprocess.PIPE) as process:
            assert process.stderr is not None
            assert process.stdin is not None
            line = process.stderr.readline()
            assert line.startswith("[1/3] dial sip:403@127.0.0.1:")
            assert line.endswith("   403 Forbidden to INVITE\n")
            port = line.partition("127.0.0.1:")[2].split()[0]
            process.stderr.readline()
            process.stdin.write("\n")
            process.stdin.flush()
            assert process.stderr.readline().startswith(f"[2/3] dial sip:406@127.0.0.1:{port}   406 Not Acceptable")
            call = shlex.split(uac("--linger 0.8").format(host="127.0.0.1", port=port, user="406", transport="udp"))
            assert subprocess.run(call, timeout=PATIENCE, capture_output=True, text=True).stdout == "final 406\n"
            process.stderr.readline()
            assert process.stderr.readline() == "  ok  406 INVITE UDP: passed\n"
            assert process.stderr.readline().startswith("[3/3] dial sip:606@")
            process.stdin.write("q\n")
            out, err = process.communicate(timeout=PATIENCE)
            assert process.returncode == 0
            assert "1 case: 1 passed" in out
            assert err.splitlines()[-1] == "responder sweep: not dialled, and left out: 2 of 3 cases"

    def test_nobody_dials(self) -> None:
        code, _, err = run("--manual", "--port", "0", "--codes", "406", "--timeout", "300ms", "--quiet")
        assert code == 1
        assert "not dialled, and left out: 1 of 1 case" in err
