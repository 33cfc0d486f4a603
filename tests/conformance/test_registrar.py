"""The built-in registrar on the wire (RFC 3261 section 10.3, RFC 3327)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from .judge import complaints
from .serving import Serving
from .wire import Ask, Endpoint, endpoint, fresh, uri_of

BOTH = pytest.mark.parametrize("transport", ["UDP", "TCP"])


class Phone:
    """A client that registers one address of record with one Call-ID."""

    def __init__(self, client: Endpoint) -> None:
        self.client = client
        self.user = fresh("u")
        self.call_id = fresh() + "@phone"
        self.cseq = 0

    def ask(
        self, contact: str = "", expires: str | None = None, *, cseq: int = 0, more: tuple[str, str] | None = None
    ) -> Ask:
        self.cseq = cseq or self.cseq + 1
        ask = self.client.ask("REGISTER", self.user, cseq=self.cseq)
        ask.call_id, ask.contact = self.call_id, contact
        ask.more = ([("Expires", expires)] if expires is not None else []) + ([more] if more else [])
        return ask

    def bindings(self, contact: str = "", expires: str | None = None, **more: int) -> dict[str, int]:
        """What is bound after it: URI and seconds left."""
        ask = self.ask(contact, expires, **more)  # type: ignore[arg-type]
        response = self.client.final(ask)
        found = {}
        for value in response.list("Contact"):
            seconds = re.search(r";\s*expires=(\d+)", value)
            assert seconds, f"section 10.3 item 8: each Contact has an expires: {value}"
            found[uri_of(value)] = int(seconds[1])
        assert response.status == 200, response
        assert "Date" in response
        return found


@BOTH
def test_bind_fetch_and_unbind(plain: Serving, transport: str) -> None:
    with endpoint(transport, plain.address) as client:
        phone = Phone(client)
        one, two = "sip:a@one.invalid", "sip:a@two.invalid:5070;transport=tcp"
        assert phone.bindings() == {}
        assert phone.bindings(f"<{one}>", "600") == {one: 600}
        both = phone.bindings(f"<{two}>;expires=120", "600")
        assert both.keys() == {one, two}
        assert both[two] == 120
        assert 598 <= both[one] <= 600
        assert phone.bindings().keys() == {one, two}
        assert phone.bindings(f"<{one}>;expires=0").keys() == {two}
        assert phone.bindings("*", "0") == {}
        assert phone.bindings() == {}


@BOTH
def test_several_contacts_at_once(plain: Serving, transport: str) -> None:
    with endpoint(transport, plain.address) as client:
        phone = Phone(client)
        bound = phone.bindings('"A, B" <sip:a@x.invalid>;q=0.7;expires=60, <sip:b@x.invalid>;q=0.1', "300")
        assert bound == {"sip:a@x.invalid": 60, "sip:b@x.invalid": 300}
        response = client.final(phone.ask())
        assert any(";q=0.7" in value for value in response.list("Contact"))


@BOTH
def test_defaults_and_bounds(plain: Serving, transport: str) -> None:
    """Section 10.2.1.1: no interval, or one that cannot be read, is an hour or what the registrar likes"""
    with endpoint(transport, plain.address) as client:
        phone = Phone(client)
        assert 0 < phone.bindings("<sip:a@x.invalid>")["sip:a@x.invalid"] <= 3600
        assert 0 < phone.bindings("<sip:b@x.invalid>", "4294967295")["sip:b@x.invalid"] <= 4294967295


@BOTH
@pytest.mark.parametrize(
    ("contact", "expires"), [("*", "60"), ("*", None), ("*, <sip:a@x.invalid>", "0"), ("<sip:a@x.invalid>, *", "0")]
)
def test_misused_star(plain: Serving, transport: str, contact: str, expires: str | None) -> None:
    """Section 10.3 item 6: 400"""
    with endpoint(transport, plain.address) as client:
        phone = Phone(client)
        phone.bindings("<sip:a@x.invalid>", "600")
        ask = phone.ask(contact, expires)
        assert not complaints(ask, client.final(ask), client, 400)
        assert phone.bindings().keys() == {"sip:a@x.invalid"}


@BOTH
def test_order_within_a_call_id(plain: Serving, transport: str) -> None:
    """Section 10.3 item 7: what comes late changes nothing"""
    with endpoint(transport, plain.address) as client:
        phone = Phone(client)
        assert phone.bindings("<sip:a@x.invalid>", "600", cseq=10) == {"sip:a@x.invalid": 600}
        late = client.final(phone.ask("<sip:a@x.invalid>", "0", cseq=9))
        assert late.status >= 400
        assert phone.bindings(cseq=11).keys() == {"sip:a@x.invalid"}
        phone.call_id = fresh()
        assert phone.bindings("<sip:a@x.invalid>", "60", cseq=1) == {"sip:a@x.invalid": 60}, "another Call-ID may"


@BOTH
def test_same_uri_however_written(plain: Serving, transport: str) -> None:
    """Sections 10.3 item 7 and 19.1.4"""
    with endpoint(transport, plain.address) as client:
        phone = Phone(client)
        phone.bindings("<sip:a@X.invalid;transport=TCP>", "600")
        assert len(phone.bindings("<sip:%61@x.INVALID;Transport=tcp>", "500")) == 1
        assert len(phone.bindings("<sip:A@x.invalid;transport=tcp>", "500")) == 2
        assert len(phone.bindings("<sip:a@x.invalid:5060;transport=tcp>", "500")) == 3


@BOTH
def test_addresses_of_record_are_apart(plain: Serving, transport: str) -> None:
    with endpoint(transport, plain.address) as client:
        one, two = Phone(client), Phone(client)
        one.bindings("<sip:a@x.invalid>", "600")
        assert two.bindings() == {}


@BOTH
def test_interval_that_is_too_brief(plain: Serving, transport: str) -> None:
    """Section 10.3 item 7: 423 with Min-Expires, and nothing is bound; 0 is never too brief"""
    with endpoint(transport, plain.address) as client:
        phone = Phone(client)
        ask = phone.ask("<sip:a@x.invalid>", "1")
        response = client.final(ask)
        assert not complaints(ask, response, client, 423)
        assert phone.bindings() == {}
        assert phone.bindings("<sip:a@x.invalid>", response.one("Min-Expires"))
        assert phone.bindings("<sip:a@x.invalid>", "0") == {}


@BOTH
def test_path(plain: Serving, transport: str) -> None:
    """RFC 3327 section 5.3"""
    with endpoint(transport, plain.address) as client:
        phone = Phone(client)
        ask = phone.ask("<sip:a@x.invalid>", "60", more=("Path", "<sip:edge.invalid;lr>, <sip:core.invalid;lr>"))
        refused = client.final(ask)
        assert (refused.status, refused.list("Unsupported")) == (420, ["path"]), "the policy that the RFC recommends"
        ask = ask.again(more=[("Supported", "path")])
        response = client.final(ask)
        assert not complaints(ask, response, client, 200)
        assert response.list("Path") == ["<sip:edge.invalid;lr>", "<sip:core.invalid;lr>"]


def test_many_addresses_of_record(plain: Serving) -> None:
    with endpoint("UDP", plain.address) as client:
        for _ in range(300):
            assert len(Phone(client).bindings("<sip:a@x.invalid>", "600")) == 1


REGISTRAR = "registrar: {min_expires: 2m, max_expires: 10m, default_expires: 5m, realm: here}\n"


@pytest.fixture(scope="module")
def flow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that says what the registrar grants."""
    file: Path = tmp_path_factory.mktemp("flow") / "strict.yaml"
    file.write_text(REGISTRAR + "users: {a: b}\nmatch: {method: REGISTER, user: nobody}\nsteps: [challenge: 401]\n")
    return file


@pytest.fixture(scope="module")
def strict(flow: Path) -> Iterator[Serving]:
    """A server with that file."""
    with Serving(str(flow)) as serving:
        yield serving


@BOTH
def test_intervals_of_a_file(strict: Serving, transport: str) -> None:
    with endpoint(transport, strict.address) as client:
        phone = Phone(client)
        refused = client.final(phone.ask("<sip:a@x.invalid>", "119"))
        assert (refused.status, refused.one("Min-Expires")) == (423, "120")
        assert phone.bindings("<sip:a@x.invalid>", "120") == {"sip:a@x.invalid": 120}
        assert phone.bindings("<sip:a@x.invalid>", "3600") == {"sip:a@x.invalid": 600}
        assert phone.bindings("<sip:a@x.invalid>") == {"sip:a@x.invalid": 300}


def test_realm_of_a_file(strict: Serving, flow: Path) -> None:
    with endpoint("UDP", strict.address) as client:
        assert 'realm="here"' in client.final(client.ask("REGISTER", "nobody")).all("WWW-Authenticate")[0]
    with Serving(str(flow), "--realm", "there") as other, endpoint("UDP", other.address) as client:
        assert 'realm="there"' in client.final(client.ask("REGISTER", "nobody")).all("WWW-Authenticate")[0]


@BOTH
def test_outbound_and_gruu(plain: Serving, transport: str) -> None:
    """RFC 5626 section 6, RFC 5627 section 5.2"""
    instance = '+sip.instance="<urn:uuid:00000000-0000-1000-8000-000A95A0E128>"'
    with endpoint(transport, plain.address) as client:
        phone = Phone(client)
        ask = phone.ask(f"<sip:a@x.invalid>;{instance};reg-id=1", "600", more=("Supported", "outbound, gruu, path"))
        response = client.final(ask)
        assert not complaints(ask, response, client, 200)
        assert response.list("Require") == ["outbound"]
        (contact,) = response.list("Contact")
        assert re.search(r';pub-gruu="sip:[^";]+;gr=urn:uuid:00000000-0000-1000-8000-000A95A0E128"', contact)
        assert re.search(r';temp-gruu="sip:tgruu\.[^";]+;gr"', contact)
