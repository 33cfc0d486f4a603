"""How a client registers (RFC 3261 section 10.2, RFC 5626 section 4.2.1)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from responder.errors import ParseError
from responder.observe.identity import identity_of
from responder.observe.rules.attempts import client_of
from responder.observe.rules.comparing import address, brief, came_directly, same_uri, uri_of
from responder.observe.rules.rule import (
    MUST,
    SHOULD,
    Finding,
    broken,
    judged,
    kept,
    of_call,
    of_exchange,
    of_run,
)
from responder.observe.transcript import CallSeen, Exchange, Seen, Transcript
from responder.sip.name_addr import NameAddr
from responder.sip.uri import Uri

_REGISTER: Final = ("REGISTER",)
_TIMEOUT: Final = 32.0
"""64*T1: how long a request waits for its final response (17.1.2.2)."""
_AT_ONCE: Final = 1.0
_A_MOMENT: Final = 0.25
"""Seconds that a request may take to get here."""


def _uri(text: str) -> Uri | None:
    try:
        return Uri.parse(text)
    except ParseError:
        return None


def _contacts(seen: Seen) -> list[NameAddr]:
    """The contacts that can be read, `*` left out."""
    found = (address(value) for value in seen.every("contact") if value != "*")
    return [one for one in found if one is not None]


def _number(value: str) -> int | None:
    return int(value) if value.isascii() and value.isdigit() and len(value) <= 10 else None


@of_exchange(
    "register-names-the-domain",
    MUST,
    "RFC 3261 10.2",
    "The Request-URI of a REGISTER has no user part.",
    methods=_REGISTER,
)
def _domain(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    text = exchange.request.request.uri
    uri = _uri(text)
    if uri is not None and uri.is_sip:
        yield judged(uri.raw_user is None, f"{uri.scheme}:{uri.hostport}", text, exchange.request)


@of_exchange(
    "registered-address-is-a-sip-uri",
    MUST,
    "RFC 3261 10.2",
    "The address-of-record in the To of a REGISTER is a SIP or SIPS URI.",
    methods=_REGISTER,
)
def _address_of_record(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    value = exchange.request.first("to")
    uri = _uri(uri_of(value))
    if uri is not None:
        yield judged(uri.is_sip, "a sip or sips URI", value, exchange.request)


@of_exchange(
    "register-has-no-to-tag",
    MUST,
    "RFC 3261 8.1.1.2",
    "A REGISTER has no To tag, a later one neither: registering makes no dialog (10.2).",
    methods=_REGISTER,
)
def _no_to_tag(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    tag = exchange.identity.to_tag
    ours = {
        identity_of(response.response).to_tag
        for one in call.requests_of_client
        if one.method == "REGISTER" and one.request.number < exchange.request.number
        for response in one.finals
    }
    made = {dialog.our_tag for dialog in call.dialogs}
    if tag in made:
        return  # within a dialog that other requests of the call have made
    yield judged(not tag, "no To tag", f"{'our' if tag in ours else 'a'} tag {tag}", exchange.request)


@of_call(
    "register-cseq-is-one-higher",
    MUST,
    "RFC 3261 10.2",
    "CSeq rises by one with each REGISTER of one Call-ID.",
)
def _cseq(call: CallSeen) -> Iterator[Finding]:
    requests = [one for one in call.requests_of_client if one.method == "REGISTER" and one.identity.cseq >= 0]
    others = {one.identity.cseq for one in call.requests_of_client if one.method != "REGISTER"}
    for before, after in pairwise(requests):
        if before.identity.from_tag != after.identity.from_tag and client_of(before) != client_of(after):
            continue
        first, second = before.identity.cseq, after.identity.cseq
        if second <= first and before.status in (401, 407):
            continue  # `challenged-request-comes-with-a-higher-cseq`
        skipped = set(range(first + 1, min(second, first + 50))) - others
        lost = not came_directly(after.request) or after.time > before.time + _TIMEOUT
        # what is missing may have gone elsewhere, or nowhere
        right = second > first and (not skipped or lost)
        yield judged(right, str(first + 1), str(second), before.request, after.request)


@of_call(
    "one-registration-at-a-time",
    MUST,
    "RFC 3261 10.2",
    "No new REGISTER before the final response to the last one, or its timeout.",
)
def _one_at_a_time(call: CallSeen) -> Iterator[Finding]:
    requests = [one for one in call.requests_of_client if one.method == "REGISTER"]
    for before, after in pairwise(requests):
        moved = before.request.record.connection != after.request.record.connection
        if moved or client_of(before) != client_of(after) or after.time >= before.time + _TIMEOUT - 1.0:
            continue
        early = not before.answered_before(after.request)
        if early and _strangely_answered(before, after, call.run):
            continue
        yield judged(
            not early,
            "a final response first",
            f"another one {after.time - before.time:.3f} s after the last",
            before.request,
            after.request,
        )


def _strangely_answered(before: Exchange, after: Exchange, run: Transcript) -> bool:
    """Whether a response that a client may take or leave went out between two requests."""
    return any(
        before.request.number < seen.number < after.request.number
        and seen.message is not None
        and identity_of(seen.message).branch == before.identity.branch
        for seen in run.strays
    )


@of_call(
    "timed-out-registration-is-not-retried-at-once",
    SHOULD,
    "RFC 3261 10.2.7",
    "A REGISTER that nobody answered is not sent to the same registrar again at once.",
)
def _timed_out(call: CallSeen) -> Iterator[Finding]:
    requests = [one for one in call.requests_of_client if one.method == "REGISTER"]
    for before, after in pairwise(requests):
        pause = after.time - before.time
        unanswered = not before.answered_before(after.request)
        if unanswered and pause >= _TIMEOUT - 1.0 and client_of(before) == client_of(after):
            yield judged(
                pause >= _TIMEOUT + _AT_ONCE,
                "some time after the timeout",
                f"{pause:.3f} s after the last",
                before.request,
                after.request,
            )


@of_exchange(
    "star-comes-with-expires-zero",
    MUST,
    "RFC 3261 10.2.2",
    "Contact: * is sent with Expires: 0 only, and alone.",
    methods=_REGISTER,
)
def _star(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    contacts = exchange.request.every("contact")
    if "*" in contacts:
        expires = exchange.request.first("expires")
        right = _number(expires) == 0 and len(contacts) == 1
        actual = f"Contact: {brief(contacts)}, Expires: {expires or 'none'}"
        yield judged(right, "Contact: *, Expires: 0", actual, exchange.request)


@of_exchange(
    "action-parameter-is-not-used",
    SHOULD,
    "RFC 3261 10.2",
    "Contacts of a REGISTER have no `action` parameter, which RFC 2543 had.",
    methods=_REGISTER,
)
def _action(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    contacts = _contacts(exchange.request)
    if contacts:
        wrong = [str(one) for one in contacts if "action" in one.params]
        yield judged(not wrong, "no action", brief(wrong), exchange.request)


def _granted(exchange: Exchange, contact: NameAddr) -> int | None:
    """For how many seconds a registration of this contact was granted; None where it was not, 0 where it is gone."""
    final = exchange.final
    if final is None or not 200 <= exchange.status < 300:
        return None
    general = _number(final.first("expires"))
    for one in _contacts(final):
        if same_uri(str(one.uri), str(contact.uri)):
            return general if one.expires is None else one.expires
    return 0


def _bindings(run: Transcript) -> Iterator[tuple[NameAddr, list[Exchange]]]:
    """Each contact of each client and address-of-record, with the REGISTERs that were about it, in order."""
    found: dict[tuple[object, ...], tuple[NameAddr, list[Exchange]]] = {}
    for exchange in sorted((one for one in run.exchanges if one.by_client), key=lambda one: one.request.number):
        if exchange.method != "REGISTER":
            continue
        record = uri_of(exchange.request.first("to")), exchange.request.request.uri, client_of(exchange)
        for contact in _contacts(exchange.request):
            key = (*record, str(contact.uri), contact.params.get("reg-id"))
            found.setdefault(key, (contact, []))[1].append(exchange)
    yield from found.values()


@of_run(
    "registrations-share-a-call-id",
    SHOULD,
    "RFC 3261 10.2",
    "A registration is refreshed with the Call-ID that it was made with.",
)
def _call_id(run: Transcript) -> Iterator[Finding]:
    for contact, requests in _bindings(run):
        for before, after in pairwise(requests):
            granted = _granted(before, contact)
            if granted and before.final is not None and after.time < before.final.time + granted:
                ours, theirs = before.identity.call_id, after.identity.call_id
                yield judged(ours == theirs, ours, theirs, before.request, after.request)


@of_run(
    "registration-is-refreshed-in-time",
    SHOULD,
    "RFC 3261 10.2.4",
    "A registration is refreshed before the interval that was granted has elapsed.",
)
def _in_time(run: Transcript) -> Iterator[Finding]:
    for contact, requests in _bindings(run):
        for before, after in pairwise(requests):
            granted = _granted(before, contact)
            if not granted or before.final is None or before.identity.call_id != after.identity.call_id:
                continue
            passed = after.time - before.final.time
            if passed <= granted + max(_A_MOMENT, granted / 100):
                yield kept(before.final, after.request)
            else:
                yield broken(f"within {granted} s", f"after {passed:.1f} s", before.final, after.request)
        last = requests[-1]
        granted = _granted(last, contact)
        if granted and last.final is not None and _is_still_there(last, last.final.time + granted, run):
            yield broken(f"a REGISTER within {granted} s", "none came", last.final)


def _is_still_there(exchange: Exchange, until: float, run: Transcript) -> bool:
    """Whether a client was there after that time: it was ended by us later, or sent something else."""
    stayed = run.client is not None and run.client.how == "ended" and run.end > until + _A_MOMENT
    return stayed or run.heard_from(exchange.request.record.remote, until + _AT_ONCE)


def _outbound(exchange: Exchange) -> list[NameAddr]:
    """The contacts of a registration that have a reg-id."""
    return [one for one in _contacts(exchange.request) if "reg-id" in one.params]


@of_exchange(
    "reg-id-comes-with-an-instance",
    MUST,
    "RFC 5626 4.2.1",
    "A contact with reg-id has +sip.instance.",
    methods=_REGISTER,
)
def _instance(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    for contact in _outbound(exchange):
        right = bool(contact.params.get("+sip.instance"))
        yield judged(right, "+sip.instance", str(contact), exchange.request)


@of_exchange(
    "outbound-registration-supports-outbound-and-path",
    MUST,
    "RFC 5626 4.2.1",
    "A REGISTER with reg-id has outbound and path in Supported.",
    methods=_REGISTER,
)
def _supported(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    if _outbound(exchange):
        supported = {value.lower() for key in ("supported", "require") for value in exchange.request.every(key)}
        lacks = sorted({"outbound", "path"} - supported)
        yield judged(not lacks, "Supported: outbound, path", f"no {brief(lacks)}", exchange.request)
