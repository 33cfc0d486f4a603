"""Every response code to every method that it is defined for, dialled as `sip:CODE@host`, over UDP and TCP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from .judge import complaints, copied
from .serving import Serving
from .session import OFFER
from .table import CODES, UNREGISTERED
from .wire import METHODS, Ask, Dialog, Endpoint, Message, endpoint, fresh

NEEDED: dict[str, list[tuple[str, str]]] = {
    "SUBSCRIBE": [("Event", "presence"), ("Expires", "600")],
    "NOTIFY": [("Event", "presence"), ("Subscription-State", "active;expires=60")],
    "PUBLISH": [("Event", "presence"), ("Expires", "600")],
    "REFER": [("Refer-To", "<sip:carol@client.invalid>")],
    "PRACK": [("RAck", "1 1 INVITE")],
    "REGISTER": [("Expires", "600")],
    "INFO": [("Info-Package", "nothing-known")],
}
"""What a method cannot do without."""

FULL: list[tuple[str, str]] = [
    ("Via", "SIP/2.0/TCP p1.client.invalid:5080;branch=z9hG4bKp1;received=192.0.2.1, SIP/2.0/UDP a;branch=z9hG4bKp2"),
    ("Record-Route", '"Proxy, one" <sip:p1.client.invalid;lr;x=y>;z, <sip:192.0.2.9:5080;lr>'),
    ("record-route", "<sip:p0.client.invalid;lr>"),
    ("Timestamp", "54.21"),
    ("k", "100rel, timer, path, replaces, 199, outbound, norefersub, histinfo"),
    ("Accept", "application/sdp, message/sipfrag"),
    ("User-Agent", "conformance/1 (a, b)"),
    ("Geolocation", "<cid:target123@client.invalid>"),
    ("X-Unknown", ';,"quoted, and \\" escaped"'),
]
"""Fields of a request that has been through proxies."""


class Form(NamedTuple):
    """One way to write a request."""

    name: str
    more: list[tuple[str, str]]
    via: str
    to: str


FORMS = (
    Form("plain", [], "", "<sip:{user}@{host}>"),
    Form("full", FULL, ";rport", '"Bob, \\"the\\" Builder" <sip:{user}@{host};x=%41?a=b>;y="1;tag=no"'),
)


def asked(client: Endpoint, method: str, user: str, form: Form) -> Ask:
    """A request that dials `user`."""
    more = [*NEEDED.get(method, []), *form.more]
    body, content_type = b"", "application/sdp"
    if method == "INVITE" or (method == "UPDATE" and form.more):
        body = OFFER if form.more or int(user) % 2 else b""  # without an offer every other time
        if form.more:
            more += [("Session-Expires", "1800"), ("Recv-Info", "dtmf")]
    elif method == "REGISTER" and form.more:
        more += [("Path", "<sip:edge.client.invalid;lr>"), ("path", "<sip:p2.client.invalid;lr>")]
    elif method == "MESSAGE":
        body, content_type = "Schöne Grüße".encode(), "text/plain;charset=UTF-8"
    to = form.to.format(user=user, host=client.server_host)
    return client.ask(
        method, user, to=to, more=more, body=body, content_type=content_type, via=client.via(more=form.via)
    )


def finish(client: Endpoint, ask: Ask, response: Message) -> None:
    """Leave nothing behind: the calls that were set up end, the requests from the server are answered."""
    if ask.method == "INVITE" and response.status < 200:
        client.put(ask.cancel())
        assert client.until(ask, 487).to_tag
        client.put(ask.ack(response))
    elif ask.method == "INVITE" and response.status < 300:
        dialog = Dialog.of(client, ask, response)
        client.put(dialog.request("ACK"))
        assert client.final(dialog.request("BYE")).status == 200
    elif ask.method in ("SUBSCRIBE", "REFER") and response.status < 300 and response.status != 204:
        client.answer(client.request("NOTIFY"), 481, "Gone Again")  # RFC 6665 section 4.2.2: this ends it


def dialled(client: Endpoint, ask: Ask, status: int) -> Iterator[Message]:
    """The responses as far as the one with the dialled code."""
    client.put(ask)
    while True:
        response = client.receive()
        assert response is not None, f"nothing more to {ask.method} {ask.uri} for {status}"
        if response.status and response.one("Call-ID") == ask.call_id:
            yield response
            if response.status == status or response.status >= 200:
                return


def check(client: Endpoint, method: str, status: int, form: Form, phrase: str | None) -> list[str]:
    """What is wrong with the responses to one request."""
    ask = asked(client, method, str(status), form)
    found, tags, last = [], set(), None
    for last in dialled(client, ask, status):
        if last.status > 100:
            tags.add(last.to_tag)
        if last.status == 100 != status:
            found += complaints(ask, last, client, phrase="Trying")
    assert last is not None
    found += complaints(ask, last, client, status, phrase)
    if len(tags) > 1:
        found.append(f"To tags {tags}")
    if method != "INVITE" and status < 200:  # a provisional response is not the end of it
        found += copied(ask, client.until_final(ask)[-1])
    elif not found or last.status:
        finish(client, ask, last)
    if method == "INVITE" and last.status >= 300:
        client.put(ask.ack(last))
    return [f"{method} ({form.name}): {fault}" for fault in found]


@pytest.mark.parametrize("transport", ["UDP", "TCP"])
@pytest.mark.parametrize("status", CODES)
def test_code_to_every_method_it_is_defined_for(plain: Serving, transport: str, status: int) -> None:
    phrase, methods = CODES[status]
    found = []
    with endpoint(transport, plain.address) as client:
        for method in methods:
            if method == "CANCEL":  # below: its Request-URI is that of the request that it cancels
                continue
            for form in FORMS:
                found += check(client, method, status, form, phrase)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("transport", ["UDP", "TCP"])
@pytest.mark.parametrize("status", UNREGISTERED)
def test_code_that_nobody_registered(plain: Serving, transport: str, status: int) -> None:
    found = []
    with endpoint(transport, plain.address) as client:
        for method in METHODS:
            if method != "CANCEL":
                found += check(client, method, status, FORMS[0], None)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("transport", ["UDP", "TCP"])
def test_every_number_from_100_to_699(plain: Serving, transport: str) -> None:
    with endpoint(transport, plain.address) as client:
        for status in range(200, 700):
            ask = client.ask("OPTIONS", str(status))
            response = client.final(ask)
            assert response.status == status
            assert response.reason
            assert not copied(ask, response)


@pytest.mark.parametrize("transport", ["UDP", "TCP"])
@pytest.mark.parametrize("method", ["SUBSCRIBE", "PUBLISH"])
@pytest.mark.parametrize("status", [200, 404, 489, 503])
def test_code_in_the_to_where_the_request_uri_names_a_resource(
    plain: Serving, transport: str, method: str, status: int
) -> None:
    with endpoint(transport, plain.address) as client:
        host = client.server_host
        ask = client.ask(method, uri=f"sip:resource@{host}", to=f"<sip:{status}@{host}>", more=NEEDED[method])
        response = client.final(ask)
        assert not complaints(ask, response, client, status, CODES[status][0])
        finish(client, ask, response)


@pytest.mark.parametrize("transport", ["UDP", "TCP"])
def test_cancel_of_nothing(plain: Serving, transport: str) -> None:
    """RFC 3261 section 9.2"""
    with endpoint(transport, plain.address) as client:
        ask = client.ask("CANCEL", "bob")
        ask.contact = ""
        assert not complaints(ask, client.final(ask), client, 481, "Call/Transaction Does Not Exist")


@pytest.mark.parametrize("transport", ["UDP", "TCP"])
def test_cancel(plain: Serving, transport: str) -> None:
    """RFC 3261 section 9.2: 200 to the CANCEL and 487 to the INVITE, with the tag of the early dialog."""
    with endpoint(transport, plain.address) as client:
        ask = client.ask("INVITE", "180", body=OFFER)
        client.put(ask)
        ringing = client.until(ask, 180)
        cancel = client.put(ask.cancel())
        came = {}
        while len(came) < 2:
            message = client.receive()
            assert message is not None
            came[message.one("CSeq").split()[1]] = message
        assert not complaints(cancel, came["CANCEL"], client, 200, "OK")
        assert not complaints(ask, came["INVITE"], client, 487, "Request Terminated")
        assert ringing.to_tag == came["CANCEL"].to_tag == came["INVITE"].to_tag
        client.put(ask.ack(came["INVITE"]))


@pytest.mark.parametrize("transport", ["UDP", "TCP"])
def test_tags_differ_from_call_to_call(plain: Serving, transport: str) -> None:
    with endpoint(transport, plain.address) as client:
        assert len({client.final(client.ask("OPTIONS", "404")).to_tag for _ in range(50)}) == 50


@pytest.mark.parametrize("user", ["180.200", "180*200", "100.183.50ms.200", "200"])
@pytest.mark.parametrize("transport", ["UDP", "TCP"])
def test_dialled_scripts(plain: Serving, transport: str, user: str) -> None:
    with endpoint(transport, plain.address) as client:
        ask = client.ask("INVITE", user, body=OFFER)
        responses = client.responses(ask)
        script = [int(part) for part in user.replace("*", ".").split(".") if part.isdecimal()]
        assert [r.status for r in responses if r.status != 100] == [status for status in script if status != 100]
        assert len({r.to_tag for r in responses if r.status != 100}) == 1
        finish(client, ask, responses[-1])


def test_dialled_headers_and_attempts(plain: Serving) -> None:
    with endpoint("UDP", plain.address) as client:
        response = client.final(client.ask("OPTIONS", "503+Retry-After=5"))
        assert (response.status, response.one("Retry-After")) == (503, "5")
        user = "503,200"
        first = client.ask("OPTIONS", user)
        first.from_ = f"<sip:{fresh('u')}@client.invalid>;tag=1"
        assert client.final(first).status == 503
        assert client.final(first.again()).status == 200
