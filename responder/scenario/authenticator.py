"""Digest credentials judged by a flow's users, and the challenges for them (RFC 3261 section 22, RFC 7616, 8760)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from responder.errors import ParseError
from responder.sip.digest import Challenge, Credentials, authentication_info, ha1_of, opaque_of, userhash_of, verify
from responder.sip.digest_cause import cause_of
from responder.uas.nonces import Nonces, NonceState

if TYPE_CHECKING:
    from collections.abc import Iterable

    from responder.registry import Capabilities
    from responder.scenario import plan
    from responder.scenario.plan import User, Users
    from responder.sip.message import Request
    from responder.uas.script import Reply

NONE: Final = "none"
"""There are no credentials for the realm."""
RIGHT: Final = "right"
STALE: Final = "stale"
"""Right but for their nonce: RFC 7616 section 3.3 wants a new challenge with stale=true."""
WRONG: Final = "wrong"

MOST_JUDGED: Final = 256
"""Requests whose verdicts are remembered."""
LONGEST: Final = 400
"""Characters of what a verdict says: a peer's words may be long."""
MOST_NAMED: Final = 5
"""Users that a verdict names."""

_WWW: Final = "authorization"
_PROXY: Final = "proxy-authorization"
_DESCRIBED: Final = frozenset({"INVITE", "UPDATE", "PRACK", "SUBSCRIBE", "OPTIONS"})
"""Methods whose 2xx may have a body."""
_WHY: Final = {
    NonceState.STALE: "the nonce is too old",
    NonceState.REPLAYED: "nc was seen with this nonce before",
    NonceState.UNKNOWN: "the nonce is none of ours",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What credentials are worth."""

    state: str
    why: str = ""
    """For `WRONG` and `STALE`, in words; for `NONE` what other realm there are credentials for."""
    credentials: Credentials | None = None
    """Where they are `RIGHT`."""
    user: User | None = None
    notes: tuple[str, ...] = ()
    """What the RFCs have against them although they are accepted."""


@dataclass(slots=True)
class _Judged:
    """A request that was judged: its nonce counts are used up, so nobody may count them again."""

    request: Request
    verdicts: dict[int, Verdict] = field(default_factory=dict)
    """By the identity of what asked."""
    states: dict[tuple[str, str], tuple[NonceState, int]] = field(default_factory=dict)
    """By nonce and count: the state, and the highest count before."""


class ChallengeText:
    """One challenge of a response, a new nonce in it each time (`uas.script.Template`)."""

    __slots__ = ("_challenge",)

    def __init__(self, challenge: Challenge) -> None:
        self._challenge = challenge

    def render(self, scope: Any) -> str:
        """The field value; `scope` issues nonces."""
        nonce = scope.issue_nonce()
        return str(replace(self._challenge, nonce=nonce, opaque=self._challenge.opaque or opaque_of(nonce)))


class Authenticator:
    """Judges credentials and makes challenges. Each request is judged once: a nonce count may be used once only."""

    def __init__(self, nonces: Nonces, capabilities: Capabilities) -> None:
        self.nonces = nonces
        self._capabilities = capabilities
        self._replies: dict[tuple[plan.Challenge, bool], Reply] = {}
        self._judged: dict[int, _Judged] = {}

    def realm(self, *, proxy: bool) -> str:
        """The realm of our challenges."""
        return self._capabilities.proxy_realm or self._capabilities.realm if proxy else self._capabilities.realm

    def reply(self, step: plan.Challenge, *, stale: bool) -> Reply:
        """The response with the challenges of that step: one header field an algorithm (RFC 8760 section 2.3)."""
        made = self._replies.get((step, stale))
        if made is None:
            proxy = step.reply.status == 407
            name = "Proxy-Authenticate" if proxy else "WWW-Authenticate"
            ours = self._capabilities
            challenges = tuple(
                Challenge(
                    realm=step.realm or self.realm(proxy=proxy),
                    nonce="",
                    algorithm=algorithm,
                    qop=self._qop(step),
                    opaque=ours.opaque or None,
                    stale=stale,
                    domain=step.domain,
                    userhash=step.userhash,
                )
                for algorithm in self._offered(step)
            )
            others = tuple(pair for pair in step.reply.headers if pair[0].lower() != name.lower())
            fields = tuple((name, ChallengeText(challenge)) for challenge in challenges)
            made = self._replies[step, stale] = replace(step.reply, headers=(*others, *fields))
        return made

    def info(self, step: plan.Challenge, verdict: Verdict, method: str, now: float) -> tuple[str, str] | None:
        """The header field of a 2xx by which we prove in turn that we know the secret; None where nobody asked."""
        credentials, user = verdict.credentials, verdict.user
        if credentials is None or user is None or not (step.info or step.nextnonce):
            return None
        # RFC 7615 section 4: a proxy has a field of its own
        name = "Proxy-Authentication-Info" if step.reply.status == 407 else "Authentication-Info"
        nextnonce = self.nonces.succeed(credentials.nonce, now) if step.nextnonce else ""
        if not step.info:
            return name, authentication_info(nextnonce=nextnonce)
        # a body that is still to be made cannot be covered: then the proof is by auth (3.5: "SHOULD use the same")
        qop = "auth" if credentials.qop and method in _DESCRIBED else credentials.qop.lower()
        ha1 = _ha1(user, credentials)
        return name, authentication_info(nextnonce=nextnonce, credentials=credentials, ha1=ha1, qop=qop)

    def judge_step(self, request: Request, step: plan.Challenge, now: float) -> Verdict:
        """What a request's credentials are worth to a `challenge`."""
        proxy = step.reply.status == 407
        judged = self._record(request)
        known = judged.verdicts.get(id(step))
        if known is None:
            realm = step.realm or self.realm(proxy=proxy)
            values = request.every(_PROXY if proxy else _WWW)
            known = judged.verdicts[id(step)] = self._judge(judged, values, step.users, now, step, realm)
        return known

    def judge(self, request: Request, users: Users, now: float) -> Verdict:
        """What its credentials are worth, whichever challenge of ours they answer."""
        judged = self._record(request)
        known = judged.verdicts.get(id(users))
        if known is None:
            values = [*request.every(_WWW), *request.every(_PROXY)]
            known = judged.verdicts[id(users)] = self._judge(judged, values, users, now, None, None)
        return known

    def _offered(self, step: plan.Challenge) -> tuple[str, ...]:
        """The algorithms of its challenges: those said, else those of ours that all of its users have a secret for."""
        ours = step.algorithms
        if ours is None:
            ours = self._capabilities.algorithms
            users = step.users.values()
            ours = tuple([name for name in ours if all(user.has_secret_for(name) for user in users)]) or ours
        return tuple(dict.fromkeys(ours))

    def _qop(self, step: plan.Challenge) -> tuple[str, ...]:
        return self._capabilities.qop if step.qop is None else step.qop

    def _record(self, request: Request) -> _Judged:
        judged = self._judged.get(id(request))
        if judged is None:
            if len(self._judged) >= MOST_JUDGED:
                del self._judged[next(iter(self._judged))]
            judged = self._judged[id(request)] = _Judged(request)
        return judged

    def _judge(
        self,
        judged: _Judged,
        values: Iterable[str],
        users: Users,
        now: float,
        step: plan.Challenge | None,
        realm: str | None,
    ) -> Verdict:
        """The best verdict on these credentials: a request may have some for other realms as well (22.3)."""
        found = Verdict(NONE)
        for value in values:
            try:
                credentials = Credentials.parse(value)
            except ParseError as error:
                verdict = Verdict(WRONG, error.what)
            else:
                if realm is not None and credentials.realm != realm:
                    if not found.why:
                        found = Verdict(NONE, f"realm: expected {realm}, got {credentials.realm}"[:LONGEST])
                    continue
                verdict = self._verify(judged, credentials, users, now, step)
            verdict = replace(
                verdict, why=verdict.why[:LONGEST], notes=tuple([note[:LONGEST] for note in verdict.notes])
            )
            if verdict.state == RIGHT:
                return verdict
            if found.state != STALE:
                found = verdict
        return found

    def _verify(
        self, judged: _Judged, credentials: Credentials, users: Users, now: float, step: plan.Challenge | None
    ) -> Verdict:
        request, algorithm = judged.request, credentials.algorithm or "MD5"
        if step is not None:
            offered = self._offered(step)
            if algorithm.lower() not in [name.lower() for name in offered]:
                return Verdict(WRONG, f"algorithm: expected {' or '.join(offered)}, got {algorithm}")
        user = _user(credentials, users)
        if user is None:
            return Verdict(WRONG, f"username: expected {_named(users)}, got {credentials.username}")
        if user.realm is not None and user.realm != credentials.realm:
            return Verdict(WRONG, f"username: {user.name} is none of the realm {credentials.realm}")
        if not user.has_secret_for(algorithm):
            return Verdict(WRONG, f"algorithm: there is no hash of {user.name} for {algorithm}")
        differences = verify(
            credentials,
            method=request.method,
            uri=request.uri,
            body=request.body,
            password=user.password,
            ha1=user.ha1_for(algorithm),
            username=user.name,
            challenge=self._answered(credentials, step),
        )
        wrong: list[str] = []
        opaque: list[str] = []
        notes = list(credentials.irregular)
        for difference in differences:
            text = str(difference)
            if difference.name == "response":
                text += f" ({_cause(request, credentials, user, difference.expected)})"
            if difference.name == "uri":
                # RFC 3261 section 22.4 item 4: "it is not necessarily a failure if the two fields are not equivalent"
                notes.append(text)
            elif difference.name == "qop" and not credentials.qop and self._takes_none(step):
                notes.append(text)
            elif difference.name == "opaque":
                opaque.append(text)  # where the nonce is stale, it is the opaque of another challenge
            else:
                wrong.append(text)
        if wrong:
            return Verdict(WRONG, "; ".join(wrong))
        state, before = self._counted(judged, credentials, now, step)
        if state is not NonceState.GOOD:
            return Verdict(STALE, f"{_WHY[state]}{f': nc={credentials.nc}' if state is NonceState.REPLAYED else ''}")
        if opaque:
            return Verdict(WRONG, opaque[0])
        if credentials.qop:
            count = int(credentials.nc, 16)
            if not before and count != 1:
                notes.append(f"nc: expected 00000001 with a new nonce, got {credentials.nc}")
            elif count < before:
                notes.append(f"nc: expected more than {before:08x}, got {credentials.nc}")
        return Verdict(RIGHT, "", credentials, user, tuple(notes))

    def _answered(self, credentials: Credentials, step: plan.Challenge | None) -> Challenge | None:
        """The challenge of that step with the nonce at hand, as far as credentials must answer it."""
        if step is None:
            return None
        opaque = None
        if self.nonces.is_ours(credentials.nonce):
            opaque = self._capabilities.opaque or self.nonces.opaque(credentials.nonce)
        return Challenge(
            realm=credentials.realm,
            nonce=credentials.nonce,
            algorithm=credentials.algorithm,
            qop=self._qop(step),
            opaque=opaque,
        )

    def _takes_none(self, step: plan.Challenge | None) -> bool:
        """Whether credentials without qop will do: RFC 8760 section 2.6 item 8 takes `auth` for granted."""
        return step is None or "auth" in self._qop(step)

    def _counted(
        self, judged: _Judged, credentials: Credentials, now: float, step: plan.Challenge | None
    ) -> tuple[NonceState, int]:
        key = (credentials.nonce, credentials.nc if credentials.qop else "")
        known = judged.states.get(key)
        if known is None:
            before = self.nonces.highest(credentials.nonce)
            lifetime = None if step is None else step.lifetime
            known = judged.states[key] = (self.nonces.check(key[0], now, key[1], lifetime=lifetime), before)
        return known


def _user(credentials: Credentials, users: Users) -> User | None:
    if not credentials.userhash:
        return users.get(credentials.username)
    for user in users.values():
        try:
            hashed = userhash_of(algorithm=credentials.algorithm, username=user.name, realm=credentials.realm)
        except ValueError:
            return None
        if hashed == credentials.username:
            return user
    return None


def _named(users: Users) -> str:
    names = list(users)
    return " or ".join([*names[:MOST_NAMED], *(["another"] if len(names) > MOST_NAMED else [])])


def _ha1(user: User, credentials: Credentials) -> str:
    algorithm = credentials.algorithm or "MD5"
    return user.ha1_for(algorithm) or ha1_of(
        algorithm=algorithm, username=user.name, realm=credentials.realm, password=user.password or ""
    )


def _cause(request: Request, credentials: Credentials, user: User, expected: str) -> str:
    return cause_of(
        credentials,
        expected,
        method=request.method,
        uri=request.uri,
        body=request.body,
        username=user.name,
        password=user.password,
        ha1=user.ha1_for(credentials.algorithm or "MD5") or "",
    )
