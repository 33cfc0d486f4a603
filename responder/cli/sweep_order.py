"""What a command line of `responder sweep` asks for, and all that is wrong with it or with the files it names."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TypeVar

from responder.cli.reporting import baseline_of
from responder.observe.records import Case
from responder.scenario.problems import ScenarioError
from responder.sweep import expectations
from responder.sweep import selection as select
from responder.sweep.attempt import Terms
from responder.sweep.baseline import Baseline
from responder.sweep.command import Command, CommandError
from responder.sweep.manual import PORT
from responder.sweep.selection import SelectionError

T = TypeVar("T")


@dataclass(frozen=True)
class Order:
    """What is to be done."""

    cases: tuple[Case, ...]
    left_out: tuple[Case, ...]
    """Those whose variant makes no difference."""
    command: Command | None
    """None: a person dials."""
    terms: Terms
    baseline: Baseline
    mistakes: tuple[str, ...]
    """Lines for stderr; with any of them it is not to be done."""


def read_order(arguments: Namespace) -> Order:
    """The order that these arguments give."""
    mistakes = _Mistakes()
    _combination(arguments, mistakes)
    cases, left_out = _cases(arguments, mistakes)
    command = mistakes.read(lambda: Command(arguments.exec, arguments.shell), "--exec") if arguments.exec else None
    terms, known = _terms(arguments, mistakes), _baseline(arguments, mistakes)
    return Order(tuple(cases), tuple(left_out), command, terms, known, tuple(mistakes.lines))


class _Mistakes:
    """What is wrong with the command line and the files that it names; all of it is said at once."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def add(self, text: str) -> None:
        """One or more, a line each."""
        self.lines += [f"responder sweep: {line}" for line in text.splitlines()]

    def read(self, read: Callable[[], T], option: str = "") -> T | None:
        """What this gives, None (and noted) where it is wrong. `option` is what it is about."""

        try:
            return read()
        except ScenarioError as error:
            self.lines += map(str, error.problems)
        except (CommandError, SelectionError) as error:
            for line in str(error).splitlines():
                self.add(f"{option}: {line}")
        return None


def _cases(arguments: Namespace, mistakes: _Mistakes) -> tuple[list[Case], list[Case]]:
    """The cases that are selected, and those that are left out."""

    dials, scenarios = tuple(arguments.dial), tuple(arguments.scenario)
    text = arguments.codes if arguments.codes is not None else "" if dials or scenarios else select.ALL
    selection = select.Selection(
        codes=(mistakes.read(lambda: select.codes_of(text), "--codes") or ()) if text else (),
        methods=mistakes.read(lambda: select.methods_of(arguments.methods), "--methods") or (),
        variants=mistakes.read(lambda: select.variants_of(arguments.variants), "--variants") or (),
        transports=mistakes.read(lambda: select.transports_of(arguments.transport or ("udp",)), "--transport") or (),
        dials=mistakes.read(lambda: select.dials_of(dials), "--dial") or (),
        scenarios=scenarios,
    )
    cases, left_out = mistakes.read(selection.cases) or ([], [])
    if not cases and not mistakes.lines:
        mistakes.add("nothing is left to try: no variant makes a difference there")
    return cases, left_out


def _combination(arguments: Namespace, mistakes: _Mistakes) -> None:
    """Options that do not go together."""
    if (arguments.manual and arguments.exec is not None) or not (arguments.manual or arguments.exec or arguments.list):
        mistakes.add("give either --exec 'CLIENT ... {uri}' or --manual")
    if arguments.shell and arguments.exec is None:
        mistakes.add("--shell says how --exec is run, and there is none")
    if arguments.manual and arguments.expect:
        mistakes.add("--expect is about the exit status and the output of --exec: a phone has none")
    if arguments.port and (arguments.jobs or 1) > 1:
        mistakes.add("--port is one port, for one client at a time: leave --jobs out")
    try:
        ip_address(arguments.host.strip("[]"))
    except ValueError:
        mistakes.add(f"--host: '{arguments.host}' is no IP address such as 127.0.0.1 or ::1")


def _terms(arguments: Namespace, mistakes: _Mistakes) -> Terms:
    """What is the same for all cases."""

    expected = (mistakes.read(lambda: expectations.load(arguments.expect)) or ()) if arguments.expect else ()
    return Terms(
        host=arguments.host.strip("[]"),
        port=arguments.port if arguments.port is not None else PORT if arguments.manual else 0,
        timeout=arguments.timeout,
        seed=arguments.seed,
        t1=arguments.t1,
        objections=lambda case, status, output: expectations.objections(expected, case, status, output),
    )


def _baseline(arguments: Namespace, mistakes: _Mistakes) -> Baseline:
    """The deviations that are known."""

    return mistakes.read(lambda: baseline_of(arguments)) or Baseline()
