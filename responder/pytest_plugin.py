"""The pytest plugin (entry point `pytest11`): fixtures with a responder, and what it saw in reports of failed tests.

`sip_responder` is one on a free port, `sip_responder_factory` makes more; the marker `sip_scenario` says what the first
is made with. `--sip-trace DIR` keeps trace and capture of failed tests. Nothing is kept between tests, and names of
files come from those of tests, so that workers of pytest-xdist do not meet.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from responder.control.background import BackgroundResponder

_SAW: Final = pytest.StashKey[list["BackgroundResponder"]]()
_LONGEST_NAME: Final = 100


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--sip-trace`."""
    group = parser.getgroup("sip", "SIP responder")
    group.addoption(
        "--sip-trace", metavar="DIR", default=None, help="keep trace and pcap of what failed tests saw in this folder"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers",
        "sip_scenario(*scenarios, **settings): what sip_responder is made with (arguments of responder.Responder)",
    )


@pytest.fixture
def sip_responder_factory(request: pytest.FixtureRequest) -> Iterator[Callable[..., BackgroundResponder]]:
    """Start responders: `sip_responder_factory(*scenarios, **settings)`, arguments as for `responder.Responder`.

    They are stopped after the test. Relative paths begin in the folder of the test's file.
    """
    from responder.control.background import BackgroundResponder

    seen = request.node.stash.setdefault(_SAW, [])
    with ExitStack() as running:

        def start(*scenarios: Any, **settings: Any) -> BackgroundResponder:
            settings.setdefault("folder", request.path.parent)
            responder = running.enter_context(BackgroundResponder(*scenarios, **settings))
            seen.append(responder)
            return responder

        yield start


@pytest.fixture
def sip_responder(
    request: pytest.FixtureRequest, sip_responder_factory: Callable[..., BackgroundResponder]
) -> BackgroundResponder:
    """A SIP responder on a free port of 127.0.0.1, UDP and TCP, for this test: a `responder.BackgroundResponder`."""
    marker = request.node.get_closest_marker("sip_scenario")
    return sip_responder_factory(*marker.args, **marker.kwargs) if marker is not None else sip_responder_factory()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, None]:
    """Put ladders and violations into the report of a test that failed, and keep the files that were asked for."""
    outcome = yield
    report: pytest.TestReport = outcome.get_result()
    if not report.failed:
        return
    seen = item.stash.get(_SAW, [])
    folder = item.config.getoption("--sip-trace")
    for number, responder in enumerate(seen, 1):
        title = f"SIP on port {responder.port}"
        report.sections.append((title, responder.ladder() or "nothing came\n"))
        broken = _violations(responder)
        if broken:
            report.sections.append((f"{title}: what the client broke", broken))
        if folder is not None:
            report.sections.append((f"{title}: kept in", _kept(responder, Path(folder), item.nodeid, number)))


def _violations(responder: BackgroundResponder) -> str:
    """The rules that the client broke; a bug in one of them must not hide why the test failed."""
    try:
        return "\n".join(responder.violations("SHOULD"))
    except Exception as error:
        return f"cannot be judged: {type(error).__name__}: {error}"


def _kept(responder: BackgroundResponder, folder: Path, test: str, number: int) -> str:
    """Write trace and capture; what was written, or why it could not be."""
    stem = _file_name(test) + (f"-{number}" if number > 1 else "")
    trace, capture = folder / f"{stem}.jsonl", folder / f"{stem}.pcapng"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        responder.save_trace(trace)
        responder.save_pcap(capture)
    except OSError as error:
        return f"cannot be written: {error}"
    return f"{trace}\n{capture}"


def _file_name(test: str) -> str:
    """A name of a file for a test: readable, and another one for every test."""
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", test).strip("-.")
    if name == test and len(name) <= _LONGEST_NAME:
        return name
    return f"{name[-_LONGEST_NAME:].lstrip('-.')}-{hashlib.sha256(test.encode()).hexdigest()[:6]}"
