"""What a scenario sends for a request, message by message, each header line with who put it there.

`explain_plan` makes a request up for each rule; `explain_request` takes one that is given.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from responder.control.capture import flow_of, written
from responder.control.provenance import Line, as_garbage, missing_in, of_request, of_response
from responder.control.rehearsal import MOST_MESSAGES, Rehearsal, checked
from responder.control.sample import CLIENT, PORT, Sample, SampleError, sample
from responder.control.steps import Written, labelled, steps_of
from responder.errors import ParseError
from responder.events import CallEnded, Flow, MessageReceived, MessageSent, Note
from responder.observe.json_lines import sound
from responder.observe.verdict import passed
from responder.scenario import plan
from responder.scenario.matcher import Criterion, Match
from responder.scenario.operators import Not
from responder.scenario.plan import Plan
from responder.sip import header_names
from responder.sip.parser import parse
from responder.uas.script import Reply

if TYPE_CHECKING:
    from responder.control.rehearsal import Played
    from responder.control.witness import Made
    from responder.scenario.plan import Rule
    from responder.sip.message import Request

_NOTED: Final = frozenset({"deviation", "problem", "fault", "log", "near-miss"})


@dataclass(frozen=True, slots=True)
class Heard:
    """A message of the client."""

    time: float
    """Virtual seconds since the first request."""
    data: bytes
    again: bool

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "event": "received",
            "time": round(self.time, 6),
            "text": sound(_text(self.data)),
            "retransmission": self.again,
        }


@dataclass(frozen=True, slots=True)
class Said:
    """A message of ours."""

    time: float
    data: bytes
    again: bool
    step: str
    """What sent it: `busy step 3`, or a word for what the core sends by itself."""
    place: str
    """File and line of that step, empty where it is none."""
    lines: tuple[Line, ...]
    """Start line and header lines with where they come from; none for a retransmission."""
    body: bytes
    deviations: tuple[str, ...]
    """What RFCs have against it."""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "event": "sent",
            "time": round(self.time, 6),
            "step": self.step,
            "place": self.place,
            "retransmission": self.again,
            "lines": [
                {"text": sound(line.text), "who": line.origin.who, "note": line.origin.note} for line in self.lines
            ],
            "body": sound(_text(self.body)),
            "deviations": list(self.deviations),
        }


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that happened in between: a log step, a fault, a problem."""

    time: float
    kind: str
    text: str

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"event": "note", "time": round(self.time, 6), "kind": self.kind, "text": sound(self.text)}


@dataclass(frozen=True, slots=True)
class Explanation:
    """One flow, played through."""

    rule: str
    """The rule that served; empty for what was dialled and for built-in behaviour."""
    place: str
    description: str
    story: tuple[Heard | Said | Remark, ...]
    remarks: tuple[str, ...]
    """What is to be known beforehand: near misses, a rule that would have come first."""
    ending: str
    """How the call ended where that is no success, in words."""
    dialled: str = ""
    """What was dialled, where that is what is explained."""

    @property
    def said(self) -> list[Said]:
        """The messages of ours."""
        return [one for one in self.story if isinstance(one, Said)]

    def as_dicts(self) -> Iterator[dict[str, Any]]:
        """For JSON: one object for the rule, one for each message."""
        yield {
            "event": "rule",
            "rule": self.rule,
            "dialled": self.dialled,
            "place": self.place,
            "description": self.description,
            "remarks": list(self.remarks),
        }
        for one in self.story:
            yield one.as_dict()
        yield {"event": "end", "rule": self.rule, "failure": self.ending}


def explain_rule(whole: Plan, rule: Rule, *, user: str = "bob") -> Explanation:
    """What one rule of a plan does for a request that is made up from its match; `SampleError` where none can be."""
    made, first, flow = _sampled(rule, rule.match, user)
    before = _taker(whole, rule, made, first, flow)
    if before is not None:
        for condition in before.match.conditions:
            if isinstance(condition, Criterion):
                without = replace(condition, test=Not(condition.test))
                match = replace(rule.match, conditions=(*rule.match.conditions, without))
                try:
                    other = _sampled(rule, match, user)
                except SampleError:
                    continue
                if _taker(whole, rule, *other) is None:
                    before, (made, first, flow) = None, other
                    break
    remarks = () if before is None else (f"rule '{before.name}' stands before it and takes such a request",)
    rehearsal = Rehearsal(replace(whole, rules=(rule,)), first, flow, rule=rule)
    rehearsal.attempt(made.attempt)
    if made.authenticated:
        rehearsal.authenticate()
    return _told(rehearsal.play(), (rule,), remarks)


def _sampled(rule: Rule, match: Match, user: str) -> tuple[Sample, Request, Flow]:
    """A request for the rule: one that passes its first checks, too, where there is such a one."""
    reliable = any(isinstance(step, plan.Respond) and step.reply.reliable for step in steps_of(rule))
    problem = ""
    for wanted in (checked(match, rule.steps), match):
        try:
            made = sample(wanted, user=user, reliable=reliable)
        except SampleError as error:
            problem = str(error)
            continue
        first, flow = request_of(made)
        problem = "; ".join(_misfits(rule.match, made, first, flow))
        if not problem:
            return made, first, flow
    raise SampleError(problem)


def _misfits(match: Match, made: Sample, request: Request, flow: Flow) -> list[str]:
    """What of a match does not fit; credentials are added when the nonces are there."""
    conditions = tuple(condition for condition in match.conditions if condition.key != "authenticated")
    return replace(match, conditions=conditions).mismatches(request, flow, _Facts(made.attempt))


def _taker(whole: Plan, rule: Rule, made: Sample, request: Request, flow: Flow) -> Rule | None:
    """The rule before it that would take this request for ever."""
    for one in whole.rules[: whole.rules.index(rule)]:
        if not one.times and one.match.holds(request, flow, _Facts(made.attempt, made.authenticated)):
            return one
    return None


@dataclass(frozen=True, slots=True)
class _Facts:
    """What is known of a sample (`matcher.Facts`)."""

    attempt: int
    right: bool = False

    def authenticated(self, request: Request) -> bool:
        """Whether it will have right credentials."""
        return self.right


def explain_dialled(text: str) -> Explanation:
    """What an INVITE gets whose Request-URI has this user part."""
    first, flow = request_of(sample(Match(), user=text))
    return replace(_told(Rehearsal(Plan(), first, flow).play(), (), ()), dialled=text)


def explain_request(whole: Plan, request: Request) -> Explanation:
    """What a request that is given gets, from whichever rule serves it."""
    return _told(Rehearsal(whole, request, flow_of(request)).play(), whole.rules, ())


def request_of(made: Sample) -> tuple[Request, Flow]:
    """A sample as a request, and the flow that it comes in on."""
    reliable = made.transport != "UDP"
    port = 5061 if made.transport in ("TLS", "WSS") else 5060
    local = "::1" if ":" in made.source else "127.0.0.1"
    flow = Flow(made.transport, (local, port), (made.source, PORT), int(reliable))
    address = f"[{made.source}]:{PORT}" if ":" in made.source else f"{made.source}:{PORT}"
    display = f'"{made.from_display}" ' if made.from_display else ""
    callee = f'"{made.to_display}" ' if made.to_display else ""
    fields = [
        ("Via", f"SIP/2.0/{made.transport} {address};branch=z9hG4bKsample;rport"),
        ("Max-Forwards", "70"),
        ("From", f"{display}<{made.from_uri}>;tag=alice"),
        ("To", f"{callee}<{made.callee}>"),
        ("Call-ID", f"sample@{CLIENT}"),
        ("CSeq", f"1 {made.method}"),
    ]
    if made.method in ("INVITE", "SUBSCRIBE", "REFER", "REGISTER") and "contact" not in made.headers:
        transport = "" if made.transport == "UDP" else f";transport={made.transport.lower()}"
        if "contact" not in made.absent:
            fields.append(("Contact", f"<{made.scheme}:alice@{address}{transport}>"))
    fields = [field for field in fields if header_names.key(field[0]) not in made.headers]
    fields += [(header_names.display(key), value) for key, value in made.headers.items()]
    if made.body:
        fields.append(("Content-Type", made.content_type or "text/plain"))
    return written(fields, f"{made.method} {made.target} SIP/2.0", made.body), flow


def _told(played: Played, rules: tuple[Rule, ...], remarks: tuple[str, ...]) -> Explanation:
    authors = labelled(rules)
    story: list[Heard | Said | Remark] = []
    deviations: list[str] = []
    near: list[str] = []
    ending = ""
    for event in played.events:
        if isinstance(event, MessageReceived):
            story.append(Heard(event.time, event.data, event.retransmission))
        elif isinstance(event, MessageSent):
            story.append(_said(event, played, authors, tuple(deviations)))
            deviations.clear()
        elif isinstance(event, Note) and event.kind == "deviation":
            deviations.append(event.text)
        elif isinstance(event, Note) and event.kind in _NOTED:
            if event.kind == "near-miss" and not played.rule:
                near.append(event.text)
            else:
                story.append(Remark(event.time, event.kind, event.text))
        elif isinstance(event, CallEnded) and not passed(event) and not ending:
            ending = f"{event.outcome}{': ' if event.reason else ''}{event.reason}"
    story += [Remark(story[-1].time if story else 0.0, "deviation", text) for text in deviations]
    if played.cut_short:
        ending = f"stopped after {MOST_MESSAGES} messages"
    served = next((rule for rule in rules if rule.name == played.rule), None)
    place = "" if served is None else Written(_ANY, served.place).where
    return Explanation(
        played.rule,
        place,
        "" if served is None else served.description,
        tuple(_in_order(story)),
        (*remarks, *dict.fromkeys(near)),
        ending,
    )


_ANY: Final = Reply(200)


def _in_order(story: list[Heard | Said | Remark]) -> list[Heard | Said | Remark]:
    return sorted(story, key=lambda one: one.time)


def _said(event: MessageSent, played: Played, authors: dict[str, Written], deviations: tuple[str, ...]) -> Said:
    label = event.note.partition(", fault: ")[0]
    author = authors.get(label)
    data = event.data
    lines: tuple[Line, ...] = ()
    if not event.retransmission:
        lines = _lines(data, label, author, played)
    body = data.partition(b"\r\n\r\n")[2]
    place = "" if author is None else author.where
    made = played.witness.made.get(data)
    if made is not None and not event.retransmission:
        deviations += tuple(missing_in(made))
    return Said(event.time, data, event.retransmission, event.note, place, lines, body, deviations)


def _lines(data: bytes, label: str, author: Written | None, played: Played) -> tuple[Line, ...]:
    made = played.witness.made.get(data) or _likest(data, label, played)
    if made is not None:
        return of_response(data, made, author)
    if not data[:1].isalpha():
        return as_garbage(data)
    try:
        within = parse(data).to_tag is not None
    except ParseError:
        return as_garbage(data)
    return of_request(data, author, label, within=within)


def _likest(data: bytes, label: str, played: Played) -> Made | None:
    """The response that a fault made these bytes of: the one with that label that shares most lines with it."""
    lines = set(data.split(b"\r\n"))
    candidates = [made for made in played.witness.made.values() if made.reply.label == label]
    shared = [(len(lines & set(made.data.split(b"\r\n"))), at) for at, made in enumerate(candidates)]
    count, at = max(shared, default=(0, 0))
    return candidates[at] if count else None


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


__all__ = ["Explanation", "Heard", "Remark", "Said", "explain_dialled", "explain_request", "explain_rule"]
