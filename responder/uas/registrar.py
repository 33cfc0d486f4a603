"""The registrar and its location service (RFC 3261 section 10.3, RFC 3327, RFC 5626 section 6, RFC 5627 section 5).

Rules
1. A REGISTER is processed completely or not at all: bindings change only when every step went well.
2. Bindings that have expired are gone, whether or not anybody looked: the clock is handed in.
3. Memory is bounded: so many addresses-of-record, so many bindings each; beyond that a REGISTER fails with 500.

Requirements, authentication and authorization (steps 2 to 4) are for the caller: they are not particular to REGISTER.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from responder.errors import ParseError
from responder.registry.capabilities import Capabilities
from responder.registry.locations import behind_outbound_proxy, binding, flows_of
from responder.sip.message import Request
from responder.sip.name_addr import DEFAULT_EXPIRES, NameAddr
from responder.sip.uri import Uri
from responder.uas.gruu import is_public_of, is_temporary_of, public_gruu, temporary_gruu
from responder.uas.location_index import LocationIndex

if TYPE_CHECKING:
    from responder.events import Flow
    from responder.registry import Ids

_HOUR: Final = 3600
_OURS_ALONE: Final = ("pub-gruu", "temp-gruu", "expires")
"""Contact parameters that only a registrar gives a value to; a client's are dropped."""


@dataclass(frozen=True, slots=True)
class Binding:
    """One contact of an address-of-record."""

    contact: NameAddr
    """As registered, all parameters kept (q, +sip.instance, reg-id, ...) but `expires`."""
    call_id: str
    cseq: int
    deadline: float
    """When it expires, on the caller's clock."""
    path: tuple[str, ...] = ()
    """The Path that requests to it take (RFC 3327 section 5.3)."""
    flow: Flow | None = None
    """Where its REGISTER came in (RFC 5626 section 6)."""
    key: tuple[str, str] | None = None
    """Instance and reg-id where it is a flow of RFC 5626; else the URI tells bindings apart."""
    updated: float = 0.0
    """When it was registered last, on the caller's clock."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a REGISTER gets."""

    status: int
    contacts: tuple[str, ...] = ()
    """For a 200: the value of Contact for every binding, with the seconds left (step 8)."""
    reason: str = ""
    """What was wrong, as a reason phrase; empty: the status says it all."""


class _RefusalError(Exception):
    """The REGISTER fails, nothing is changed."""

    def __init__(self, status: int, reason: str = "") -> None:
        super().__init__(reason)
        self.outcome = Outcome(status, (), reason)


class Registrar:
    """A location service in memory.

    `capabilities` gives the limits of expiration and says whether outbound and gruu are supported. `domains` are the
    hosts that addresses-of-record may have; None: any. `path_unasked` accepts a Path although the client does not list
    `path` in Supported; RFC 3327 section 5.3 recommends 420 for that. `ids` is where the secret of temporary GRUUs
    comes from; without it there are none.
    """

    __slots__ = (
        "_aors",
        "_capabilities",
        "_domains",
        "_earliest",
        "_gruu_key",
        "_ids",
        "_index",
        "_most_aors",
        "_most_bindings",
        "_path_unasked",
    )

    def __init__(
        self,
        capabilities: Capabilities,
        *,
        ids: Ids | None = None,
        domains: frozenset[str] | None = None,
        most_aors: int = 10_000,
        most_bindings: int = 32,
        path_unasked: bool = False,
    ) -> None:
        self._capabilities = capabilities
        self._ids = ids
        self._gruu_key = b""
        self._domains = None if domains is None else frozenset(domain.lower() for domain in domains)
        self._most_aors = most_aors
        self._most_bindings = most_bindings
        self._path_unasked = path_unasked
        self._aors: dict[str, tuple[Binding, ...]] = {}
        self._index = LocationIndex()
        self._earliest = float("inf")

    def __len__(self) -> int:
        """How many addresses-of-record are kept, those that have expired since they were looked at included."""
        return len(self._aors)

    def bindings(self, aor: str | Uri, now: float) -> tuple[Binding, ...]:
        """The bindings of an address-of-record, the first registered first; `ParseError` for text that is no URI."""
        name = (Uri.parse(aor) if isinstance(aor, str) else aor).aor
        known = self._aors.get(name, ())
        alive = tuple(known_one for known_one in known if known_one.deadline > now)
        if known and not alive:
            self._store(name, ())
        return alive

    def contact_of(self, user: str, now: float) -> str | None:
        """The URI of the best live binding (highest q, then the latest) of this user, or of `user@host` exactly."""
        best: Binding | None = None
        rank = (-1.0, -1.0)
        for aor in self._index.of_user(user):
            for one in self._alive(aor, now):
                if (_q(one), one.updated) >= rank:
                    best, rank = one, (_q(one), one.updated)
        return None if best is None else str(best.contact.uri)

    def route_to(self, uri: str, now: float) -> tuple[Flow, list[str]] | None:
        """How to reach a contact that is bound by this URI: where it registered from, and its Path (RFC 3327 5.4).

        Of several the one that was registered last counts. `ParseError` for text that is no URI.
        """
        wanted = Uri.parse(uri)
        for aor in self._index.of_contact(wanted):
            for one in sorted(self._alive(aor, now), key=lambda one: -one.updated):
                if one.flow is not None and one.contact.uri.equivalent(wanted):
                    return one.flow, list(one.path)
        return None

    def behind_gruu(self, gruu: Uri, now: float) -> Binding | None:
        """The contact that a GRUU of ours leads to, the one that was refreshed last (RFC 5627 section 6.1)."""
        if "gr" not in gruu.params:
            return None
        if gruu.params.get("gr"):
            aor = gruu.aor
            found = [one for one in self._alive(aor, now) if is_public_of(gruu, _instance(one))]
        else:
            found = [
                one
                for aor in self._aors
                if aor.endswith(gruu.hostport.lower())
                for one in self._alive(aor, now)
                if is_temporary_of(gruu, aor, _instance(one), one.call_id, key=self._gruu_key)
            ]
        return max((one for one in found if one.flow is not None), key=lambda one: one.updated, default=None)

    def _alive(self, aor: str, now: float) -> tuple[Binding, ...]:
        return tuple([one for one in self._aors.get(aor, ()) if one.deadline > now])

    def _store(self, aor: str, bindings: tuple[Binding, ...]) -> None:
        """Keep these bindings of it; none: forget it."""
        before = [one.contact.uri for one in self._aors.get(aor, ())]
        self._index.replace(aor, before, [one.contact.uri for one in bindings])
        if bindings:
            self._aors[aor] = bindings
        else:
            self._aors.pop(aor, None)

    def register(self, request: Request, now: float, flow: Flow | None = None) -> Outcome:
        """Process one REGISTER (10.3 steps 1 and 5 to 8)."""
        try:
            return self._register(request, now, flow)
        except _RefusalError as refusal:
            return refusal.outcome
        except ParseError as error:
            return Outcome(error.status, (), error.what)

    def _register(self, request: Request, now: float, flow: Flow | None) -> Outcome:
        uri = request.to.uri
        # 10.2: "The To header field ... MUST be a SIP URI or SIPS URI"
        if not uri.is_sip:
            raise _RefusalError(400, "To Is No SIP URI")
        # 1. ... 5. "If the address-of-record is not valid for the domain in the Request-URI ... 404"
        if self._domains is not None and not {request.target.host.lower(), uri.host.lower()} <= self._domains:
            raise _RefusalError(404)
        if "path" in request and "path" not in request.supported and not self._path_unasked:
            raise _RefusalError(420)
        current = self.bindings(uri, now)
        contacts = request.contacts
        if contacts is None:
            updated = self._cleared(request, current)
        elif contacts:
            updated = self._updated(request, current, contacts, now, flow)
        else:
            # 6. "checks whether the request contains the Contact header field. If not, it skips to the last step."
            updated = current
        self._commit(uri.aor, updated, now)
        return Outcome(200, tuple(self._value(request, one, now) for one in updated))

    def _cleared(self, request: Request, current: tuple[Binding, ...]) -> tuple[Binding, ...]:
        """Step 6 for `Contact: *`."""
        # "If the request has additional Contact fields or an expiration time other than zero, the request is invalid"
        if request.expires != 0:
            raise _RefusalError(400, "Contact * Needs Expires 0")
        for one in current:
            _check_order(one, request)
        return ()

    def _updated(
        self,
        request: Request,
        current: tuple[Binding, ...],
        contacts: Sequence[NameAddr],
        now: float,
        flow: Flow | None,
    ) -> tuple[Binding, ...]:
        """Step 7: every contact in turn, on a copy of the list."""
        keys = self._flow_keys(request, contacts)
        fallback = _default_expires(request, self._capabilities)
        updated = list(current)
        settled: list[Binding] = []
        path = tuple(request.every("path"))
        for contact, key in zip(contacts, keys, strict=True):
            seconds = self._granted(fallback if contact.expires is None else contact.expires)
            if seconds and "+sip.instance" in contact.params:
                self._check_gruu(request, contact)
            old = next((one for one in updated if _same(one, contact, key)), None)
            if old is not None and old not in settled:
                _check_order(old, request, repeatable=seconds > 0)
            if not seconds:
                updated = [one for one in updated if one is not old]
                continue
            new = Binding(_stripped(contact), request.call_id, request.cseq.number, now + seconds, path, flow, key, now)
            settled.append(new)
            if old is None:
                updated.append(new)
            else:
                updated[updated.index(old)] = new
        if len(updated) > self._most_bindings:
            raise _RefusalError(500, "Too Many Bindings")
        return tuple(updated)

    def _granted(self, asked: int) -> int:
        """Step 7: the interval of one contact, 0 to remove it."""
        # "If and only if the requested expiration interval is greater than zero AND smaller than one hour AND less
        # than a registrar-configured minimum, the registrar MAY reject"
        if 0 < asked < min(_HOUR, self._capabilities.min_expires):
            raise _RefusalError(423)
        return min(asked, self._capabilities.max_expires)

    def _flow_keys(self, request: Request, contacts: Sequence[NameAddr]) -> list[tuple[str, str] | None]:
        """Instance and reg-id of each contact that is a flow; the checks of RFC 5626 section 6."""
        if "outbound" not in self._capabilities.supported or not any("reg-id" in one.params for one in contacts):
            return [None] * len(contacts)
        if not behind_outbound_proxy(request):
            # "if the REGISTER request contains the reg-id and the outbound option tag ... MUST respond ... with a 439"
            if "outbound" in request.supported:
                raise _RefusalError(439)
            return [None] * len(contacts)
        fallback = _default_expires(request, self._capabilities)
        lasting = [one for one in contacts if (fallback if one.expires is None else one.expires)]
        if len(lasting) > 1 and flows_of(request):
            raise _RefusalError(400, "Several Contacts With reg-id")
        # "a reg-id but no instance-id ... simply ignores the reg-id"
        return [
            (one.params.get("+sip.instance") or "", one.params.get("reg-id") or "")
            if one.params.get("+sip.instance") and one.params.get("reg-id")
            else None
            for one in contacts
        ]

    def _check_gruu(self, request: Request, contact: NameAddr) -> None:
        """RFC 5627 section 5.1: a contact with an instance must not lead back to its address-of-record."""
        if "gruu" not in self._capabilities.supported:
            return
        aor = request.to.uri
        plain = replace(contact.uri, params=contact.uri.params.without("gr"))
        if (
            not contact.uri.is_sip
            or contact.uri.equivalent(aor)
            or ("gr" in contact.uri.params and plain.equivalent(aor))
        ):
            raise _RefusalError(403, "Contact Leads Back To Its Address")

    def _commit(self, aor: str, updated: tuple[Binding, ...], now: float) -> None:
        if updated and aor not in self._aors and len(self._aors) >= self._most_aors:
            self._sweep(now)
            if len(self._aors) >= self._most_aors:
                raise _RefusalError(500, "Too Many Addresses")
        self._store(aor, updated)
        self._earliest = min([self._earliest, *(one.deadline for one in updated)])

    def _sweep(self, now: float) -> None:
        """Drop what has expired, if anything can have."""
        if now < self._earliest:
            return
        for aor in list(self._aors):
            self._store(aor, self._alive(aor, now))
        self._earliest = min((one.deadline for all_ in self._aors.values() for one in all_), default=float("inf"))

    def _value(self, request: Request, one: Binding, now: float) -> str:
        """Step 8: a Contact value; with its GRUUs for a client that knows them (RFC 5627 section 5.2)."""
        contact = one.contact
        instance = contact.params.get("+sip.instance")
        if instance and "gruu" in request.supported and "gruu" in self._capabilities.supported:
            aor = request.to.uri
            params = contact.params.with_value("pub-gruu", f'"{public_gruu(aor, instance)}"')
            if self._ids is not None:
                if not self._gruu_key:
                    self._gruu_key = self._ids.getrandbits(256).to_bytes(32, "big")
                made = temporary_gruu(aor, instance, one.call_id, one.cseq, key=self._gruu_key)
                params = params.with_value("temp-gruu", f'"{made}"')
            contact = NameAddr(contact.uri, contact.display, params)
        return binding(contact, max(round(one.deadline - now), 1))


def _default_expires(request: Request, capabilities: Capabilities) -> int:
    """Step 7: what a contact without `expires` asks for; a malformed Expires counts as 3600 (section 10.2)."""
    try:
        asked = request.expires
    except ParseError:
        return DEFAULT_EXPIRES
    return capabilities.default_expires if asked is None else asked


def _check_order(old: Binding, request: Request, *, repeatable: bool = False) -> None:
    """Steps 6 and 7: a binding of the same Call-ID changes only for a higher CSeq, else the whole request fails.

    `repeatable`: the request only says again that the binding is there, which an equal CSeq may do, too.
    """
    number = request.cseq.number
    if old.call_id == request.call_id and (number < old.cseq or (number == old.cseq and not repeatable)):
        raise _RefusalError(500, "CSeq Out Of Order")


def _same(one: Binding, contact: NameAddr, key: tuple[str, str] | None) -> bool:
    """Whether `contact` means that binding: the same flow, or by URI comparison (RFC 3261 section 19.1.4)."""
    if key is not None or one.key is not None:
        return one.key == key
    return one.contact.uri.equivalent(contact.uri)


def _instance(one: Binding) -> str:
    return one.contact.params.get("+sip.instance") or ""


def _q(one: Binding) -> float:
    try:
        return float(one.contact.params.get("q") or 1.0)
    except ValueError:
        return 1.0


def _stripped(contact: NameAddr) -> NameAddr:
    params = contact.params
    for name in _OURS_ALONE:
        params = params.without(name)
    return NameAddr(contact.uri, contact.display, params)
