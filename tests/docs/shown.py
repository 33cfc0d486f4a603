"""What the documents show of a terminal: commands and their output, compared without what differs from run to run."""

from __future__ import annotations

import re
import shlex
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from io import BytesIO, TextIOWrapper
from pathlib import Path

from responder.cli import main, serve

from .conversation import CALLER, Run

_first_line = re.compile(r"#(?P<number>\d+)  ──▶ (?P<method>[A-Z]+) (?P<uri>\S+)(?: \(SDP\))?  udp (?P<place>\S+)")
_call_line = re.compile(r"(?P<method>[A-Z]+)  (?P<path>[\w→]+)  (?P<uri>sip:\S+) from (?P<caller>\S+)  udp")
_call_json = re.compile(r'"method":"(?P<method>[A-Z]+)","uri":"(?P<uri>[^"]+)","caller":"(?P<caller>[^"]+)"')


def commands(text: str) -> Iterator[tuple[str, str]]:
    """The commands of a console block (behind `$ `), each with the output that is shown."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


def words_of(command: str) -> list[str]:
    """The words of a `responder` command: no comment, no redirection, no second command."""
    words: list[str] = []
    for word in shlex.split(command, comments=True):
        if word in ("|", ">", "&", "<", "&&"):
            break
        words.append(word)
    assert words[:1] == ["responder"], command
    return words[1:]


def normalised(text: str) -> str:
    """Without times of day, versions, ports, ids; other times to a tenth of a second."""
    text = re.sub(r"^\d\d:\d\d:\d\d\.\d{3}", "TIME", text, flags=re.MULTILINE)
    text = re.sub(r"^responder \d\S+", "responder VERSION", text, flags=re.MULTILINE)
    text = re.sub(r'"wall":"[^"]*"', '"wall":""', text)
    text = re.sub(r'"port":(34567|5060)\b', '"port":0', text)
    text = re.sub(r'"call_id":"[^"]*"', '"call_id":""', text)
    text = re.sub(r"^Call-ID \S+", "Call-ID ID", text, flags=re.MULTILINE)
    text = re.sub(r"-0x[0-9a-f]+@", "-0x0@", text)
    return re.sub(r"\b(\d+\.\d+)(?=  |s\b|,\")", lambda found: f"{float(found[1]):.1f}", text)


def fits(shown: str, actual: str) -> bool:
    """Whether the output is as shown; a line of three dots stands for any lines."""
    pattern = "".join(
        r"(?:.*\n)*" if line == "..." else re.escape(line) + r"\n" for line in normalised(shown).splitlines()
    )
    return re.fullmatch(pattern, normalised(actual)) is not None


def serve_options(command: str) -> Namespace:
    """What `responder serve` understands of a command."""
    words = words_of(command)
    parser = ArgumentParser()
    serve.configure(parser)
    return parser.parse_args(words[1:] if words[:1] == ["serve"] else words)


def served(command: str, shown: str, folder: Path) -> str:
    """What the server prints when the calls that are shown come; its trace is written, too."""
    options = serve_options(command)
    run = Run([folder / name if (folder / name).exists() else name for name in options.files], dial=not options.no_dial)
    messages = [found.groupdict() for found in _first_line.finditer(shown)]
    begun = {message["number"]: message for message in reversed(messages)}
    calls = [found.groupdict() for found in (_call_json if options.json else _call_line).finditer(shown)]
    for number, call in enumerate(calls, 1):
        host, _, port = begun.get(str(number), {}).get("place", "").rpartition(":")
        run.call(
            call["uri"],
            method=call["method"],
            caller=call["caller"],
            address=(host, int(port)) if host else CALLER,
            hang_up_after=1.0 if call.get("path", "").endswith("BYE→200") else None,
        )
    assert calls, f"no calls in what is shown of: {command}"
    if options.trace:
        (folder / options.trace).write_text(run.trace(), "ascii")
    return run.printed(verbose=options.verbose, json=options.json, wanted=options.calls)


def run(words: list[str]) -> tuple[int, str]:
    """A command that ends by itself: exit code and output, as a pipe would get it."""
    out = TextIOWrapper(BytesIO(), encoding="utf-8")
    with redirect_stdout(out), redirect_stderr(out):
        code = main(words)
    out.seek(0)
    return code, out.read()
