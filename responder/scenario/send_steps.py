"""Steps that send requests of ours, compiled: `send` within a dialog and outside any, `notify`."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from responder.errors import ParseError
from responder.scenario import plan
from responder.scenario import value_types as t
from responder.scenario.problems import listed
from responder.scenario.texts import CALLER
from responder.sip.name_addr import NameAddr
from responder.sip.uri import Uri
from responder.uas.placing import METHODS as OUTSIDE

if TYPE_CHECKING:
    from responder.scenario.around import Around
    from responder.scenario.nodes import Scalar
    from responder.scenario.plan import Statuses, Step
    from responder.scenario.reading import Fields
    from responder.scenario.step_compiler import StepCompiler
    from responder.uas.script import Text

_CORE_SENDS: Final = {"ACK": "an ACK", "CANCEL": "a CANCEL", "PRACK": "a PRACK"}

_STATES: Final = ("active", "pending", "terminated")
_REASONS: Final = ("deactivated", "probation", "rejected", "timeout", "giveup", "noresource", "invariant")
_token: Final = re.compile(t.METHOD_PATTERN).fullmatch
_SLIP: Final = 0.8
"""How alike an unknown word and a known one are where it is taken for a slip, and not for an extension."""


def send(compiler: StepCompiler, fields: Fields, around: Around) -> list[Step]:
    """A request of ours, in a dialog or, with `to`, outside any."""
    node = fields.of("send", t.METHOD)
    if node is None:
        return []
    reader = compiler.reader
    scalar = reader.text(node, "send", t.METHOD)
    method = scalar.text if scalar is not None else "BYE"
    order = compiler.replies.order(method, fields, around.label)
    statuses, name, within = _statuses(compiler, fields), _variable(compiler, fields), fields.duration("within")
    dialog, to, sender = fields.name("dialog"), fields.text("to"), fields.text("from")
    if "from" in fields and "to" not in fields:
        compiler.problems.add(fields.place("from"), "'from' without 'to'", "a dialog has its From already")
    if scalar is None or not (reader.word(scalar, "send", t.METHOD) and reader.token(scalar)):
        return []
    if method in _CORE_SENDS:
        what = f"{_CORE_SENDS[method]} cannot be sent by a step"
        compiler.problems.add(scalar.place, what, "the UAS sends it where SIP wants one")
        return []
    reader.known_method(scalar)
    place, leg = fields.node.place, "" if dialog is None else dialog.text
    if "to" not in fields:
        if dialog is not None:
            compiler.texts.need_dialog(dialog)
        return [plan.Send(place, order, statuses, name, within, leg)]
    if method not in OUTSIDE:
        what = f"{method} is not sent outside a dialog"
        compiler.problems.add(fields.place("to"), what, f"with `to` it is {listed(sorted(OUTSIDE))}")
    if dialog is not None:
        _made(compiler, dialog, method)
    if to is None:
        return []
    return [
        plan.Call(
            place,
            order,
            statuses,
            name,
            within,
            leg,
            _uri(compiler, to, "to"),
            None if sender is None else _uri(compiler, sender, "from"),
        )
    ]


def _made(compiler: StepCompiler, dialog: Scalar, method: str) -> None:
    """A `send` outside any dialog names the one that it makes."""
    if method != "INVITE":
        compiler.problems.add(dialog.place, f"{method} makes no dialog", "only an INVITE with `to` does")
    elif dialog.text == CALLER:
        compiler.problems.add(dialog.place, f"'{CALLER}' is the dialog of the client's request", "take another name")
    compiler.texts.dialogs.add(dialog.text)


def _uri(compiler: StepCompiler, scalar: Scalar, name: str) -> Text:
    """A URI or a name-addr, perhaps with names in it; noted where no SIP request can have it."""
    text = compiler.texts.head(scalar)
    if isinstance(text, str) and "${" not in scalar.text:
        try:
            uri = NameAddr.parse(text).uri if "<" in text else Uri.parse(text)
        except ParseError:
            compiler.problems.add(scalar.place, f"'{scalar.text}' is no URI", "such as sip:bob@192.0.2.9")
        else:
            if uri.scheme not in ("sip", "sips") and name == "to":
                what = f"nothing can be sent to a {uri.scheme} URI"
                compiler.problems.add(scalar.place, what, "`to` takes sip: or sips:")
    return text


def _statuses(compiler: StepCompiler, fields: Fields) -> Statuses | None:
    node = fields.of("expect", t.STATUSES)
    statuses = None if node is None else compiler.matches.statuses(node, "expect")
    if (
        node is not None
        and statuses is not None
        and max(*statuses.codes, *(100 * c for c in statuses.classes), 0) < 200
    ):
        what = f"'expect' is about the final response, and that is never {statuses}"
        compiler.problems.add(node.place, what, "codes from 200 on")
    return statuses


def _variable(compiler: StepCompiler, fields: Fields) -> str:
    name = fields.name("as")
    if name is None:
        return ""
    compiler.texts.variables.add(name.text)
    return name.text


def notify(compiler: StepCompiler, fields: Fields, around: Around) -> list[Step]:
    """A NOTIFY with a state."""
    scalar = fields.text("notify", t.STATE)
    order = compiler.replies.order("NOTIFY", fields, around.label)
    statuses, name = _statuses(compiler, fields), _variable(compiler, fields)
    if scalar is None:
        return []
    state = compiler.texts.head(scalar)
    if isinstance(state, str):
        _check_state(compiler, scalar)
    return [plan.Notify(fields.node.place, order, statuses, name, state=state)]


def _check_state(compiler: StepCompiler, scalar: Scalar) -> None:
    """RFC 6665 section 8.4: a state with parameters; extensions of both are allowed, slips are not."""
    state, *params = (part.strip() for part in scalar.text.split(";"))
    bad = "" if _token(state) else f"'{state}' is no state"
    fix = f"it is {listed(_STATES)}, with parameters such as ;reason=timeout (RFC 6665 section 4.1.3)"
    meant = _slip(state, _STATES)
    if meant:
        bad, fix = f"'{state}' is no state", f"did you mean '{meant}'?"
    for param in params if not bad else ():
        key, equals, value = (part.strip() for part in param.partition("="))
        key = key.lower()
        if not _token(key) or (equals and not value):
            bad = f"'{param}' is no parameter"
        elif key in ("expires", "retry-after") and not (value.isascii() and value.isdecimal()):
            bad, fix = f"'{key}' takes seconds", f"such as {key}=60"
        elif key == "reason" and _slip(value, _REASONS):
            bad, fix = f"'{value}' is no reason", f"did you mean '{_slip(value, _REASONS)}'?"
        if bad:
            break
    if bad:
        compiler.problems.add(scalar.place, bad, fix)


def _slip(word: str, known: tuple[str, ...]) -> str:
    """The known word that was meant, empty where the word is known or an extension."""
    lowered = word.lower()
    found = [] if lowered in known else get_close_matches(lowered, known, n=1, cutoff=_SLIP)
    return found[0] if found else ""
