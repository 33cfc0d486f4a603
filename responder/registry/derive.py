"""Header values from our settings and copies from the request (RFC 3261 section 20): one derivation a header."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, TypeVar

from responder.errors import ParseError
from responder.registry.occasion import Occasion, Place, Setting
from responder.registry.rules import Values, dynamic, local, static
from responder.sip.abnf import elements
from responder.sip.message import Request
from responder.sip.name_addr import NameAddr
from responder.sip.params import Params

T = TypeVar("T")

_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

WARNINGS: Final[dict[int, str]] = {
    300: "Incompatible network protocol",
    301: "Incompatible network address formats",
    302: "Incompatible transport protocol",
    303: "Incompatible bandwidth units",
    304: "Media type not available",
    305: "Incompatible media format",
    306: "Attribute not understood",
    307: "Session description parameter not understood",
    308: "Incompatible language specification",
    330: "Multicast not available",
    331: "Unicast not available",
    370: "Insufficient bandwidth",
    380: "SIPS Not Allowed",
    381: "SIPS Required",
    399: "Miscellaneous warning",
}
"""Registered warn-codes and their texts (RFC 3261 section 20.43, RFC 5630 section 5.1.2, RFC 8373)."""
LOCATION_ERRORS: Final[dict[int, str]] = {
    100: "Cannot Process Location",
    200: "Permission To Use Location Information",
    201: "Permission To Retransmit Location Information to a Third Party",
    202: "Permission to Route based on Location Information",
    300: "Dereference Failure",
}
"""Codes of Geolocation-Error (RFC 6442 section 4.4)."""
ALERT_ERRORS: Final[dict[int, str]] = {
    100: "Cannot process the alert payload",
    101: "Alert payload was not present or could not be found",
    102: "Not enough information to determine the purpose of the alert",
    103: "Alert payload was corrupted",
}
"""Codes of AlertMsg-Error (RFC 8876 section 5.2)."""


def attempt(read: Callable[[], T], otherwise: T) -> T:
    """What `read` gives, or `otherwise` where the request's field is malformed."""
    try:
        return read()
    except ParseError:
        return otherwise


def contacts_of(request: Request) -> list[NameAddr]:
    """The request's Contacts; none for `*` and where one of them is malformed."""
    return attempt(lambda: request.contacts, None) or []


def params_of(text: str) -> Params:
    """The parameters of a configured value such as `digest;d-alg=MD5`; none where it is malformed."""
    _, semicolon, rest = text.partition(";")
    return attempt(lambda: Params.parse(semicolon + rest), Params())


def listed(values: tuple[str, ...]) -> Values:
    """One field with those values, no field where there are none."""
    return [", ".join(values)] if values else ()


def sip_date(wall: float) -> str:
    """Seconds since 1970 as a SIP-date, which is in GMT always (RFC 3261 section 20.17)."""
    at = datetime.fromtimestamp(int(wall), UTC)
    day, month = _DAYS[at.weekday()], _MONTHS[at.month - 1]
    return f"{day}, {at.day:02} {month} {at.year:04} {at.hour:02}:{at.minute:02}:{at.second:02} GMT"


def agent(host: str) -> str:
    """Our host as a warn-agent or in a URI: an IPv6 address gets its brackets."""
    return f"[{host}]" if host.count(":") > 1 and not host.startswith("[") else host


# Settings -------------------------------------------------------------------------------------------------------


@static("our methods")
def allow(setting: Setting) -> Values:
    """Allow (RFC 3261 section 20.5)."""
    return listed(setting.capabilities.allow)


@static("our option-tags")
def supported(setting: Setting) -> Values:
    """Supported (RFC 3261 section 20.37)."""
    return listed(setting.capabilities.supported)


@static("our option-tags but gruu, which a registrar leaves out (RFC 5627 section 5.2)")
def supported_by_registrar(setting: Setting) -> Values:
    """Supported of a 2xx to REGISTER."""
    return listed(tuple(tag for tag in setting.capabilities.supported if tag != "gruu"))


@static("the media types we take; empty where we take none")
def accept(setting: Setting) -> Values:
    """Accept (RFC 3261 section 20.1)."""
    return [", ".join(setting.capabilities.accept)]


@static("the content codings we take")
def accept_encoding(setting: Setting) -> Values:
    """Accept-Encoding (RFC 3261 section 20.2)."""
    return [", ".join(setting.capabilities.accept_encoding)]


@static("the languages we prefer")
def accept_language(setting: Setting) -> Values:
    """Accept-Language (RFC 3261 section 20.3)."""
    return listed(setting.capabilities.accept_language)


@static("the event packages we notify of; left out where there are none")
def allow_events(setting: Setting) -> Values:
    """Allow-Events (RFC 6665 section 4.4.4)."""
    return listed(setting.capabilities.allow_events)


@static("the Info Packages we take; empty where we take none")
def recv_info(setting: Setting) -> Values:
    """Recv-Info (RFC 6086 section 5.2.3)."""
    return [", ".join(setting.capabilities.recv_info)]


@static("the resource values we know; left out where there are none")
def accept_resource_priority(setting: Setting) -> Values:
    """Accept-Resource-Priority (RFC 4412 section 3.2)."""
    return listed(setting.capabilities.resource_priority)


@static("our name")
def server(setting: Setting) -> Values:
    """Server (RFC 3261 section 20.35)."""
    return [setting.capabilities.product]


@static("the configured number of seconds")
def retry_after(setting: Setting) -> Values:
    """Retry-After (RFC 3261 section 20.33)."""
    return [str(setting.capabilities.retry_after)]


@static("the configured number of seconds")
def redirect_expires(setting: Setting) -> Values:
    """Expires of a 302 (RFC 3261 section 21.3.3)."""
    return [str(setting.capabilities.redirect_expires)]


@static("the configured code with its text, 100 as a rule")
def geolocation_error(setting: Setting) -> Values:
    """Geolocation-Error (RFC 6442 section 4.4)."""
    code = setting.capabilities.geolocation_error
    # a specific code nobody knows is read as its x00, everything else as 100
    text = LOCATION_ERRORS.get(code) or LOCATION_ERRORS.get(code // 100 * 100) or LOCATION_ERRORS[100]
    return [f'{code};code="{text}"']


@static("the configured code with its text, 100 as a rule")
def alertmsg_error(setting: Setting) -> Values:
    """AlertMsg-Error (RFC 8876 section 5.2)."""
    code = setting.capabilities.alertmsg_error
    return [f'{code};message="{ALERT_ERRORS.get(code, ALERT_ERRORS[100])}"']


@static("the configured mechanisms")
def security_server(setting: Setting) -> Values:
    """Security-Server (RFC 3329 section 2.3)."""
    return listed(setting.capabilities.security_server)


# Our addresses --------------------------------------------------------------------------------------------------


@local("our address on the flow, SIPS where RFC 3261 section 12.1.1 wants it")
def contact(place: Place) -> Values:
    """Contact of a UA (RFC 3261 sections 8.1.1.8, 12.1.1)."""
    return [place.contact]


@local("an https URL where the signed jCard is to be had, with purpose=jwscard")
def rejection_info(place: Place) -> Values:
    """Call-Info of a 608 (RFC 8688 section 3.1)."""
    url = place.capabilities.rejection_info or f"https://{_host_alone(place.host)}/complaint-jws"
    return [f"<{url}>;purpose=jwscard"]


@local("the configured routes, or our own address with lr")
def service_route(place: Place) -> Values:
    """Service-Route (RFC 3608 section 6.3)."""
    return [f"<{uri}>" for uri in place.capabilities.service_route] or [f"<sip:{agent(place.host)};lr>"]


def _host_alone(host: str) -> str:
    """Our host without its port, an IPv6 address in brackets."""
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return agent(host) if host.count(":") > 1 else host.partition(":")[0]


def secure_contact(request: Request) -> bool:
    """Whether our Contact has to be a SIPS URI in a response that sets up a dialog (RFC 3261 section 12.1.1).

    So it is where the Request-URI is one, or the top Record-Route, or the Contact where there is no Record-Route.
    """
    if request.uri[:5].lower() == "sips:":
        return True
    index = request.shape.index
    at = index.get("record-route", index.get("contact", -1))
    if at < 0 or "sips:" not in request.values[at].lower():
        return False
    address = attempt(lambda: NameAddr.parse(elements(request.values[at])[0]), None)
    return address is not None and address.uri.scheme == "sips"


# Copies and the clock -------------------------------------------------------------------------------------------


@dynamic("every Record-Route of the request, in order, with all parameters")
def record_route(occasion: Occasion) -> Values:
    """Record-Route (RFC 3261 section 12.1.1)."""
    return occasion.request.every("record-route")


@dynamic("every Path of the request, in order")
def path(occasion: Occasion) -> Values:
    """Path (RFC 3327 section 5.3)."""
    return occasion.request.every("path")


@dynamic("the history entries of the request, in order")
def history_info(occasion: Occasion) -> Values:
    """History-Info (RFC 7044 section 9.4)."""
    return occasion.request.every("history-info")


@dynamic("the request's, and the seconds that we have had it where they are worth telling")
def timestamp(occasion: Occasion) -> Values:
    """Timestamp (RFC 3261 sections 8.2.6.1, 20.38)."""
    sent = (occasion.request.first("timestamp") or "").split()
    if not sent:
        return ()
    return [f"{sent[0]} {occasion.delay:.3f}" if occasion.delay >= 0.001 else sent[0]]


@dynamic("the time now, in GMT")
def date(occasion: Occasion) -> Values:
    """Date (RFC 3261 section 20.17)."""
    return [sip_date(occasion.wall)]


@dynamic("the tag that shows a reliable provisional response")
def require_100rel(occasion: Occasion) -> Values:
    """Require of a reliable provisional response (RFC 3262 section 3)."""
    return ["100rel"] if occasion.reliable else ()


@dynamic("the first: a random number from 1 to 2**31 - 1; then one more each")
def rseq(occasion: Occasion) -> Values:
    """RSeq (RFC 3262 section 3)."""
    return [str(occasion.rseq or occasion.ids.getrandbits(31) or 1)] if occasion.reliable else ()


@dynamic("the final status that is to follow, 480 where that is not known")
def reason_of_199(occasion: Occasion) -> Values:
    """Reason of a 199 (RFC 6228 section 5)."""
    return [f"SIP;cause={occasion.following or 480}"]


@dynamic("a new entity-tag, in every 2xx another one")
def sip_etag(occasion: Occasion) -> Values:
    """SIP-ETag (RFC 3903 section 6 step 6)."""
    return [occasion.entity_tag or f"{occasion.ids.getrandbits(64):016x}"]


@dynamic("warn-code, our host and a text: the code that was found, 304 where none was")
def warning(occasion: Occasion) -> Values:
    """Warning about a session description (RFC 3261 section 20.43)."""
    return [_warning(occasion, occasion.warning or 304)]


@dynamic("380 or 381, our host and a text, where the sip or sips scheme was the reason")
def warning_about_scheme(occasion: Occasion) -> Values:
    """Warning of a 480 (RFC 5630 section 5.1.2)."""
    return [_warning(occasion, occasion.warning)] if occasion.warning in (380, 381) else ()


@dynamic("warn-code, our host and a text: 399 where none was found")
def any_warning(occasion: Occasion) -> Values:
    """Warning on whatever was wrong (RFC 3261 section 20.43)."""
    return [_warning(occasion, occasion.warning or 399)]


def _warning(occasion: Occasion, code: int) -> str:
    return f'{code} {agent(occasion.host)} "{WARNINGS.get(code, WARNINGS[399])}"'


@dynamic("a random number of seconds from 0 to 10")
def retry_after_overlap(occasion: Occasion) -> Values:
    """Retry-After of a 500 to an overlapping request (RFC 3261 section 14.2, RFC 3311 section 5.2)."""
    return [str(occasion.ids.getrandbits(16) % 11)] if occasion.overlapping else ()


@dynamic("the configured number of seconds, where the condition will pass")
def retry_after_temporary(occasion: Occasion) -> Values:
    """Retry-After of a 413 (RFC 3261 section 21.4.11)."""
    return [str(occasion.capabilities.retry_after)] if occasion.temporary else ()


@dynamic("the address-of-record of To")
def associated_uri(occasion: Occasion) -> Values:
    """P-Associated-URI (RFC 7315 section 4.1)."""
    to = attempt(lambda: occasion.request.to, None)
    return (
        [f"<{to.uri.scheme}:{to.uri.raw_user}@{to.uri.hostport}>"] if to and to.uri.is_sip and to.uri.raw_user else ()
    )


@dynamic("false, where the client asks for no subscription and we agree")
def refer_sub(occasion: Occasion) -> Values:
    """Refer-Sub (RFC 4488 section 4): granted where `norefersub` is among our option-tags."""
    asked = (occasion.request.first("refer-sub") or "").partition(";")[0].strip().lower()
    return ["false"] if asked == "false" and "norefersub" in occasion.capabilities.supported else ()


@dynamic("our address, where the client requires explicitsub")
def refer_events_at(occasion: Occasion) -> Values:
    """Refer-Events-At (RFC 7614)."""
    return [occasion.contact] if "explicitsub" in occasion.request.require else ()
