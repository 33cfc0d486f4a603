"""What is wrong with a message's header fields (RFC 3261 sections 8.1.1, 8.2, 20, 25; RFC 4475; RFC 5118).

Rules
1. Only fields that a UAS needs are looked at: "A UAS SHOULD ignore any malformed header fields that are not necessary
   for processing requests" (8.2.2). A wrong Date is no fault.
2. What is well-formed but unwelcome (scheme, method, extension, media type, hop count) is not decided here.
3. Values that repeat from request to request are checked once and remembered, in bounded sets; a value that was
   refused is never remembered.
4. Looking for the fault reads the identifying fields: afterwards `top_via`, `from_tag`, `to_tag`, `call_id` and `cseq`
   of a request without fault cost nothing any more.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from operator import itemgetter
from typing import Final, NamedTuple, TypeAlias

from responder.errors import ParseError, detached
from responder.sip import header_names
from responder.sip.abnf import elements, is_call_id, is_token, number
from responder.sip.fields import CSeq, Event, MediaType, RAck, Replaces, SessionExpires
from responder.sip.message import Request, Response, Shape, address_of
from responder.sip.methods import METHODS
from responder.sip.uri import Uri
from responder.sip.via import MAGIC_COOKIE, Via, top_via

_Check: TypeAlias = Callable[[str], bool]


class _Plan(NamedTuple):
    """Where a message of one Shape has what."""

    via: int
    more_vias: tuple[int, ...]
    from_: int
    to: int
    call_id: int
    cseq: int
    pick: Callable[[tuple[str, ...]], Hashable] | None
    """Picks the values of `others` and `contacts`; None where there are none."""
    others: tuple[tuple[int, set[str], _Check], ...]
    contacts: tuple[int, ...]
    typed: bool
    """Whether there is a Content-Type."""


_new: Final = tuple.__new__
_BOUND: Final = 1024
_LONG: Final = 512
_addresses: set[str] = set()
_contacts: set[str] = set()
_cseqs: dict[str, CSeq] = {}
_picked: dict[Hashable, _Plan] = {}
_targets: set[str] = set()


def fault_of(request: Request) -> ParseError | None:
    """The first fault that RFC 3261 wants answered, with the status that fits; None for a well-formed request."""
    if request.problem is not None:
        return request.problem
    values = request.values
    try:
        plan: _Plan = request.shape.memo.get("syntax") or _plan_of(request.shape)
        via_at, more_vias, from_at, to_at, call_id_at, cseq_at, pick, _, _, typed = plan
        if request.uri not in _targets:
            _check_target(request.uri)
        value = values[via_at]
        request.top_via = top = top_via(value)
        # The cookie promises a unique branch, and nothing follows it (RFC 4475 section 3.2.1).
        if top[-1] == MAGIC_COOKIE:
            raise ParseError("Malformed Via: empty branch", field="Via")
        if more_vias or "," in value:
            _check_vias([value, *[values[at] for at in more_vias]])
        value = values[from_at]
        at = value.rfind(";tag=")
        if at > 0 and value[:at] in _addresses and is_token(tag := value[at + 5 :]):
            request.from_tag = tag
        else:
            request.from_tag = _checked_tag(value, "From")
        value = values[to_at]
        if value in _addresses:
            request.to_tag = None
        else:
            request.to_tag = _checked_tag(value, "To")
        value = values[call_id_at].strip(" \t")
        if not is_call_id(value):
            raise ParseError("Malformed Call-ID", field="Call-ID")
        request.call_id = value
        value = values[cseq_at]
        request.cseq = cseq = _cseqs.get(value) or _checked_cseq(value)
        if cseq[1] != request.method:
            return _mismatch(request)
        if pick is not None:
            picked = pick(values)
            if _picked.get(picked) is not plan:
                _check_others(request, plan, picked)
        if not typed and request.body:
            raise ParseError("Missing Content-Type", field="Content-Type")
        if request.method in _NEEDED_BY:
            _check_needed(request)
    except ParseError as error:
        return detached(error)
    return None


def fault_of_response(response: Response) -> ParseError | None:
    """The first fault for which a response is discarded (RFC 3261 section 8.1.3, RFC 4475 section 3.1.2.5)."""
    if response.problem is not None:
        return response.problem
    try:
        if "syntax" not in response.shape.memo:
            _plan_of(response.shape)
        _check_vias([response.values[at] for at in response.shape.every["via"]])
        for key, name in (("from", "From"), ("to", "To")):
            _checked_tag(response.values[response.shape.index[key]], name)
        _ = response.call_id, response.cseq
    except ParseError as error:
        return detached(error)
    return None


# ------------------------------------------------------------------------------------------------ identifying fields


def _checked_cseq(value: str) -> CSeq:
    lead, _, rest = value.partition(" ")
    digits, _, method = rest.partition(" ")
    if not lead and len(digits) <= 9 and digits.isdecimal() and digits.isascii() and method in METHODS:
        cseq = _new(CSeq, (int(digits), method))
    else:
        cseq = CSeq.parse(value)
    if len(value) <= 64:
        if len(_cseqs) >= _BOUND:
            _cseqs.clear()
        _cseqs[value] = cseq
    return cseq


def _checked_tag(value: str, name: str) -> str | None:
    """Check a From or To value and remember what it is without its tag; the tag."""
    at = value.rfind(";tag=")
    around, tag = value, None
    if at > 0 and is_token(value[at + 5 :]):
        around, tag = value[:at], value[at + 5 :]
        if around in _addresses:
            return tag
    address = address_of(around, name)
    inner = [key.lower() for key, _ in address.params.items].count("tag")
    if inner + (tag is not None) > 1:
        raise ParseError(f"Malformed {name}: several tags", field=name)
    if inner:
        return address.tag
    if len(around) <= _LONG:
        if len(_addresses) >= _BOUND:
            _addresses.clear()
        _addresses.add(around)
    return tag


def _check_vias(values: list[str]) -> None:
    for value in values:
        if "," not in value:
            top_via(value)
            continue
        for element in elements(value):
            Via.parse(element)


def _check_target(text: str) -> None:
    try:
        uri = Uri.parse(text)
    except ParseError:
        raise ParseError("Malformed Request-URI", field="Request-URI") from None
    # Headers are not allowed in a Request-URI (RFC 3261 section 19.1.1, RFC 4475 section 3.1.2.11).
    if uri.headers:
        raise ParseError("Malformed Request-URI: headers in it", field="Request-URI")
    if len(text) <= _LONG:
        if len(_targets) >= _BOUND:
            _targets.clear()
        _targets.add(text)


def _mismatch(request: Request) -> ParseError:
    # "Any element receiving this response should respond with a 501 Not Implemented. A 400 Bad Request is also
    # acceptable" (RFC 4475 section 3.1.2.18) where the method is unknown; 400 else.
    status = 400 if request.method in METHODS else 501
    return ParseError("CSeq method differs from the request's", status=status, field="CSeq")


# ------------------------------------------------------------------------------------------------ the other fields


def _check_others(request: Request, plan: _Plan, picked: Hashable) -> None:
    size = 0
    for at, good, check in plan.others:
        value = request.values[at]
        size += len(value)
        if value not in good and check(value) and len(value) <= _LONG:
            if len(good) >= _BOUND:
                good.clear()
            good.add(value)
    lasting = not plan.contacts or _check_contacts(request, plan)
    if lasting and size <= _LONG:
        if len(_picked) >= _BOUND:
            _picked.clear()
        _picked[picked] = plan


def _check_contacts(request: Request, plan: _Plan) -> bool:
    """Check Contact; whether the outcome is the same in a request of any other method."""
    value = request.values[plan.contacts[0]]
    if len(plan.contacts) == 1 and value in _contacts:
        return True
    method = METHODS.get(request.method)
    contacts = request.contacts
    if contacts is None:
        if request.method != "REGISTER":
            raise ParseError("Malformed Contact: * outside REGISTER", field="Contact")
        return False
    if len(contacts) == 1 and len(plan.contacts) == 1 and len(value) <= _LONG:
        if len(_contacts) >= _BOUND:
            _contacts.clear()
        _contacts.add(value)
        return True
    if len(contacts) != 1 and method is not None and method.creates_dialog:
        # "MUST be present and contain exactly one SIP or SIPS URI in any request that can result in the
        # establishment of a dialog" (8.1.1.8)
        raise ParseError("Not exactly one Contact", field="Contact")
    return False


def _name_addrs(name: str) -> Callable[[str], bool]:
    def check(value: str) -> bool:
        for element in elements(value):
            address_of(element, name)
            # rec-route, route-param  =  name-addr *( SEMI rr-param )
            if "<" not in element:
                raise ParseError(f"Malformed {name}: URI needs <> around it", field=name)
        return True

    return check


def _option_tags(name: str) -> Callable[[str], bool]:
    def check(value: str) -> bool:
        tags = elements(value)
        if not tags or not all(is_token(tag) for tag in tags):
            raise ParseError(f"Malformed {name}", field=name)
        return True

    return check


def _parsed(parse: Callable[[str], object]) -> Callable[[str], bool]:
    def check(value: str) -> bool:
        parse(value)
        return True

    return check


_CHECKS: Final[dict[str, Callable[[str], bool]]] = {
    "content-type": _parsed(MediaType.parse),
    "event": _parsed(Event.parse),
    "expires": _parsed(lambda value: number(value, field="Expires")),
    # Max-Forwards is 0 to 255 (RFC 3261 section 20.22)
    "max-forwards": _parsed(lambda value: number(value, field="Max-Forwards", largest=255)),
    "min-se": _parsed(lambda value: SessionExpires.parse(value, field="Min-SE")),
    "proxy-require": _option_tags("Proxy-Require"),
    "rack": _parsed(RAck.parse),
    "record-route": _name_addrs("Record-Route"),
    "refer-to": _parsed(lambda value: address_of(value, "Refer-To")),
    "replaces": _parsed(Replaces.parse),
    "require": _option_tags("Require"),
    "route": _name_addrs("Route"),
    "session-expires": _parsed(SessionExpires.parse),
}
_good: Final[dict[str, set[str]]] = {key: set() for key in _CHECKS}

_MANDATORY: Final = ("via", "from", "to", "call-id", "cseq")
"""Max-Forwards is missing here on purpose: requests by RFC 2543 have none (RFC 4475 section 3.4.1)."""
_SINGLE: Final = (
    "from",
    "to",
    "call-id",
    "cseq",
    "max-forwards",
    "content-length",
    "content-type",
    "event",
    "expires",
    "min-se",
    "rack",
    "refer-to",
    "replaces",
    "session-expires",
)
"""Fields that a UAS reads and of which there can be one only (RFC 3261 section 7.3.1)."""

_NEEDED_BY: Final = {"PRACK": "rack", "REFER": "refer-to"}
"""RFC 3262 section 7.2; RFC 3515 section 2.4.1. (No Event in SUBSCRIBE is a 489 matter, RFC 6665 section 4.2.1.2.)"""


def _check_needed(request: Request) -> None:
    key = _NEEDED_BY[request.method]
    if key not in request.shape.index:
        name = header_names.display(key)
        raise ParseError(f"Missing {name}", field=name)


def _plan_of(shape: Shape) -> _Plan:
    for key in _MANDATORY:
        if key not in shape.index:
            name = header_names.display(key)
            raise ParseError(f"Missing {name}", field=name)
    for key in _SINGLE:
        if len(shape.every.get(key, ())) > 1:
            name = header_names.display(key)
            raise ParseError(f"Several {name}", field=name)
    via, *more_vias = shape.every["via"]
    others = tuple([(at, _good[key], _CHECKS[key]) for at, key in enumerate(shape.keys) if key in _CHECKS])
    contacts = shape.every.get("contact", ())
    positions = [at for at, _, _ in others] + list(contacts)
    plan = _Plan(
        via,
        tuple(more_vias),
        shape.index["from"],
        shape.index["to"],
        shape.index["call-id"],
        shape.index["cseq"],
        itemgetter(*positions) if positions else None,
        others,
        contacts,
        "content-type" in shape.index,
    )
    shape.memo["syntax"] = plan
    return plan
