"""What a `challenge` offers, read and held against what can be verified (RFC 7616 section 3.3, RFC 8760 section 2)."""

from __future__ import annotations

from responder.scenario import value_types as t
from responder.scenario.nodes import Scalar
from responder.scenario.plan import Users
from responder.scenario.reading import Fields
from responder.sip.digest import is_known


def offered_algorithms(fields: Fields, users: Users) -> tuple[str, ...] | None:
    """The algorithms; None where none is said."""
    algorithms = fields.some_of("algorithms", t.ALGORITHM, t.ALGORITHMS)
    place = fields.value_place("algorithms")
    for algorithm in algorithms or ():
        if not is_known(algorithm):
            what = f"this Python cannot compute {algorithm}"
            fields.reader.problems.add(place, what, "its OpenSSL lacks the hash: offer another")
        elif users and not any(user.has_secret_for(algorithm) for user in users.values()):
            what = f"no user has a hash for {algorithm}"
            fields.reader.problems.add(place, what, "give a password, or offer what the `ha1` is of")
    return algorithms


def offered_qop(fields: Fields) -> tuple[str, ...] | None:
    """The qualities of protection: empty for `none`, None where nothing is said."""
    node = fields.of("qop", t.QOP)
    if isinstance(node, Scalar) and node.text == t.NO_QOP:
        return ()
    return None if node is None else fields.reader.some_of(node, "qop", t.QOP, t.QOPS)


def protected(fields: Fields, status: int | None) -> tuple[str, ...]:
    """The URIs of `domain`."""
    node = fields.of("domain", t.TEXTS)
    uris = () if node is None else fields.reader.several(node, "domain", t.TEXTS) or ()
    if uris and status == 407:
        what = "'domain' means nothing in a 407 (RFC 7616 section 3.3)"
        fields.reader.problems.add(fields.place("domain"), what, "it belongs to 401")
    for uri in uris:
        if not uri.text or " " in uri.text:
            fields.reader.problems.add(uri.place, f"'{uri.text}' is no URI", "a list has one in each item")
    return tuple(uri.text for uri in uris)
