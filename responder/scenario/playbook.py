"""What picks the script of a new call: the files' rules, what was dialled, the built-in behaviour, in that order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Final

from responder.errors import ParseError
from responder.registry import Capabilities
from responder.scenario import shipped as shipped_flows
from responder.scenario.authenticator import RIGHT, Authenticator
from responder.scenario.compiler import load
from responder.scenario.dial import Attempt, DialledName, looks_dialled, objection, parse_dial
from responder.scenario.dialled import rule_of
from responder.scenario.draws import Draws
from responder.scenario.matcher import Match, address_reader
from responder.scenario.plan import Plan, Respond, Rule, Users
from responder.scenario.runner import Runner
from responder.scenario.straight import Straight
from responder.scenario.tally import Tally
from responder.sip.likeness import LikeRequest
from responder.sip.name_addr import NameAddr
from responder.sip.uri import Uri
from responder.uas.nonces import Nonces
from responder.uas.script import Reply

if TYPE_CHECKING:
    from responder.events import Flow
    from responder.registry import Ids
    from responder.sip.message import Request
    from responder.uas.call import Call
    from responder.uas.script import Script

MOST_DIALLED: Final = 4096
"""Dialled texts whose meaning is remembered."""
MOST_NEAR_MISSES: Final = 100
"""Near misses that are kept."""
MOST_EXPLAINED: Final = 1000
"""Calls without a rule for which near misses are looked for; by then the author knows."""
_MOST_NOTES: Final = 3

_RINGS_AND_ANSWERS: Final = Straight(tuple(Reply(status, label="built-in") for status in (100, 180, 200)))
_ANSWERS: Final = Straight(())

_DIALLED: Final = "dialled"
_NO_USERS: Final[Users] = {}
_caller: Final = address_reader("from", "uri")


@dataclass(slots=True)
class RequestFacts:
    """What a match asks that is not in the message (`matcher.Facts`)."""

    attempt: int
    users: Users
    authenticator: Authenticator
    now: float

    def authenticated(self, request: Request) -> bool:
        """Whether its credentials are right."""
        return self.authenticator.judge(request, self.users, self.now).state == RIGHT


class Playbook:
    """The rules of a plan at work (`uas.script.Playbook`): counters, near misses, seeds. Bounded in all it keeps.

    `dial`: the user part of a URI is a little script. `shipped`: the shipped flows can be dialled by name. `ids` is
    where unseeded draws come from. `nonces` must be the engine's where `authenticated` is to know the challenges of the
    UAS core; without it the playbook has its own. `epoch` is the wall clock at the engine's time zero.
    """

    def __init__(
        self,
        plan: Plan | None = None,
        *,
        ids: Ids,
        dial: bool = True,
        shipped: bool = True,
        capabilities: Capabilities | None = None,
        nonces: Nonces | None = None,
        epoch: float = 0.0,
    ) -> None:
        self.epoch = epoch
        self.authenticator = Authenticator(nonces or Nonces(ids), capabilities or Capabilities())
        self.near_misses: deque[str] = deque(maxlen=MOST_NEAR_MISSES)
        """The last near misses, in words."""
        self._facts = RequestFacts(0, _NO_USERS, self.authenticator, 0.0)
        self._dials = dial
        self._shipped = shipped_flows.names() if dial and shipped else frozenset()
        self._straight: dict[Rule, Straight] = {}
        self._attempts = Tally()
        self._dial_attempts = Tally()
        self._served = Tally(100_000)
        self._dialled: dict[str, tuple[Attempt, ...] | None] = {}
        self._dial_rules: dict[tuple[Attempt, bool], Rule] = {}
        self._draws = Draws(ids.getrandbits(64))
        self._seeded: dict[tuple[object, int], Draws] = {}
        self._explained = 0
        self._umpire: Callable[[Call, Sequence[str]], list[str]] | None = None
        self.use(plan or Plan())

    def use(self, plan: Plan) -> None:
        """Choose by the rules of this plan from now on; calls under way go on, and rules that stay keep their counts.

        What a plan says of the whole run (`timers`, `codes`, the registrar) is not the playbook's.
        """
        self.plan = plan
        self._rules = plan.rules
        self._by_name = _named(self._rules)
        self.counts_attempts = plan.counts_attempts
        """Whether somebody asks for the attempt of a caller."""
        methods = {method for rule in self._rules for method in rule.match.methods}
        self._by_method = {method: _for_method(self._rules, method) for method in methods}
        self._by_any_method = _for_method(self._rules, "")
        self._dialled.clear()
        self._edition = object()  # of what requests remember: names that can be dialled may have changed

    def forget(self) -> None:
        """Count attempts and calls from the beginning, and forget the near misses."""
        self._attempts, self._dial_attempts, self._served = Tally(), Tally(), Tally(100_000)
        self.near_misses.clear()
        self._explained = 0

    def use_nonces(self, nonces: Nonces) -> None:
        """Judge and issue by these from now on: those of the engine, so that both know each other's challenges."""
        self.authenticator.nonces = nonces

    def use_umpire(self, umpire: Callable[[Call, Sequence[str]], list[str]]) -> None:
        """Ask this which rules for clients were broken in a call so far, in words."""
        self._umpire = umpire

    # uas.script.Playbook

    def choose(self, request: Request, flow: Flow, now: float) -> Script:
        """The script for this first request of a call."""
        first = not _is_tagged(request)
        attempt = self.attempted(request) if self.counts_attempts and first else 0
        rules = self._by_method.get(request.method, self._by_any_method)
        if rules:
            facts = self._facts
            facts.attempt, facts.now = attempt, now
            for rule in rules:
                facts.users = rule.users
                if rule.match.holds_otherwise(request, flow, facts) and self._serves(rule, request, flow):
                    return self._script(rule, attempt)
        if self._dials:
            known: tuple[object, Script | None] | None = None
            if type(request) is LikeRequest:
                known = request.memo.get(_DIALLED)
            if known is not None and known[0] is self._edition:
                script: Script | None = known[1]
            else:
                script = self._dial(request, flow, attempt, now, first=first)
            if script is not None:
                return script
        builtin = _RINGS_AND_ANSWERS if request.method == "INVITE" else _ANSWERS
        if first and self._explained < MOST_EXPLAINED:
            notes = self._explain(request, flow, self.facts(attempt, _NO_USERS, now))
            if notes:
                return builtin.noted(notes)
        return builtin

    def _script(self, rule: Rule, attempt: int) -> Script:
        if rule.straight is None:
            return Runner(rule, self, attempt)
        script = self._straight.get(rule)
        if script is None:
            script = Straight(rule.straight, name=rule.name, unchecked=rule.unchecked, rule=rule, playbook=self)
            if len(self._straight) >= MOST_DIALLED:
                self._straight.clear()
            self._straight[rule] = script
        return script

    # counters

    def attempted(self, request: Request) -> int:
        """Count a request of this caller; gives the number of those of its method."""
        return self._attempts.add((_caller_of(request, None), request.method))

    def _serves(self, rule: Rule, request: Request, flow: Flow) -> bool:
        """Whether the rule is not spent for this call."""
        return not rule.times or self._served.of(_spent_key(rule, request, flow)) < rule.times

    def served(self, rule: Rule, request: Request, flow: Flow) -> None:
        """A call of a rule with `times` has begun."""
        self._served.add(_spent_key(rule, request, flow))

    # what scripts ask

    def facts(self, attempt: int, users: Users, now: float) -> RequestFacts:
        """What a match may ask about a request that is not in it."""
        return RequestFacts(attempt, users, self.authenticator, now)

    def draws_of(self, rule: Rule) -> Draws:
        """Where a rule's random values come from: its file's seed, or the run's ids."""
        if rule.seed is None:
            return self._draws
        key = (rule.place.source, rule.seed)
        draws = self._seeded.get(key)
        if draws is None:
            draws = self._seeded[key] = Draws(rule.seed)
        return draws

    def broken(self, call: Call, rules: Sequence[str]) -> list[str]:
        """Which of these rules for clients were broken in the call so far, in words."""
        if self._umpire is None:
            return [
                f"rule {name}: nobody judges here what is only dialled: serve the flow by its name" for name in rules
            ]
        return self._umpire(call, rules)

    # dialling

    def _dial(self, request: Request, flow: Flow, attempt: int, now: float, *, first: bool) -> Script | None:
        script: Script | None = None
        always = first  # whether every request like this one gets the same
        for text in (request.uri, request.first("to") or ""):
            attempts = self._dialled.get(text, ())
            if attempts == ():
                attempts = self._parsed(text)
            if not attempts:
                continue
            chosen = attempts[0]
            if len(attempts) > 1:
                always = False
                key = (text, _caller_of(request, flow), request.method)
                tried = self._dial_attempts.add(key) if first else self._dial_attempts.of(key)
                chosen = attempts[min(max(tried, 1), len(attempts)) - 1]
            if isinstance(chosen, DialledName):
                always = False
                rule = self._rule_named(chosen.name, request, flow, self.facts(attempt, _NO_USERS, now))
                if rule is None:
                    continue
            else:
                rule = self._rule_dialled(chosen, request.method)
            if text is not request.uri and _leads_elsewhere(rule) and _is_redirected(request):
                continue
            script = self._script(rule, attempt)
            break
        if always and type(request) is LikeRequest and (script is None or isinstance(script, Straight)):
            request.memo[_DIALLED] = (self._edition, script)
        return script

    def _parsed(self, text: str) -> tuple[Attempt, ...] | None:
        """What a Request-URI or To value dials."""
        attempts = parse_dial(_raw_user(text))
        if attempts is not None and any(isinstance(a, DialledName) and not self._is_name(a.name) for a in attempts):
            attempts = None
        if len(self._dialled) >= MOST_DIALLED:
            self._dialled.clear()
            self._dial_rules.clear()
        if len(text) <= 1024:
            self._dialled[text] = attempts
        return attempts

    def _rule_dialled(self, attempt: Attempt, method: str) -> Rule:
        assert not isinstance(attempt, DialledName)
        key = (attempt, method == "INVITE")
        rule = self._dial_rules.get(key)
        if rule is None:
            rule = self._dial_rules[key] = rule_of(attempt, method)
        return rule

    def _rule_named(self, name: str, request: Request, flow: Flow, facts: RequestFacts) -> Rule | None:
        """The rule of that name or file for this request; what its match says of the callee does not count."""
        for rule, match in self._rules_named(name, request, facts):
            facts.users = rule.users
            if match.holds(request, flow, facts) and self._serves(rule, request, flow):
                return rule
        return None

    def _is_name(self, name: str) -> bool:
        """Whether a rule, a file of ours or a shipped flow has this name."""
        return name in self._by_name or name in self._shipped

    def _rules_named(self, name: str, request: Request, facts: RequestFacts) -> list[tuple[Rule, Match]]:
        """The rules of that name; a shipped flow is read when it is dialled first."""
        known = self._by_name.get(name)
        if known is None:
            plan = _shipped_plan(name)
            found = _named(plan.rules)
            for other, rules in found.items():
                self._by_name.setdefault(other, rules)  # a flow may send its client on to another rule of its own
            self._dialled.clear()
            self._edition = object()  # these names dialled nothing before
            known = found[name]
            if plan.counts_attempts and not self.counts_attempts:
                self.counts_attempts = True
                facts.attempt = self.attempted(request)
        return known

    # near misses

    def _explain(self, request: Request, flow: Flow, facts: RequestFacts) -> tuple[str, ...]:
        """What kept the rules that nearly matched from matching."""
        self._explained += 1
        notes: list[str] = []
        what = f"{request.method} {request.uri[:200]}"
        for rule in self._rules:
            facts.users = rule.users
            mismatches = rule.match.mismatches(request, flow, facts)
            criteria = len(rule.match.conditions) + bool(rule.match.methods)
            if not mismatches:
                notes.append(f"{what} matched rule '{rule.name}', which has served its {rule.times} calls")
            elif len(mismatches) == 1 and criteria > 1:
                notes.append(f"{what} matched rule '{rule.name}' except {mismatches[0]}")
        user = _raw_user(request.uri)
        if self._dials and looks_dialled(user) and parse_dial(user) is None:
            why = objection(user)
            notes.append(f"{what}: '{user[:80]}' looks dialled and is no dial script{why and f': {why}'}")
        notes = notes[:_MOST_NOTES]
        self.near_misses.extend(notes)
        return tuple(notes)


@cache
def _shipped_plan(name: str) -> Plan:
    """A shipped flow: its rules serve whoever dials it, and nobody else."""
    return load([shipped_flows.folder() / f"{name}.yaml"])


_OF_CALLEE: Final = frozenset({"user", "uri", "host", "to", "to.user", "to.uri", "to.host"})


def _named(rules: tuple[Rule, ...]) -> dict[str, list[tuple[Rule, Match]]]:
    """Rules by their names and the names of their files."""
    found: dict[str, list[tuple[Rule, Match]]] = {}
    for rule in rules:
        conditions = tuple(condition for condition in rule.match.conditions if condition.key not in _OF_CALLEE)
        for name in {rule.name, rule.file}:
            found.setdefault(name, []).append((rule, replace(rule.match, conditions=conditions)))
    return found


def _for_method(rules: tuple[Rule, ...], method: str) -> tuple[Rule, ...]:
    return tuple(rule for rule in rules if not rule.match.methods or method in rule.match.methods)


def _is_tagged(request: Request) -> bool:
    try:
        return request.to_tag is not None
    except ParseError:
        return False


def _caller_of(request: Request, flow: Flow | None) -> str:
    """Who calls: the From URI, or the whole field where that is malformed."""
    found = _caller(request, flow, None)  # type: ignore[arg-type]  # it looks at the request only
    return found[0] if found else request.first("from") or ""


def _spent_key(rule: Rule, request: Request, flow: Flow) -> Hashable:
    if rule.per == "caller":
        return (rule, _caller_of(request, flow))
    if rule.per == "source":
        return (rule, flow.remote[0])
    return (rule, request.first("call-id")) if rule.per == "call-id" else rule


def _leads_elsewhere(rule: Rule) -> bool:
    """Whether the flow redirects."""
    return any(isinstance(step, Respond) and 300 <= step.reply.status < 400 for step in rule.steps)


def _is_redirected(request: Request) -> bool:
    """Whether an INVITE may have been redirected: RFC 3261 8.1.3.4 recommends that To stays what was dialled first.

    Its Request-URI then names somebody, and dials nothing: else a client that follows a dialled 302 is never answered.
    """
    return request.method == "INVITE" and bool(_raw_user(request.uri))


def _raw_user(text: str) -> str:
    """The user part of a Request-URI or a To value, escapes as written; empty where there is none."""
    try:
        uri = Uri.parse(text) if "<" not in text and '"' not in text else NameAddr.parse(text).uri
    except ParseError:
        try:
            uri = NameAddr.parse(text).uri
        except ParseError:
            return ""
    if uri.password is not None and "+" in (uri.raw_user or ""):
        return f"{uri.raw_user}:{uri.password}"  # the colon of a dialled value: 302+Contact=sip:bob%40example.com
    return uri.raw_user or ""
