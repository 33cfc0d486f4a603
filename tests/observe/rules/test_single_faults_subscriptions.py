"""Single faults with subscriptions, transfers and publications: RFC 6665, 3515, 3903."""

from __future__ import annotations

from functools import partial
from typing import Any

from bench import OK, RINGING

from responder.uas.script import Order, Reply

from .misbehaving import (
    HERE,
    OMITTED,
    Changes,
    Fault,
    Misbehaving,
    conduct,
    held,
    messages,
    verify,
)


def notifies(*states: str, event: str = "presence") -> tuple[Any, ...]:
    """NOTIFYs of ours, one a second."""
    found: list[Any] = []
    for state in states:
        fields = (("Event", event), ("Subscription-State", state))
        found += [0.5, Order("NOTIFY", headers=fields)]
    return tuple(found)


def subscribed(
    changes: Changes, *, states: tuple[str, ...] = ("active;expires=600",), refused: int = 0, stays: float = 8.0
) -> Misbehaving:
    """A subscription with its NOTIFYs, refreshed once, and ended."""
    accepted = Reply(200, headers=(("Expires", "600"),))
    again = Reply(refused) if refused else accepted
    plans = {"SUBSCRIBE": (accepted, *notifies(*states), "stay")}
    client = Misbehaving(plans=plans, later={"SUBSCRIBE": (again,)}, changes=changes)
    client.answers("NOTIFY", name="answer")
    sent = client.send("SUBSCRIBE", client.caller.request("SUBSCRIBE", "Event: presence", "Expires: 600"))
    for final in [one for one in sent if one.what == "200"]:
        client.caller.heard(final)
    client.leave(stays)
    return client


def refreshed(changes: Changes) -> Misbehaving:
    """A subscription that is refreshed, and ended."""
    accepted = Reply(200, headers=(("Expires", "600"),))
    client = Misbehaving(plans={"SUBSCRIBE": (accepted, "stay")}, later={"SUBSCRIBE": (accepted,)}, changes=changes)
    client.answers("NOTIFY")
    subscribe = partial(client.caller.request, "SUBSCRIBE", "Event: presence")
    sent = client.send("SUBSCRIBE", subscribe("Expires: 600"))
    client.caller.heard(next(one for one in sent if one.what == "200")) if sent else None
    client.bench.run(1)
    client.send("refresh", subscribe("Expires: 600"))
    client.bench.run(1)
    client.send("end", subscribe("Expires: 0"))
    client.leave(1)
    return client


def subscribes_again(state: str, after: float, wrong: bool, *, later: float = 0.0) -> Misbehaving:
    """What a client does once a NOTIFY has ended its subscription; `later` is when it may begin another."""
    client = subscribed({}, states=("active;expires=600", state))
    if wrong or later:
        client.bench.run(after if wrong else later)
        client.caller.to_tag, client.caller.call_id, client.caller.tag = None, "next@127.0.0.1", "next"
        client.bench.receive(client.caller.request("SUBSCRIBE", "Event: presence", "Expires: 600"), HERE)
        client.bench.run(1)
    client.leave()
    return client


def refreshes_the_dead(state: str, wrong: bool) -> Misbehaving:
    client = subscribed({}, states=("active;expires=600", state))
    if wrong:
        client.bench.receive(client.caller.request("SUBSCRIBE", "Event: presence", "Expires: 600"), HERE)
    client.leave()
    return client


def after_refused_refresh(status: int, same_dialog: bool, wrong: bool) -> Misbehaving:
    client = subscribed({}, refused=status)
    client.bench.receive(client.caller.request("SUBSCRIBE", "Event: presence", "Expires: 600"), HERE)
    client.bench.run(1)
    if not same_dialog:
        client.caller.to_tag = None
    if not wrong:
        client.caller.to_tag, client.caller.call_id, client.caller.tag = None, "next@127.0.0.1", "next"
    client.bench.receive(
        client.caller.request("SUBSCRIBE", "Event: presence", "Expires: 600", uri="sip:carol@127.0.0.1"), HERE
    )
    client.bench.run(2)
    client.leave()
    return client


def referred(changes: Changes, *, last: str = "terminated;reason=noresource") -> Misbehaving:
    """A REFER of ours in a call, and the reports of the client."""
    client = Misbehaving(
        RINGING, OK, 1, Order("REFER", headers=(("Refer-To", "<sip:carol@127.0.0.1>"),)), "stay", changes=changes
    )
    client.answers("REFER", 202, name="accepted")
    client.call()
    client.bench.run(1.1)
    for name, status, state in (("first", "100 Trying", "active;expires=60"), ("last", "200 OK", last)):
        fields = ("Event: refer", f"Subscription-State: {state}")
        body = f"SIP/2.0 {status}\r\n".encode()
        client.send(name, client.caller.request("NOTIFY", *fields, body=body, content_type="message/sipfrag"))
        client.bench.run(0.5)
    client.hang_up()
    return client


def refused_report(wrong: bool) -> Misbehaving:
    """We refuse the first report on our REFER."""
    refer = Order("REFER", headers=(("Refer-To", "<sip:carol@127.0.0.1>"),))
    client = Misbehaving(RINGING, OK, 1, refer, "stay", later={"NOTIFY": (Reply(481),)})
    client.answers("REFER", 202)
    client.call()
    client.bench.run(1.1)
    for status, state in (("100 Trying", "active;expires=60"), ("200 OK", "terminated;reason=noresource"))[: 1 + wrong]:
        fields = ("Event: refer", f"Subscription-State: {state}")
        body = f"SIP/2.0 {status}\r\n".encode()
        client.bench.receive(client.caller.request("NOTIFY", *fields, body=body, content_type="message/sipfrag"), HERE)
        client.bench.run(1)
    client.hang_up()
    return client


def deactivated(wrong: bool) -> Misbehaving:
    client = subscribed({}, states=("active;expires=600", "terminated;reason=deactivated"), stays=1.5)
    if not wrong:
        client.caller.to_tag, client.caller.call_id, client.caller.tag = None, "next@127.0.0.1", "next"
        client.bench.receive(client.caller.request("SUBSCRIBE", "Event: presence", "Expires: 600"), HERE)
    client.leave(5)
    return client


def published(changes: Changes) -> Misbehaving:
    """A publication, refreshed and removed."""
    tags = iter(("one", "two", "three", "four"))

    def etag(call: Any, transaction: Any) -> None:
        call.respond(transaction, Reply(200, headers=(("SIP-ETag", next(tags)), ("Expires", "600"))))

    client = Misbehaving(plans={"*": (etag,)}, changes=changes)
    publish = partial(client.caller.request, "PUBLISH", "Event: presence")
    client.send("PUBLISH", publish("Expires: 600", body=b"<presence/>", content_type="application/pidf+xml"))
    client.bench.run(1)
    client.send("refresh", publish("Expires: 600", "SIP-If-Match: one"))
    client.bench.run(1)
    client.send("removal", publish("Expires: 0", "SIP-If-Match: two"))
    client.leave()
    return client


def publishes_twice(wrong: bool) -> Misbehaving:
    client = Misbehaving(plans={"*": (0.2, OK)})
    publish = partial(client.caller.request, "PUBLISH", "Expires: 600", content_type="application/pidf+xml")
    client.bench.receive(publish("Event: presence", body=b"<presence/>"), HERE)
    client.bench.run(0.1 if wrong else 0.3)
    client.bench.receive(publish("Event: dialog", body=b"<dialog-info/>"), HERE)
    client.bench.run(0.3)
    client.leave()
    return client


def asked_for_nothing(changes: Changes) -> Misbehaving:
    """A NOTIFY of ours about what the client has not subscribed to."""
    client = Misbehaving(RINGING, OK, *notifies("active;expires=60", event="foo"), "stay", changes=changes)
    client.answers("NOTIFY", 481, name="answer")
    client.call()
    client.hang_up()
    return client


SUBSCRIPTIONS = [
    messages("489 to NOTIFY", "notify-in-a-subscription-is-accepted", subscribed, answer={":start": "SIP/2.0 489 No"}),
    messages(
        "refresh without To tag",
        "subscription-is-refreshed-in-its-dialog",
        refreshed,
        refresh={"To": "<sip:bob@127.0.0.1>"},
    ),
    messages("refresh with another Event", "refresh-keeps-the-event", refreshed, refresh={"Event": "dialog"}),
    messages(
        "end without To tag",
        "subscription-is-ended-in-its-dialog",
        refreshed,
        end={"To": "<sip:bob@127.0.0.1>", "Call-ID": "new@127.0.0.1"},
    ),
    messages(
        "refresh of a publication without its entity-tag",
        "publication-is-kept-up-by-its-entity-tag",
        published,
        refresh={"SIP-If-Match": None, ":body": b"<presence/>"},
    ),
    conduct("NOTIFY after one that got 481", "refused-notify-ends-the-subscription", refused_report),
    conduct("no SUBSCRIBE after deactivated", "deactivated-subscription-is-begun-again", deactivated),
    messages("SUBSCRIBE without Event", "subscribe-has-one-event", subscribed, SUBSCRIBE={"Event": None}),
    messages("SUBSCRIBE without Expires", "subscribe-has-expires", subscribed, SUBSCRIBE={"Expires": None}),
    messages(
        "SUBSCRIBE without Contact", "request-for-a-dialog-has-one-contact", subscribed, SUBSCRIBE={"Contact": None}
    ),
    messages("481 to NOTIFY", "notify-in-a-subscription-is-accepted", subscribed, answer={":start": "SIP/2.0 481 No"}),
    messages("no answer to NOTIFY", "requests-to-it-are-answered", subscribed, answer=OMITTED),
    messages(
        "200 to a NOTIFY of no subscription",
        "notify-of-no-subscription-is-refused",
        asked_for_nothing,
        answer={":start": "SIP/2.0 200 OK"},
    ),
    conduct(
        "refresh after terminated",
        "terminated-subscription-is-not-refreshed",
        partial(refreshes_the_dead, "terminated;reason=timeout"),
    ),
    conduct(
        "SUBSCRIBE after rejected",
        "rejected-subscription-is-not-begun-again",
        partial(subscribes_again, "terminated;reason=rejected", 1.0),
    ),
    conduct(
        "SUBSCRIBE after noresource",
        "rejected-subscription-is-not-begun-again",
        partial(subscribes_again, "terminated;reason=noresource", 1.0),
    ),
    conduct(
        "SUBSCRIBE before retry-after",
        "retry-after-of-a-subscription-is-waited-for",
        partial(subscribes_again, "terminated;reason=probation;retry-after=20", 1.0, later=20.0),
    ),
    conduct(
        "refresh after a refresh that got 481",
        "refused-refresh-ends-the-subscription",
        partial(after_refused_refresh, 481, True),
    ),
    conduct(
        "SUBSCRIBE with the Call-ID of the one that got 404",
        "refused-refresh-ends-the-subscription",
        partial(after_refused_refresh, 404, False),
    ),
    messages("no NOTIFY after REFER", "accepted-refer-is-reported", referred, first=OMITTED, last=OMITTED),
    messages("NOTIFY without Event", "notify-has-a-subscription-state", referred, first={"Event": None}),
    messages("NOTIFY with another Event", "refer-report-is-a-sipfrag", referred, first={"Event": "presence"}),
    messages("NOTIFY with another type", "refer-report-is-a-sipfrag", referred, first={"Content-Type": "text/plain"}),
    messages("NOTIFY without status line", "refer-report-is-a-sipfrag", referred, first={":body": b"Trying"}),
    messages(
        "NOTIFY without Subscription-State",
        "notify-has-a-subscription-state",
        referred,
        first={"Subscription-State": None},
    ),
    messages(
        "NOTIFY without expires", "notify-has-a-subscription-state", referred, first={"Subscription-State": "active"}
    ),
    messages(
        "last NOTIFY without noresource",
        "final-refer-report-terminates",
        referred,
        last={"Subscription-State": "terminated;reason=timeout"},
    ),
    messages(
        "last NOTIFY is active",
        "final-refer-report-terminates",
        referred,
        last={"Subscription-State": "active;expires=30"},
    ),
    messages("PUBLISH without Event", "publish-has-one-event", published, PUBLISH={"Event": None}),
    messages("PUBLISH without body", "publish-without-entity-tag-has-a-body", published, PUBLISH={":body": b""}),
    messages(
        "refresh with the old entity-tag", "publish-has-the-last-entity-tag", published, removal={"SIP-If-Match": "one"}
    ),
    messages(
        "refresh with an entity-tag of its own",
        "publish-has-the-last-entity-tag",
        published,
        refresh={"SIP-If-Match": "mine"},
    ),
    messages("removal with a body", "publish-that-removes-has-no-body", published, removal={":body": b"<presence/>"}),
    conduct("two PUBLISHs at a time", "one-publish-at-a-time", publishes_twice),
]


@held(SUBSCRIPTIONS)
def test_subscriptions(fault: Fault) -> None:
    verify(fault)
