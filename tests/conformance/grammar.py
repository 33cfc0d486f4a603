"""The header fields of responses as regular expressions, each from the ABNF of the RFC named beside it."""

from __future__ import annotations

import re

from .wire import Message, long_name

# RFC 3261 section 25.1
TOKEN = r"[A-Za-z0-9.!%*_+`'~-]+"
QUOTED = r'"(?:[^"\\\x00-\x08\x0a-\x1f\x7f]|\\[\x00-\x09\x0b-\x0c\x0e-\x7f])*"'
HOSTNAME = r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?\.?"
IPV6 = r"\[[0-9A-Fa-f:.]+\]"
HOST = rf"(?:{HOSTNAME}|{IPV6})"
HOSTPORT = rf"{HOST}(?::\d{{1,5}})?"
PARAM = rf"{TOKEN}(?:\s*=\s*(?:{TOKEN}|{HOST}|{QUOTED}))?"
PARAMS = rf"(?:\s*;\s*{PARAM})*"
USER = r"(?:[A-Za-z0-9_.!~*'()&=+$,;?/:-]|%[0-9A-Fa-f]{2})+"
URI_PARAM = r"(?:[A-Za-z0-9_.!~*'()\[\]/:&+$-]|%[0-9A-Fa-f]{2})+"
SIP_URI = rf"sips?:(?:{USER}@)?{HOSTPORT}(?:;{URI_PARAM}(?:={URI_PARAM})?)*(?:\?[^\s>]*)?"
ABSOLUTE_URI = r"[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9_.!~*'();/?:@&=+$,%#\[\]-]+"
DISPLAY = rf"(?:{QUOTED}\s*|(?:{TOKEN}\s+)*(?:{TOKEN}\s*)?)"
NAME_ADDR = rf"{DISPLAY}<(?:{SIP_URI}|{ABSOLUTE_URI})>"
DATE = (
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4}"
    r" \d{2}:\d{2}:\d{2} GMT"
)
MEDIA_RANGE = rf"(?:\*/\*|{TOKEN}/\*|{TOKEN}/{TOKEN}){PARAMS}"
LANGUAGE = r"(?:[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*|\*)"
DIGEST_PARAM = rf"{TOKEN}\s*=\s*(?:{TOKEN}|{QUOTED})"
SECONDS = r"\d{1,10}"


def some(element: str) -> str:
    """1#element"""
    return rf"{element}(?:\s*,\s*{element})*"


def any_of(element: str) -> str:
    """#element"""
    return rf"(?:{some(element)})?"


_CHALLENGE = (
    rf"Digest\s+(?=.*realm=\"[^\"]+\")(?=.*nonce=\"[^\"]+\")(?=.*algorithm=(?:MD5|MD5-sess|SHA-256|SHA-512-256)(?:,|$))"
    rf"(?=.*qop=\"[^\"]*auth[^\"]*\")(?=.*opaque=\"[^\"]*\"){some(DIGEST_PARAM)}"
)

FIELDS: dict[str, str] = {
    "via": some(rf"SIP\s*/\s*2\.0\s*/\s*{TOKEN}\s+{HOSTPORT}{PARAMS}"),  # RFC 3261 20.42
    "from": rf"(?:{NAME_ADDR}|{ABSOLUTE_URI}){PARAMS}",  # 20.20
    "to": rf"(?:{NAME_ADDR}|{ABSOLUTE_URI}){PARAMS}",  # 20.39
    "call-id": r"[\x21-\x7e]+",  # 20.8
    "cseq": rf"\d{{1,10}}\s+{TOKEN}",  # 20.16
    "content-length": r"\d+",  # 20.14
    "content-type": rf"{TOKEN}/{TOKEN}{PARAMS}",  # 20.15
    "contact": some(rf"{NAME_ADDR}{PARAMS}"),  # 20.10
    "record-route": some(rf"{NAME_ADDR}{PARAMS}"),  # 20.30
    "path": some(rf"{NAME_ADDR}{PARAMS}"),  # RFC 3327 4
    "service-route": some(rf"{NAME_ADDR}{PARAMS}"),  # RFC 3608 5
    "allow": any_of(TOKEN),  # 20.5
    "supported": any_of(TOKEN),  # 20.37
    "require": some(TOKEN),  # 20.32
    "unsupported": some(TOKEN),  # 20.40
    "accept": any_of(MEDIA_RANGE),  # 20.1
    "accept-encoding": any_of(rf"(?:{TOKEN}|\*){PARAMS}"),  # 20.2
    "accept-language": any_of(rf"{LANGUAGE}{PARAMS}"),  # 20.3
    "allow-events": some(TOKEN),  # RFC 6665 8.4
    "expires": SECONDS,  # 20.19
    "min-expires": SECONDS,  # 20.23
    "min-se": rf"{SECONDS}{PARAMS}",  # RFC 4028 5
    "session-expires": rf"{SECONDS};refresher=(?:uac|uas)",  # RFC 4028 4
    "date": DATE,  # 20.17
    "timestamp": r"\d+(?:\.\d*)?(?:\s+\d*(?:\.\d*)?)?",  # 20.38
    "retry-after": rf"{SECONDS}(?:\s*\([^()]*\))?{PARAMS}",  # 20.33
    "warning": some(rf"\d{{3}} {HOSTPORT} {QUOTED}"),  # 20.43
    "www-authenticate": _CHALLENGE,  # 20.44, RFC 8760
    "proxy-authenticate": _CHALLENGE,  # 20.27
    "authentication-info": some(DIGEST_PARAM),  # 20.6
    "call-info": some(rf"<{ABSOLUTE_URI}>{PARAMS}"),  # 20.9
    "error-info": some(rf"<{ABSOLUTE_URI}>{PARAMS}"),  # 20.18
    "rseq": r"[1-9]\d{0,9}",  # RFC 3262 7.1
    "reason": some(rf"(?:SIP|Q\.850|{TOKEN}){PARAMS}"),  # RFC 3326 2
    "recv-info": any_of(rf"{TOKEN}{PARAMS}"),  # RFC 6086 8
    "sip-etag": TOKEN,  # RFC 3903 11.3.1
    "security-server": some(rf"{TOKEN}(?:;{TOKEN}=(?:{TOKEN}|{QUOTED}))*"),  # RFC 3329 2.2
    "geolocation-error": rf"[1-9]\d{{2}}{PARAMS}",  # RFC 6442 4.3
    "alertmsg-error": rf"\d{{3}}{PARAMS}",  # RFC 8876 5.2
    "permission-missing": some(rf"(?:{NAME_ADDR}|{ABSOLUTE_URI}){PARAMS}"),  # RFC 5360 5.9.3
    "refer-sub": rf"(?:true|false){PARAMS}",  # RFC 4488 4
    "refer-events-at": rf"<{SIP_URI}>",  # RFC 7614 4.2
    "refer-to": rf"(?:{NAME_ADDR}|{ABSOLUTE_URI}){PARAMS}",  # RFC 3515 2.1
    "event": rf"{TOKEN}{PARAMS}",  # RFC 6665 8.2.1
    "subscription-state": rf"(?:active|pending|terminated){PARAMS}",  # RFC 6665 8.2.3
    "max-forwards": r"\d{1,3}",  # 20.22
    "route": some(rf"{NAME_ADDR}{PARAMS}"),  # 20.34
    "server": r"\S.*",  # 20.35
    "user-agent": r"\S.*",  # 20.41
    "mime-version": r"\d+\.\d+",  # 20.24
    "content-disposition": rf"{TOKEN}{PARAMS}",  # 20.11
}

_COMPILED = {key: re.compile(pattern) for key, pattern in FIELDS.items()}

_SINGLE = """
    from to call-id cseq content-length content-type expires min-expires min-se session-expires date timestamp
    retry-after rseq sip-etag geolocation-error alertmsg-error refer-sub event subscription-state max-forwards
    server user-agent
"""
SINGLE = frozenset(_SINGLE.split())
"""Fields that may stand once only (RFC 3261 section 7.3.1)."""


def faults(message: Message) -> list[str]:
    """What in its header fields breaks the grammar."""
    found = []
    seen: set[str] = set()
    for name, value in message.fields:
        key = long_name(name)
        pattern = _COMPILED.get(key)
        if pattern is None:
            found.append(f"unknown header field {name}: {value}")
        elif not pattern.fullmatch(value):
            found.append(f"{name}: {value}")
        if key in SINGLE and key in seen:
            found.append(f"second {name}")
        seen.add(key)
    return found
