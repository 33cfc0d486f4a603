"""SUBSCRIBE, NOTIFY, REFER, PUBLISH and MESSAGE without any scenario (RFC 6665, 3515, 3903, 3428)."""

from __future__ import annotations

import re

import pytest

from .grammar import faults
from .judge import complaints
from .serving import Serving
from .wire import Dialog, Endpoint, Message, Udp, endpoint, tag_of, uri_of

BOTH = pytest.mark.parametrize("transport", ["UDP", "TCP"])


def subscribed(
    client: Endpoint, event: str = "presence", expires: str = "600", user: str = "bob"
) -> tuple[Dialog, Message, Message]:
    """A subscription, its 200 and its first NOTIFY (not yet answered)."""
    ask = client.put(client.ask("SUBSCRIBE", user, more=[("Event", event), ("Expires", expires)]))
    first, second = client.receive(), client.receive()
    assert first is not None
    assert second is not None
    response, notify = (first, second) if first.status else (second, first)
    assert not complaints(ask, response, client, 200, "OK")
    return Dialog.of(client, ask, response), response, notify


@BOTH
@pytest.mark.parametrize("event", ["presence", "dialog", "message-summary", "reg"])
def test_subscription(plain: Serving, transport: str, event: str) -> None:
    """RFC 6665 section 4.2.1.2: a NOTIFY at once"""
    with endpoint(transport, plain.address) as client:
        dialog, response, notify = subscribed(client, event)
        assert notify.method == "NOTIFY"
        assert not faults(notify)
        assert notify.one("Event").partition(";")[0] == event
        state = re.fullmatch(r"active;\s*expires=(\d+)", notify.one("Subscription-State"))
        assert state
        assert int(state[1]) <= int(response.one("Expires")) <= 600
        assert notify.uri == uri_of(client.contact)
        assert notify.one("From") == response.one("To")
        assert notify.one("To") == dialog.ask.from_
        assert bool(notify.body) == ("Content-Type" in notify)
        client.answer(notify, 200, "OK")
        refresh = dialog.request("SUBSCRIBE", more=[("Event", event), ("Expires", "300")])
        refreshed = client.final(refresh)
        assert not complaints(refresh, refreshed, client, 200)
        assert int(refreshed.one("Expires")) <= 300
        again = client.request("NOTIFY")
        assert int(again.one("CSeq").split()[0]) == int(notify.one("CSeq").split()[0]) + 1
        client.answer(again, 200, "OK")
        end = client.put(dialog.request("SUBSCRIBE", more=[("Event", event), ("Expires", "0")]))
        assert client.until(end, 200).one("Expires") == "0"
        last = client.request("NOTIFY")
        assert last.one("Subscription-State").startswith("terminated")
        client.answer(last, 200, "OK")
        gone = dialog.request("SUBSCRIBE", more=[("Event", event), ("Expires", "60")])
        assert client.final(gone).status == 481


@BOTH
def test_fetch(plain: Serving, transport: str) -> None:
    """RFC 6665 section 4.4.3: Expires 0 is answered, notified and over"""
    with endpoint(transport, plain.address) as client:
        _, response, notify = subscribed(client, expires="0")
        assert response.one("Expires") == "0"
        assert notify.one("Subscription-State").startswith("terminated")
        client.answer(notify, 200, "OK")


@BOTH
def test_too_brief(plain: Serving, transport: str) -> None:
    """RFC 6665 section 4.2.1.1, RFC 3903 section 6 step 4: 423 with Min-Expires"""
    with endpoint(transport, plain.address) as client:
        for method in ("SUBSCRIBE", "PUBLISH"):
            ask = client.ask(method, "bob", more=[("Event", "presence"), ("Expires", "5")])
            response = client.final(ask)
            assert not complaints(ask, response, client, 423, "Interval Too Brief")
            assert int(response.one("Min-Expires")) > 5


@BOTH
def test_types_that_nobody_can_serve(plain: Serving, transport: str) -> None:
    """RFC 6665 section 4.1.2.1: 406; RFC 3903 section 6 step 5: 415"""
    with endpoint(transport, plain.address) as client:
        ask = client.ask("SUBSCRIBE", "bob", more=[("Event", "presence"), ("Accept", "text/plain")])
        assert not complaints(ask, client.final(ask), client, 406, "Not Acceptable")
        ask = client.ask("PUBLISH", "bob", more=[("Event", "presence")], body=b"hello", content_type="text/plain")
        response = client.final(ask)
        assert not complaints(ask, response, client, 415, "Unsupported Media Type")
        assert response.list("Accept") == ["application/pidf+xml"]


@BOTH
def test_published_state_reaches_who_subscribed(plain: Serving, transport: str) -> None:
    """RFC 3903 section 4, RFC 6665 section 4.2.2: a change is notified"""
    kind, body = "application/pidf+xml", b"<presence entity='sip:bob@here'/>"
    with endpoint(transport, plain.address) as client:
        _, _, notify = subscribed(client)
        client.answer(notify, 200, "OK")
        ask = client.put(client.ask("PUBLISH", "bob", more=[("Event", "presence")], body=body, content_type=kind))
        client.until(ask, 200)
        told = client.request("NOTIFY")
        client.answer(told, 200, "OK")
        assert not faults(told)
        assert (told.one("Content-Type"), told.body) == (kind, body)


@BOTH
def test_subscribe_to_refer(plain: Serving, transport: str) -> None:
    """RFC 3515 section 2.4.4: 403"""
    with endpoint(transport, plain.address) as client:
        ask = client.ask("SUBSCRIBE", "bob", more=[("Event", "refer")])
        assert client.final(ask).status == 403


@BOTH
def test_unknown_event(plain: Serving, transport: str) -> None:
    """RFC 6665 section 4.2.1.1"""
    with endpoint(transport, plain.address) as client:
        for more in ([("Event", "nobodys-package")], []):
            ask = client.ask("SUBSCRIBE", "bob", more=more)
            assert not complaints(ask, client.final(ask), client, 489, "Bad Event")


def test_subscription_that_runs_out() -> None:
    """RFC 6665 section 4.2.2: terminated;reason=timeout"""
    with Serving("--t1", "50ms") as serving, Udp(serving.address) as client:
        # a rule says yes to any time; of itself the responder grants no less than a minute
        _, response, notify = subscribed(client, expires="1", user="200")
        assert response.one("Expires") == "1"
        client.answer(notify, 200, "OK")
        last = client.request("NOTIFY", seconds=3)
        assert re.fullmatch(r"terminated;\s*reason=timeout", last.one("Subscription-State"))
        client.answer(last, 200, "OK")


def test_notify_is_sent_again_until_it_is_answered(quick: Serving) -> None:
    with Udp(quick.address) as client:
        dialog, _, notify = subscribed(client)
        assert str(client.request("NOTIFY")) == str(notify)
        client.answer(notify, 481, "Who Are You")  # RFC 6665 section 4.2.2: that ends it
        while client.receive(0.1) is not None:
            pass
        assert client.final(dialog.request("SUBSCRIBE", more=[("Event", "presence")])).status == 481


@BOTH
def test_refer(plain: Serving, transport: str) -> None:
    """RFC 3515 section 2.4.4"""
    with endpoint(transport, plain.address) as client:
        ask = client.put(client.ask("REFER", "bob", more=[("Refer-To", "<sip:carol@client.invalid>")]))
        response = client.until_final(ask)[-1]
        assert not complaints(ask, response, client, 200)
        states = []
        while not states or states[-1].startswith("active"):
            notify = client.request("NOTIFY")
            assert not faults(notify)
            assert notify.one("Event").startswith("refer")
            assert notify.one("Content-Type").startswith("message/sipfrag")
            assert notify.body.startswith(b"SIP/2.0 ")
            assert tag_of(notify.one("From")) == response.to_tag
            client.answer(notify, 200, "OK")
            states.append(notify.one("Subscription-State"))
        assert states[-1] == "terminated;reason=noresource"


@BOTH
@pytest.mark.parametrize("more", [[], [("Refer-To", "<sip:a@b.invalid>"), ("Refer-To", "<sip:c@b.invalid>")]])
def test_refer_to_none_or_two(plain: Serving, transport: str, more: list[tuple[str, str]]) -> None:
    """RFC 3515 section 2.4.2: 400"""
    with endpoint(transport, plain.address) as client:
        assert client.final(client.ask("REFER", "bob", more=more)).status == 400


@BOTH
def test_publish(plain: Serving, transport: str) -> None:
    """RFC 3903 section 6"""
    with endpoint(transport, plain.address) as client:
        event = [("Event", "presence")]
        body, kind = b"<presence/>", "application/pidf+xml"
        ask = client.ask("PUBLISH", "bob", more=[*event, ("Expires", "600")], body=body, content_type=kind)
        response = client.final(ask)
        assert not complaints(ask, response, client, 200)
        tags = [response.one("SIP-ETag")]
        for expires in ("300", "0"):
            more = [*event, ("Expires", expires), ("SIP-If-Match", tags[-1])]
            response = client.final(client.ask("PUBLISH", "bob", more=more))
            assert (response.status, response.one("Expires")) == (200, expires)
            tags.append(response.one("SIP-ETag"))
        assert len(set(tags)) == 3
        unknown = client.ask("PUBLISH", "bob", more=[*event, ("SIP-If-Match", "never-given"), ("Expires", "60")])
        assert not complaints(unknown, client.final(unknown), client, 412)
        no_event = client.ask("PUBLISH", "bob", body=body, content_type=kind)
        assert not complaints(no_event, client.final(no_event), client, 489)


@BOTH
def test_message(plain: Serving, transport: str) -> None:
    """RFC 3428 section 7"""
    with endpoint(transport, plain.address) as client:
        ask = client.ask("MESSAGE", "bob", body="Grüße".encode(), content_type="text/plain;charset=utf-8")
        ask.contact = ""
        assert not complaints(ask, client.final(ask), client, 200, "OK")


@BOTH
def test_options_as_an_invite_would_be_answered(plain: Serving, transport: str) -> None:
    """RFC 3261 section 11.2"""
    with endpoint(transport, plain.address) as client:
        ask = client.ask("OPTIONS", "bob", more=[("Accept", "application/sdp")])
        response = client.final(ask)
        assert not complaints(ask, response, client, 200, "OK")
        assert {"INVITE", "ACK", "CANCEL", "BYE", "OPTIONS"} <= set(response.list("Allow"))
        without_user = client.ask("OPTIONS", uri=f"sip:{client.server_host}")
        assert client.final(without_user).status == 200


def test_notify_without_a_subscription(plain: Serving) -> None:
    """RFC 6665 section 4.1.3: 481"""
    with Udp(plain.address) as client:
        ask = client.ask("NOTIFY", "bob", to="<sip:bob@127.0.0.1>;tag=gone",
                         more=[("Event", "presence"), ("Subscription-State", "active")])  # fmt: skip
        assert client.final(ask).status == 481
