"""`responder explain`: every message that a scenario sends, and who put each of its headers there."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from responder.cli.exit_codes import Exit

if TYPE_CHECKING:
    from responder.cli.terminal import Terminal
    from responder.control.explanation import Explanation, Heard, Remark, Said

_EXAMPLES = """\
examples:
  responder explain busy.yaml                    every rule, each for a request made up from its match
  responder explain rules.yaml --rule refused    one rule
  responder explain 486                          what was dialled, as sip:486@127.0.0.1
  responder explain 180.2s.486
  responder explain busy                         a shipped flow
  responder explain rules.yaml --request invite.sip    which rule serves this request, and what it gets
  responder explain busy --json                  one line of JSON a message, each header line with its note

No time passes: a client that behaves by the RFCs is played on a virtual clock. It acknowledges, answers what we send,
has the credentials of `users`, and sends what an `expect` waits for. The file of --request has one request as in a
capture; LF line ends and a missing Content-Length do no harm.

Exits with 0, or with 2 where a file is wrong or no request can be made up.
"""
_WIDEST = 72
"""Columns that header lines take at the most before their notes go onto lines of their own."""
_NARROWEST = 40
_UNSEEN_WIDTH = 120
"""Columns where nobody's terminal has a say."""


def configure(parser: ArgumentParser) -> None:
    """Add its arguments."""
    parser.epilog = _EXAMPLES
    parser.add_argument(
        "files",
        metavar="FILE",
        nargs="+",
        help="scenario files, folders, names of shipped scenarios, or what is dialled",
    )
    parser.add_argument("--rule", metavar="NAME", help="only the rule of this name")
    parser.add_argument("--request", metavar="FILE", help="take this request, and not a made-up one")
    parser.add_argument("--full", action="store_true", help="print the messages of the client whole, too")
    parser.add_argument("--json", action="store_true", help="one line of JSON a message")


def run(arguments: Namespace) -> int:
    """Explain; 2 where something is wrong."""
    from responder.control.sample import SampleError
    from responder.errors import ParseError
    from responder.scenario.problems import ScenarioError

    try:
        for number, explanation in enumerate(_explanations(arguments)):
            _show(explanation, arguments, first=not number)
    except ScenarioError as error:
        print(error, file=sys.stderr)
        return Exit.USAGE
    except ParseError as error:
        print(f"responder explain: {arguments.request}: {error.what}", file=sys.stderr)
        return Exit.USAGE
    except SampleError as error:
        print(f"responder explain: {error}", file=sys.stderr)
        return Exit.USAGE
    return Exit.PASS


def _explanations(arguments: Namespace) -> Iterator[Explanation]:
    from responder.control.capture import request_in
    from responder.control.explanation import explain_dialled, explain_request, explain_rule
    from responder.control.sample import SampleError
    from responder.control.umpire import rule_names
    from responder.scenario import shipped
    from responder.scenario.compiler import load

    dialled = [word for word in map(_dialled, arguments.files) if word]
    files = [file for file in arguments.files if not _dialled(file)]
    if dialled and (arguments.request or arguments.rule):
        option = "--request" if arguments.request else "--rule"
        raise SampleError(f"'{dialled[0]}' is dialled, and {option} is for scenario files")
    for word in dialled:
        yield explain_dialled(word)
    if arguments.request:
        yield explain_request(load(files, rule_names=rule_names), request_in(Path(arguments.request).read_bytes()))
        return
    # shipped flows are dialled by their names: they do not stand in each other's way
    own = [file for file in files if file not in shipped.names()]
    together = [[file] for file in files if file in shipped.names()] + ([own] if own else [])
    plans = [load(files, rule_names=rule_names) for files in together]
    rules = [(plan, rule) for plan in plans for rule in plan.rules if arguments.rule in (None, rule.name)]
    if plans and not rules:
        names = ", ".join(rule.name for plan in plans for rule in plan.rules)
        raise SampleError(f"no rule is called '{arguments.rule}'; there are: {names}")
    for plan, rule in rules:
        user = rule.file if rule.file in shipped.names() else "bob"
        try:
            yield explain_rule(plan, rule, user=user)
        except SampleError as error:
            raise SampleError(
                f"no request can be made up for rule '{rule.name}': {error}; give one with --request"
            ) from None


def _dialled(word: str) -> str:
    """The dial script that an argument is, empty where it is a file or the name of a flow."""
    from responder.scenario import shipped
    from responder.scenario.dial import DialledName, parse_dial

    user = word.removeprefix("sip:").partition("@")[0]
    if word.endswith((".yaml", ".yml")) or Path(word).exists() or user in shipped.names():
        return ""
    attempts = parse_dial(user)
    return user if attempts and not any(isinstance(attempt, DialledName) for attempt in attempts) else ""


def _show(explanation: Explanation, arguments: Namespace, *, first: bool) -> None:
    if arguments.json:
        from responder.observe.json_lines import encode

        for one in explanation.as_dicts():
            print(encode(one))
        return
    from responder.cli.terminal import terminal_of

    if not first:
        print()
    for line in _Page(terminal_of(sys.stdout), full=arguments.full).lines(explanation):
        print(line)


class _Page:
    """An explanation as lines for a terminal."""

    def __init__(self, terminal: Terminal, *, full: bool) -> None:
        self._terminal = terminal
        self._full = full
        self._in, self._out = ("-->", "<--") if terminal.ascii_only else ("──▶", "◀──")
        self._width = terminal.width if terminal.interactive else _UNSEEN_WIDTH

    def lines(self, explanation: Explanation) -> Iterator[str]:
        """All of them."""
        from responder.control.explanation import Heard, Said
        from responder.observe.printable import printable

        where = f" ({explanation.place})" if explanation.place else ""
        title = f"dialled {explanation.dialled}" if explanation.dialled else "no rule: built-in behaviour"
        yield self._styled(f"rule {explanation.rule}{where}" if explanation.rule else title, "1")
        if explanation.description:
            yield f"  {printable(explanation.description)}"
        for remark in explanation.remarks:
            yield f"  note: {printable(remark)}"
        whole = False
        for one in explanation.story:
            if whole:
                yield ""
            whole = isinstance(one, Said) and bool(one.lines)
            if isinstance(one, Heard):
                yield from self._heard(one)
            elif isinstance(one, Said):
                yield from self._said(one)
            else:
                yield self._remark(one)
        if explanation.ending:
            yield f"\nthe call did not end well: {printable(explanation.ending)}"

    def _heard(self, heard: Heard) -> Iterator[str]:
        from responder.observe.printable import printable_lines

        start, *rest = printable_lines(heard.data)
        yield f"{_time(heard.time)}  {self._in} {_brief(start, heard.data)}{' again' if heard.again else ''}"
        if self._full and not heard.again:
            yield from (f"    {line}" if line else "" for line in (start, *rest))

    def _said(self, said: Said) -> Iterator[str]:
        from responder.observe.printable import printable, printable_lines

        start = printable_lines(said.data)[0]
        step = f"{said.step} ({said.place})" if said.place else said.step
        again = " again" if said.again else ""
        yield f"{_time(said.time)}  {self._out} {_brief(start, said.data)}{again}{step and f'  [{step}]'}"
        if not said.lines:
            return
        texts = [printable(line.text) for line in said.lines]
        notes = [line.origin.note for line in said.lines]
        room = max(min(_WIDEST, self._width - max(map(len, notes)) - 6), _NARROWEST)
        column = max((len(text) for text in texts if len(text) <= room), default=room)
        for number, (text, note) in enumerate(zip(texts, notes, strict=True)):
            shown = self._styled(text, "1") if number == 0 else text
            if len(text) <= column:
                yield f"    {shown}{' ' * (column - len(text))}  {self._styled(note, '2')}"
            else:
                yield f"    {shown}"
                yield f"    {' ' * column}  {self._styled(note, '2')}"
        if said.body:
            yield ""
            yield from (f"    {line}".rstrip() for line in printable_lines(said.body.removesuffix(b"\r\n")))
        for deviation in said.deviations:
            yield f"    {self._styled('deviation:', '33')} {printable(deviation)}"

    def _remark(self, remark: Remark) -> str:
        from responder.observe.printable import printable

        return f"{_time(remark.time)}  {' ' * 3} {remark.kind}: {printable(remark.text)}"

    def _styled(self, text: str, style: str) -> str:
        return f"\x1b[{style}m{text}\x1b[0m" if self._terminal.colour else text


def _time(seconds: float) -> str:
    return f"+{seconds:.3f}s"


def _brief(start: str, data: bytes) -> str:
    """A start line in short: a response with the method that it answers, a body by its kind."""
    kind = " (SDP)" if b"\r\n\r\nv=0" in data else ""
    if start.startswith("SIP/2.0 "):
        return start.removeprefix("SIP/2.0 ").rstrip() + kind
    return start.removesuffix(" SIP/2.0") + kind
