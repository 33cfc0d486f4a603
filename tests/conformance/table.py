"""What each of the 77 response codes is, as the RFCs say it: a second table, kept apart from the product's registry.

Phrase and methods from the IANA registry and the RFC of the code; the headers that the RFC demands (MUST and SHOULD,
under the conditions that a request of these tests can meet) and those that it forbids.
"""

from __future__ import annotations

from .wire import METHODS, Ask

ALL = tuple(METHODS)
NOT_CANCEL = tuple(method for method in METHODS if method != "CANCEL")
REDIRECTABLE = tuple(method for method in METHODS if method not in ("CANCEL", "INFO"))
NOT_REGISTER = tuple(method for method in METHODS if method != "REGISTER")

CODES: dict[int, tuple[str, tuple[str, ...]]] = {
    100: ("Trying", ALL),  # RFC 3261 21.1.1
    180: ("Ringing", ("INVITE",)),
    181: ("Call Is Being Forwarded", ("INVITE",)),
    182: ("Queued", ("INVITE",)),
    183: ("Session Progress", ("INVITE",)),
    199: ("Early Dialog Terminated", ("INVITE",)),  # RFC 6228
    200: ("OK", ALL),
    202: ("Accepted", ("MESSAGE", "SUBSCRIBE", "REFER")),  # RFC 6665 8.3.1
    204: ("No Notification", ("SUBSCRIBE",)),  # RFC 5839 7.1
    300: ("Multiple Choices", REDIRECTABLE),
    301: ("Moved Permanently", REDIRECTABLE),
    302: ("Moved Temporarily", REDIRECTABLE),
    305: ("Use Proxy", REDIRECTABLE),
    380: ("Alternative Service", REDIRECTABLE),
    400: ("Bad Request", ALL),
    401: ("Unauthorized", NOT_CANCEL),
    402: ("Payment Required", ALL),
    403: ("Forbidden", ALL),
    404: ("Not Found", ALL),
    405: ("Method Not Allowed", NOT_CANCEL),
    406: ("Not Acceptable", ALL),
    407: ("Proxy Authentication Required", NOT_CANCEL),
    408: ("Request Timeout", ("INVITE",)),
    409: ("Conflict", ("REGISTER",)),  # RFC 2543 7.4.10
    410: ("Gone", ALL),
    411: ("Length Required", ALL),  # RFC 2543 7.4.12
    412: ("Conditional Request Failed", ("PUBLISH",)),  # RFC 3903
    413: ("Request Entity Too Large", ALL),
    414: ("Request-URI Too Long", ALL),
    415: ("Unsupported Media Type", NOT_CANCEL),
    416: ("Unsupported URI Scheme", ALL),
    417: ("Unknown Resource-Priority", ALL),  # RFC 4412
    420: ("Bad Extension", NOT_CANCEL),
    421: ("Extension Required", NOT_CANCEL),
    422: ("Session Interval Too Small", ("INVITE", "UPDATE")),  # RFC 4028
    423: ("Interval Too Brief", ("REGISTER", "SUBSCRIBE", "PUBLISH")),
    424: (
        "Bad Location Information",  # RFC 6442
        tuple(method for method in METHODS if method not in ("CANCEL", "PRACK")),
    ),
    425: ("Bad Alert Message", ("MESSAGE", "INVITE")),  # RFC 8876
    428: ("Use Identity Header", ALL),  # RFC 8224
    429: ("Provide Referrer Identity", ("REFER",)),  # RFC 3892
    430: ("Flow Failed", ALL),  # RFC 5626
    433: ("Anonymity Disallowed", ALL),  # RFC 5079
    436: ("Bad Identity Info", ALL),
    437: ("Unsupported Credential", ALL),
    438: ("Invalid Identity Header", ALL),
    439: ("First Hop Lacks Outbound Support", ("REGISTER",)),  # RFC 5626
    440: ("Max-Breadth Exceeded", ALL),  # RFC 5393
    469: ("Bad Info Package", ("INFO",)),  # RFC 6086
    470: ("Consent Needed", ALL),  # RFC 5360
    480: ("Temporarily Unavailable", ALL),
    481: ("Call/Transaction Does Not Exist", ALL),
    482: ("Loop Detected", ALL),
    483: ("Too Many Hops", ALL),
    484: ("Address Incomplete", ALL),
    485: ("Ambiguous", REDIRECTABLE),
    486: ("Busy Here", ("INVITE", "OPTIONS")),
    487: ("Request Terminated", ("INVITE",)),
    488: ("Not Acceptable Here", ("INVITE", "UPDATE", "OPTIONS")),
    489: ("Bad Event", ("SUBSCRIBE", "NOTIFY", "PUBLISH")),
    491: ("Request Pending", ("INVITE", "UPDATE")),
    493: ("Undecipherable", ALL),
    494: ("Security Agreement Required", tuple(m for m in NOT_CANCEL if m != "PRACK")),  # RFC 3329
    500: ("Server Internal Error", ALL),
    501: ("Not Implemented", ALL),
    502: ("Bad Gateway", ALL),
    503: ("Service Unavailable", ALL),
    504: ("Server Time-out", ALL),
    505: ("Version Not Supported", ALL),
    513: ("Message Too Large", ALL),
    555: ("Push Notification Service Not Supported", ("REGISTER",)),  # RFC 8599
    580: ("Precondition Failure", ("INVITE", "UPDATE")),  # RFC 3312
    600: ("Busy Everywhere", NOT_REGISTER),
    603: ("Decline", NOT_REGISTER),
    604: ("Does Not Exist Anywhere", NOT_REGISTER),
    606: ("Not Acceptable", ("INVITE", "OPTIONS")),
    607: ("Unwanted", ("INVITE", "MESSAGE", "SUBSCRIBE")),  # RFC 8197
    608: ("Rejected", ("INVITE", "MESSAGE", "SUBSCRIBE")),  # RFC 8688
}

UNREGISTERED = (101, 150, 198, 201, 299, 303, 399, 418, 477, 499, 510, 599, 602, 699)
"""A choice of codes that are nobody's."""

_ALWAYS: dict[int, tuple[str, ...]] = {
    300: ("Contact",), 301: ("Contact",), 302: ("Contact",), 305: ("Contact",),
    401: ("WWW-Authenticate",),
    405: ("Allow",),
    407: ("Proxy-Authenticate",),
    420: ("Unsupported",),
    421: ("Require",),
    422: ("Min-SE",),
    423: ("Min-Expires",),
    424: ("Geolocation-Error",),
    425: ("AlertMsg-Error",),
    469: ("Recv-Info",),
    470: ("Permission-Missing",),
    488: ("Warning",),
    489: ("Allow-Events",),
    494: ("Security-Server",),
    199: ("Reason",),
    608: ("Call-Info",),
}  # fmt: skip

_OF_200: dict[str, tuple[str, ...]] = {
    "INVITE": ("Contact", "Allow", "Supported", "Allow-Events", "Content-Type"),  # RFC 3261 13.3.1.4
    "UPDATE": ("Contact",),  # RFC 3311 Table 1
    "REGISTER": ("Contact", "Date"),  # RFC 3261 10.3
    "OPTIONS": ("Allow", "Accept", "Accept-Encoding", "Accept-Language", "Supported", "Allow-Events"),  # 11.2
    "SUBSCRIBE": ("Expires", "Contact", "Allow-Events"),  # RFC 6665 4.2.1.1, 4.4.4
    "PUBLISH": ("SIP-ETag", "Expires"),  # RFC 3903 6
    "REFER": ("Contact",),  # RFC 3515 2.2
}


def demanded(status: int, ask: Ask) -> set[str]:
    """The fields that this status to this request must or should have, beside those that every response has."""
    method, found = ask.method, set(_ALWAYS.get(status, ()))
    routed = bool(ask.header("Record-Route"))
    if 101 < status < 199 and method == "INVITE":
        found |= {"Contact", "Allow-Events"} | ({"Record-Route"} if routed else set())
    elif status == 100 and ask.header("Timestamp"):
        found.add("Timestamp")
    elif status == 200:
        found |= set(_OF_200.get(method, ()))
        if routed and method in ("INVITE", "SUBSCRIBE", "REFER"):
            found.add("Record-Route")
        if method == "REGISTER" and ask.header("Path"):
            found.add("Path")
        if method in ("INVITE", "UPDATE") and ask.header("Recv-Info"):
            found.add("Recv-Info")
    elif status in (202, 204) and method == "SUBSCRIBE":
        found |= {"Expires", "Contact"}
    elif status == 202 and method == "REFER":
        found.add("Contact")
    elif status == 415:
        if ask.header("Content-Encoding"):
            found.add("Accept-Encoding")
        elif ask.header("Content-Language"):
            found.add("Accept-Language")
        else:
            found.add("Accept")
    elif status == 494 and any("sec-agree" in value for value in ask.header("Supported")):
        found.add("Require")
    return found


_ONLY_IN: dict[str, frozenset[int]] = {
    "WWW-Authenticate": frozenset({401, 421, 494}),  # RFC 3261 Table 3
    "Proxy-Authenticate": frozenset({401, 407, 421, 494}),
    "Unsupported": frozenset({420}),  # RFC 3261 20.40
    "Min-SE": frozenset({422}),  # RFC 4028 5: "MUST NOT be used in responses except ... 422"
    "Min-Expires": frozenset({423}),
    "Geolocation-Error": frozenset({424, 200}),
    "AlertMsg-Error": frozenset({425, 200}),
    "SIP-ETag": frozenset(range(200, 300)),
    "Retry-After": frozenset({404, 413, 480, 486, 500, 503, 600, 603}),
    "Permission-Missing": frozenset({470}),
    "Security-Server": frozenset({421, 494}),
}


def forbidden(status: int, ask: Ask) -> set[str]:
    """The fields that this status to this request must not have."""
    method = ask.method
    found = {name for name, statuses in _ONLY_IN.items() if status not in statuses}
    found |= {"Event", "Subscription-State", "Max-Forwards", "Route", "Refer-To", "User-Agent"}
    if method != "PUBLISH":
        found.add("SIP-ETag")
    if method in ("REGISTER", "PUBLISH", "MESSAGE"):
        found.add("Record-Route")  # RFC 3261 10.3, RFC 3903 6, RFC 3428 Table 2
    if method == "INFO":
        found.add("Contact")  # RFC 6086 Table 1
    if method == "CANCEL":
        found |= {"Contact", "Accept", "Allow", "Require", "Unsupported", "WWW-Authenticate", "Proxy-Authenticate"}
        found.add("Content-Type")
    if status == 100:
        found |= {"Contact", "Record-Route", "Require", "RSeq", "Reason", "History-Info", "Geolocation-Error"}
    if 200 <= status < 300:
        if method in ("PRACK", "BYE", "CANCEL", "MESSAGE", "PUBLISH", "INFO"):
            found.add("Contact")
        if method in ("PRACK", "BYE", "CANCEL", "SUBSCRIBE", "NOTIFY", "PUBLISH", "MESSAGE", "REFER", "INFO"):
            found.add("Accept")
        if method in ("BYE", "CANCEL", "PRACK", "OPTIONS", "NOTIFY", "INFO", "REFER", "UPDATE"):
            found.add("Expires")
        if method == "MESSAGE":
            found |= {"Content-Type", "Accept-Encoding", "Accept-Language"}
        if method == "INFO":
            found |= {"Recv-Info", "Info-Package"}
    if status >= 300:
        found |= {"Record-Route"} - ({"Record-Route"} if method == "SUBSCRIBE" and status in (401, 484) else set())
        if not (300 <= status < 400 or status == 485):
            found.add("Contact")
        if status not in (421, 494):
            found.add("Require")
    if not ask.header("Recv-Info") and status != 469:
        found.add("Recv-Info")
    if status != 200 or method not in ("INVITE", "UPDATE"):
        found.add("Session-Expires")
    return found
