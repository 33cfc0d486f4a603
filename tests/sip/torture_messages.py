"""The messages of RFC 4475 and RFC 5118 and what a UAS must make of each (`tests/torture/*.dat`, byte for byte)."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent.parent / "torture"

REQUESTS: dict[str, int | None] = {
    # RFC 4475 section 3.1.1, valid messages
    "wsinv": None,
    "intmeth": None,  # the core answers 501
    "esc01": None,
    "escnull": None,
    "esc02": None,  # the core answers 501
    "lwsdisp": None,  # "Elements should accept this request as well formed"
    "longreq": None,
    "dblreq": None,  # "extra octets ... must be ignored"
    "semiuri": None,
    "transports": None,
    "mpart01": None,
    # RFC 4475 section 3.1.2, invalid messages
    "badinv01": 400,
    "clerr": 400,
    "ncl": 400,
    "scalar02": 400,
    "quotbal": 400,
    "ltgtruri": 400,
    "lwsruri": 400,
    "lwsstart": 400,  # "It is acceptable to reject this request as malformed"
    "trws": 400,  # likewise
    "escruri": 400,  # likewise
    "baddate": None,  # "shouldn't do that unless the contents of the Date header field were actually important"
    "regbadct": 400,
    "badaspec": 400,
    "baddn": 400,
    "badvers": 505,
    "mismatch01": 400,
    "mismatch02": 501,
    # RFC 4475 section 3.2, transaction layer
    "badbranch": 400,  # "could reject the request with a 400 Response"
    # RFC 4475 section 3.3, application layer
    "insuf": 400,
    "unkscm": None,  # the core answers 416
    "novelsc": None,  # the core answers 416
    "unksm2": None,  # "syntactically valid"; a registrar answers 400
    "bext01": None,  # the core answers 420
    "invut": None,  # the core answers 415
    "regaut01": None,  # the core answers 401, or ignores it
    "multi01": 400,
    "mcl01": 400,
    "cparam01": None,
    "cparam02": None,
    "regescrt": None,
    "sdp01": None,  # the core answers 406
    "zeromf": None,  # Max-Forwards matters to proxies; a UAS answers
    # RFC 4475 section 3.4, backward compatibility
    "inv2543": None,
    # RFC 5118 section 4
    "ipv6-good": None,
    "ipv6-bad": 400,
    "port-ambiguous": None,
    "port-unambiguous": None,
    "via-received-param-with-delim": None,
    "via-received-param-no-delim": None,
    "ipv6-in-sdp": None,
    "mult-ip-in-header": None,
    "mult-ip-in-sdp": None,
    "ipv4-mapped-ipv6": None,
    "ipv6-bug-abnf-3-colons": None,  # "an implementation must tolerate both of the above constructs"
    "ipv6-correct-abnf-2-colons": None,
}
"""Request -> status of its syntax fault, None for a well-formed one."""

RESPONSES: dict[str, bool] = {
    "unreason": True,
    "noreason": True,
    "scalarlg": False,  # "An element receiving this response will simply discard it"
    "bigcode": False,  # "should simply drop it"
    "bcast": True,
}
"""Response -> whether it is to be taken in."""


def message(name: str) -> bytes:
    """The bytes of one of them."""
    return (FOLDER / f"{name}.dat").read_bytes()
