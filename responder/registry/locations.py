"""Addresses in responses: redirection, bindings, flows, permissions (RFC 3261 8.3, 10.3; RFC 5626; RFC 5360)."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from responder.errors import ParseError
from responder.registry.capabilities import Capabilities
from responder.registry.derive import agent, attempt, contacts_of
from responder.registry.intervals import granted
from responder.registry.occasion import Occasion
from responder.registry.rules import Values, dynamic
from responder.sip.message import Request
from responder.sip.name_addr import NameAddr
from responder.sip.params import Params
from responder.sip.uri import Uri

_entry: Final = re.compile(r"<(?:[A-Za-z_][\w.\-]*+:)?entry\s[^<>]*?\buri\s*+=\s*+[\"']([^\"'<>\s,]++)[\"']").findall
_MOST_ENTRIES: Final = 32


# Redirection ----------------------------------------------------------------------------------------------------


def _ours(occasion: Occasion) -> Uri:
    """The URI of our Contact, or one made of our host where that cannot be read."""
    read = attempt(lambda: NameAddr.parse(occasion.contact).uri, None)
    return read if read and read.is_sip else Uri.parse(f"sip:responder@{agent(occasion.host)}")


def _with_user(uri: Uri, user: str) -> str:
    return f"<{replace(uri, raw_user=user, password=None)}>"


def _elsewhere(occasion: Occasion, *users: str) -> list[str]:
    """The configured targets, or those users at our own address; none equals the Request-URI (RFC 3261 8.3)."""
    configured = [uri if "<" in uri else f"<{uri}>" for uri in occasion.capabilities.redirect_uris]
    target = attempt(lambda: occasion.request.target, None)
    wanted = [value for value in configured if not _leads_to(value, target)]
    if wanted:
        return wanted
    ours = _ours(occasion)
    values = [_with_user(ours, user) for user in users]
    return [
        _with_user(ours, f"{user}-again") if _leads_to(value, target) else value
        for user, value in zip(users, values, strict=True)
    ]


def _leads_to(value: str, target: Uri | None) -> bool:
    there = attempt(lambda: NameAddr.parse(value).uri, None)
    return bool(there and target and there.equivalent(target))


@dynamic("the configured target, or another user at our own address; never the Request-URI")
def redirect(occasion: Occasion) -> Values:
    """Contact of a 301, 302, 380 (RFC 3261 sections 8.3, 21.3)."""
    return _elsewhere(occasion, "redirected")


@dynamic("the configured targets, or two other users at our own address, the better one first")
def choices(occasion: Occasion) -> Values:
    """Contact of a 300 (RFC 3261 section 21.3.1)."""
    values = _elsewhere(occasion, "redirected", "voicemail")
    if len(values) < 2 or any(";q=" in value.rpartition(">")[2] for value in values):
        return values
    return [f"{value};q={max(10 - 5 * rank, 1) / 10:.1f}" for rank, value in enumerate(values)]


@dynamic("the configured proxy, or our own address with lr")
def proxy(occasion: Occasion) -> Values:
    """Contact of a 305 (RFC 3261 section 21.3.4)."""
    configured = occasion.capabilities.proxy_uri
    if configured:
        return [configured if "<" in configured else f"<{configured}>"]
    ours = _ours(occasion)
    return [f"<{replace(ours, raw_user=None, password=None, params=ours.params.with_value('lr', None))}>"]


@dynamic("two unambiguous users at our own address, made of the ambiguous one")
def alternatives(occasion: Occasion) -> Values:
    """Contact of a 485 (RFC 3261 section 21.4.23)."""
    target = attempt(lambda: occasion.request.target, None)
    user = (target.raw_user if target else None) or "user"
    return _elsewhere(occasion, f"{user}.1", f"{user}.2")


# Registration ---------------------------------------------------------------------------------------------------


def binding(contact: NameAddr, seconds: int) -> str:
    """A Contact value of a 2xx to REGISTER, its `expires` set to what is left (RFC 3261 section 10.3 step 8)."""
    return str(NameAddr(contact.uri, contact.display, contact.params.with_value("expires", str(seconds))))


@dynamic("every binding of the address-of-record with the seconds left to it")
def bindings(occasion: Occasion) -> Values:
    """Contact of a 2xx to REGISTER; without a registrar the request's own contacts as if they were registered now."""
    if occasion.bindings is not None:
        return occasion.bindings
    asked = attempt(lambda: occasion.request.expires, None)
    kept = [
        (contact, granted(asked if contact.expires is None else contact.expires, occasion.capabilities))
        for contact in contacts_of(occasion.request)
    ]
    return [binding(contact, seconds) for contact, seconds in kept if seconds]


def behind_outbound_proxy(request: Request) -> bool:
    """Whether the first hop of a REGISTER does outbound (RFC 5626 section 6): it is us, or Path begins with `ob`."""
    if len(request.every("via")) < 2:
        return True
    route = request.every("path")[:1]
    return bool(route) and "ob" in attempt(lambda: NameAddr.parse(route[0]).uri.params, Params())


def flows_of(request: Request) -> list[NameAddr]:
    """The Contacts of a REGISTER that register a flow: instance and reg-id are there, expiration is not 0."""
    default = attempt(lambda: request.expires, None)
    flows: list[NameAddr] = []
    for contact in contacts_of(request):
        seconds = default if contact.expires is None else contact.expires
        if seconds != 0 and contact.params.get("reg-id") and contact.params.get("+sip.instance"):
            flows.append(contact)
    return flows


def outbound(request: Request, capabilities: Capabilities) -> bool:
    """Whether a REGISTER is processed by RFC 5626 section 6: then `outbound` stands in Require of the 2xx."""
    return (
        "outbound" in request.supported
        and "outbound" in capabilities.supported
        and behind_outbound_proxy(request)
        and bool(flows_of(request))
    )


@dynamic("outbound, where a flow was registered by RFC 5626")
def require_outbound(occasion: Occasion) -> Values:
    """Require of a 2xx to REGISTER (RFC 5626 section 6)."""
    return ["outbound"] if outbound(occasion.request, occasion.capabilities) else ()


@dynamic("the configured number of seconds, where outbound is in Require")
def flow_timer(occasion: Occasion) -> Values:
    """Flow-Timer (RFC 5626 sections 5.4, 10)."""
    return [str(occasion.capabilities.flow_timer)] if require_outbound.compute(occasion) else ()


# Consent --------------------------------------------------------------------------------------------------------


@dynamic("the URIs of the request's list, else of Refer-To, else the Request-URI")
def permission_missing(occasion: Occasion) -> Values:
    """Permission-Missing (RFC 5360 section 5.9.3)."""
    request = occasion.request
    content_type = (request.first("content-type") or "").lower()
    found: list[str] = []
    if "resource-lists" in content_type or content_type.startswith("multipart/"):
        found = _entry(request.body.decode("utf-8", "replace"))[:_MOST_ENTRIES]
    uris = [uri.replace("&amp;", "&") for uri in found if _readable(uri)]
    if not uris and (refer_to := request.first("refer-to")):
        referred = attempt(lambda: NameAddr.parse(refer_to).uri, None)
        uris = [str(referred)] if referred else []
    return [f"<{uri}>" for uri in uris or [request.uri]]


def _readable(uri: str) -> bool:
    try:
        Uri.parse(uri.replace("&amp;", "&"))
    except ParseError:
        return False
    return True
