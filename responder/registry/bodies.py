"""Bodies that belong to a code: a failed precondition (RFC 3312 section 8), a certificate (RFC 3261 section 23.2)."""

from __future__ import annotations

import re
from typing import Final

from responder.registry.derive import attempt
from responder.registry.occasion import Occasion
from responder.registry.rules import Body

_line_end: Final = re.compile(r"\r?\n")
_desired: Final = re.compile(r"a=des:([^ ]+) ([a-z]+) (e2e|local|remote) (none|send|recv|sendrecv)").fullmatch


def failed_precondition(occasion: Occasion) -> Body | None:
    """The session description of a 580: every m= line of the request's with port 0 and what was desired as a failure.

    Where the request desires nothing (the 580 is forced) the first stream fails on quality of service. None where the
    request describes no session.
    """
    media = attempt(lambda: occasion.request.content_type, None)
    if media is None or media.essence != "application/sdp":
        return None
    lines = _line_end.split(occasion.request.body.decode("utf-8", "surrogateescape"))
    streams: list[str] = []
    desires: list[list[tuple[str, str]]] = []
    for line in lines:
        if line.startswith("m="):
            name, _, rest = line.partition(" ")
            streams.append(f"{name} 0 {rest.partition(' ')[2]}")
            desires.append([])
        elif streams and (found := _desired(line)):
            desires[-1].append((found[2], f"a=des:{found[1]} failure {found[3]} {found[4]}"))
    if not streams:
        return None
    mandatory = any(strength == "mandatory" for desired in desires for strength, _ in desired)
    family = "IP6" if occasion.host.count(":") > 1 else "IP4"
    nowhere = "::" if family == "IP6" else "0.0.0.0"
    described = ["v=0", f"o=- 0 0 IN {family} {nowhere}", "s=-", f"c=IN {family} {nowhere}", "t=0 0"]
    for at, (stream, desired) in enumerate(zip(streams, desires, strict=True)):
        described.append(stream)
        described += [failure for strength, failure in desired if strength == "mandatory" or not mandatory]
        if at == 0 and not any(desires):
            described.append("a=des:qos failure e2e sendrecv")
    return "application/sdp", ("\r\n".join(described) + "\r\n").encode("utf-8", "surrogateescape")


def certificate(occasion: Occasion) -> Body | None:
    """The certificate of a 493; None where we have none, which says that we cannot do S/MIME encryption at all."""
    content = occasion.capabilities.certificate
    return ("application/pkcs7-mime;smime-type=certs-only;name=smime.p7c", content) if content else None
