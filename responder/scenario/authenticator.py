"""Digest credentials judged by a flow's users, and the challenges for them (RFC 3261 section 22, RFC 7616, 8760)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from responder.errors import ParseError
from responder.sip.digest import Challenge, Credentials, userhash_of, verify
from responder.uas.nonces import Nonces, NonceState

if TYPE_CHECKING:
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

_WWW: Final = "authorization"
_PROXY: Final = "proxy-authorization"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What credentials are worth."""

    state: str
    why: str = ""
    """For `WRONG` and `STALE`, in words."""
    nonce: str = ""
    """That of the credentials, where they are right."""


class ChallengeText:
    """One challenge of a response, a new nonce in it each time (`uas.script.Template`)."""

    __slots__ = ("_challenge", "_opaque")

    def __init__(self, challenge: Challenge, *, opaque: bool) -> None:
        self._challenge = challenge
        self._opaque = opaque

    def render(self, scope: Any) -> str:
        """The field value; `scope` has the call's nonces and draws."""
        opaque = f"{scope.draws.bits(64):016x}" if self._opaque else self._challenge.opaque
        return str(replace(self._challenge, nonce=scope.issue_nonce(), opaque=opaque))


class Authenticator:
    """Judges credentials and makes challenges. Each request is judged once: a nonce count may be used once only."""

    def __init__(self, nonces: Nonces, capabilities: Capabilities) -> None:
        self.nonces = nonces
        self._capabilities = capabilities
        self._replies: dict[tuple[plan.Challenge, bool], Reply] = {}
        self._last: tuple[Request, object, Verdict] | None = None

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
                    qop=step.qop or ours.qop,
                    opaque=ours.opaque or None,
                    stale=stale,
                )
                for algorithm in dict.fromkeys(step.algorithms or ours.algorithms)
            )
            others = tuple(pair for pair in step.reply.headers if pair[0].lower() != name.lower())
            fields = tuple((name, ChallengeText(challenge, opaque=not ours.opaque)) for challenge in challenges)
            made = self._replies[step, stale] = replace(step.reply, headers=(*others, *fields))
        return made

    def judge_step(self, request: Request, step: plan.Challenge, now: float) -> Verdict:
        """What a request's credentials are worth to a `challenge`."""
        proxy = step.reply.status == 407
        offered = step.algorithms or self._capabilities.algorithms
        where = {(_PROXY if proxy else _WWW): step.realm or self.realm(proxy=proxy)}
        return self._judge(request, step.users, where, offered, now, step)

    def judge(self, request: Request, users: Users, now: float) -> Verdict:
        """What its credentials are worth, whether they are for us as a UAS or as a proxy."""
        where = {_WWW: self.realm(proxy=False), _PROXY: self.realm(proxy=True)}
        return self._judge(request, users, where, self._capabilities.algorithms, now, users)

    def _judge(
        self,
        request: Request,
        users: Users,
        where: dict[str, str],
        offered: tuple[str, ...],
        now: float,
        asked: object,
    ) -> Verdict:
        last = self._last
        if last is not None and last[0] is request and last[1] is asked:
            return last[2]
        found = Verdict(NONE)
        for key, realm in where.items():
            for value in request.every(key):
                try:
                    credentials = Credentials.parse(value)
                except ParseError as error:
                    found = Verdict(WRONG, error.what)
                    continue
                if credentials.realm != realm:
                    found = Verdict(WRONG, f"realm: expected {realm}, got {credentials.realm}")
                    continue
                found = self._verify(request, credentials, users, offered, now)
                break
        self._last = (request, asked, found)
        return found

    def _verify(
        self, request: Request, credentials: Credentials, users: Users, offered: tuple[str, ...], now: float
    ) -> Verdict:
        algorithm = credentials.algorithm or "MD5"
        if algorithm.lower() not in [name.lower() for name in offered]:
            return Verdict(WRONG, f"algorithm: expected {' or '.join(offered)}, got {algorithm}")
        user = _user(credentials, users)
        if user is None:
            return Verdict(WRONG, f"username: expected {' or '.join(users)}, got {credentials.username}")
        differences = verify(
            credentials,
            method=request.method,
            uri=request.uri,
            body=request.body,
            password=user.password,
            ha1=user.ha1,
            username=user.name,
        )
        # RFC 3261 section 22.4 item 4: "it is not necessarily a failure if the two fields are not equivalent"
        wrong = [difference for difference in differences if difference.name != "uri"]
        if wrong:
            return Verdict(WRONG, "; ".join(map(str, wrong)))
        state = self.nonces.check(credentials.nonce, now, credentials.nc)
        return (
            Verdict(RIGHT, nonce=credentials.nonce)
            if state is NonceState.GOOD
            else Verdict(STALE, f"the nonce is {state.value}")
        )


def _user(credentials: Credentials, users: Users) -> User | None:
    if not credentials.userhash:
        return users.get(credentials.username)
    for user in users.values():
        hashed = userhash_of(algorithm=credentials.algorithm, username=user.name, realm=credentials.realm)
        if hashed == credentials.username:
            return user
    return None
