"""Requests that are no calls: OPTIONS, MESSAGE, REGISTER, SUBSCRIBE, PUBLISH and REFER."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from conversation import ALLOW, Conversation, Dialog
from message import Address, Message, Uri

if TYPE_CHECKING:
    from agent import UserAgent

PIDF = (
    '<?xml version="1.0" encoding="UTF-8"?>\r\n<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="{aor}">'
    '<tuple id="a1"><status><basic>{basic}</basic></status></tuple></presence>\r\n'
)


async def options(agent: UserAgent) -> Message:
    """11.1."""
    conversation = agent.conversation()
    return await conversation.ask(
        conversation.request(
            "OPTIONS",
            ("Contact", agent.contact(agent.kind)),
            ("Accept", "application/sdp"),
            ("Allow", ALLOW),
            ("Supported", "100rel, timer"),
        )
    )


async def message(agent: UserAgent) -> Message:
    """RFC 3428: no Contact, no dialog."""
    conversation = agent.conversation()
    body = b"hello, this is a page-mode message"
    if agent.wrong("message-waits-not"):
        second = conversation.request("MESSAGE", body=b"and another", content="text/plain")
        asyncio.get_running_loop().call_later(0.01, conversation.begin, second, lambda answer: None)
    return await conversation.ask(conversation.request("MESSAGE", body=body, content="text/plain"))


async def register(agent: UserAgent) -> Message:
    """10.2: a binding, refreshed in time, and taken back."""
    target = Uri.parse(agent.uri)
    port = f":{target.port}" if target.port else ""
    uri = f"sip:{target.host}{port}" + (f";transport={target.transport}" if target.transport else "")
    user = target.user or agent.user
    if agent.wrong("register-user-in-request-uri"):
        uri = f"sip:{user}@{target.host}{port}"
    conversation = agent.conversation(uri, f"<sip:{user}@{target.host}{port}>")
    conversation.hop = lambda uri, routes: Conversation.hop(conversation, agent.uri, routes)  # type: ignore[method-assign]
    conversation.local = f"<sip:{user}@{target.host}{port}>;tag={conversation.tag}"
    wanted = "600"

    def again(expires: str, role: str) -> Message:
        nonlocal conversation
        if agent.wrong("register-new-call-id-for-each"):
            fresh = agent.conversation(uri, conversation.remote)
            fresh.local, fresh.keyring = conversation.local, conversation.keyring
            conversation = fresh
        request = conversation.request("REGISTER", ("Expires", expires), ("Allow", ALLOW))
        if agent.wrong("register-cseq-stays") and conversation.number > 1:
            conversation.number = 1
            request.put("CSeq", "1 REGISTER")
        request.roles |= {role}
        return request

    first = again(wanted, "first")
    if agent.wrong("register-overlapping"):
        second = again(wanted, "second")
        asyncio.get_running_loop().call_later(0.01, conversation.begin, second, lambda answer: None)
    answer = await conversation.ask(first)
    if answer.status >= 300:
        return answer
    loop = asyncio.get_running_loop()
    wanted = conversation.last_sent.get("Expires")
    granted = _granted(agent, answer)
    end = loop.time() + 1.0
    if granted <= 10 and not agent.wrong("register-never-refreshed"):
        await asyncio.sleep(granted / 2)
        answer = await conversation.ask(again(wanted, "refresh"))
        if answer.status >= 300:
            return answer
    await asyncio.sleep(
        max(granted + 0.5 if granted <= 10 and agent.wrong("register-never-refreshed") else 0.0, end - loop.time())
    )
    if agent.wrong("register-star-with-expiry"):
        gone = again("3600", "removal")
        gone.put("Contact", "*")
    else:
        gone = again("0", "removal")
    await conversation.ask(gone)
    return answer


def _granted(agent: UserAgent, answer: Message) -> int:
    """How long our binding lives (10.2.4)."""
    own = Uri.parse(Address.parse(agent.contact(agent.kind)).uri).key
    for value in answer.values("Contact"):
        address = Address.parse(value)
        if Uri.parse(address.uri).key == own and address.params.get("expires", "").isdigit():
            return int(address.params["expires"])
    return int(answer.get("Expires")) if answer.get("Expires").isdigit() else 3600


class Subscription:
    """One subscription (RFC 6665 section 4.1): made by SUBSCRIBE, or by REFER."""

    def __init__(self, agent: UserAgent, conversation: Conversation, event: str) -> None:
        self.agent, self.conversation, self.event = agent, conversation, event
        self.dialog: Dialog | None = None
        self.request: Message | None = None
        self.ended = asyncio.Event()
        self.came = asyncio.Event()
        agent.subscribers[conversation.call_id] = self.notified

    def notified(self, notify: Message) -> bool:
        """A NOTIFY; False for what is not of this subscription (4.1.3)."""
        if notify.tag("To") != self.conversation.tag or notify.get("Event").partition(";")[0].strip() != self.event:
            return False
        if self.ended.is_set():
            return False
        if self.dialog is None and self.request is not None:  # 4.1.2.4: the NOTIFY makes the dialog
            self.make(notify.get("From"), notify)
        elif self.dialog is not None and self.dialog.peer_tag != notify.tag("From"):
            return False
        if self.dialog is not None:
            self.dialog.refresh(notify)
        self.came.set()
        if notify.get("Subscription-State").partition(";")[0].strip().lower() == "terminated":
            self.ended.set()
        return True

    def make(self, remote: str, source: Message) -> Dialog:
        """The dialog."""
        assert self.request is not None
        routes = source.values("Record-Route")
        self.dialog = Dialog(
            self.conversation,
            self.request,
            remote=remote,
            contact=next(iter(source.values("Contact")), ""),
            routes=routes if source.is_request else routes[::-1],
        )
        self.dialog.number = self.conversation.number  # a NOTIFY may be here before the 2xx
        return self.dialog

    async def wait(self, event: asyncio.Event, seconds: float) -> None:
        """For a NOTIFY, not for ever."""
        try:
            await asyncio.wait_for(event.wait(), seconds)
        except TimeoutError:
            return


async def subscribe(agent: UserAgent, event: str = "presence") -> Message:
    """SUBSCRIBE, a refresh, and the end of it."""
    conversation = agent.conversation()
    subscription = Subscription(agent, conversation, event)
    headers = [("Event", event), ("Expires", "600"), ("Accept", "application/pidf+xml")]
    subscription.request = conversation.request("SUBSCRIBE", *headers)
    answer = await conversation.ask(subscription.request)
    if answer.status >= 300:
        agent.subscribers.pop(conversation.call_id)
        return answer
    subscription.request = conversation.last_sent
    dialog = subscription.dialog or subscription.make(answer.get("To"), answer)
    await subscription.wait(subscription.came, 3)
    granted = int(answer.get("Expires")) if answer.get("Expires").isdigit() else 600
    if granted <= 10 and not subscription.ended.is_set():
        await subscription.wait(subscription.ended, granted / 2)
        if not subscription.ended.is_set():
            refresh = await _refresh(agent, dialog, headers, "600")
            if refresh.status >= 300:
                if refresh.status in (404, 405, 410, 416, 480, 481, 482, 483, 484, 485, 489, 501, 604):
                    subscription.ended.set()
                    agent.subscribers.pop(conversation.call_id, None)
                return answer
    await subscription.wait(subscription.ended, 1.0)
    if not subscription.ended.is_set():
        gone = await _refresh(agent, dialog, headers, "0")
        if gone.status < 300:
            await subscription.wait(subscription.ended, 2.0)
    return answer


async def _refresh(agent: UserAgent, dialog: Dialog, headers: list[tuple[str, str]], expires: str) -> Message:
    values = [(name, expires if name == "Expires" else value) for name, value in headers]
    if agent.wrong("subscribe-refreshed-outside-its-dialog"):
        other = agent.conversation()
        return await other.ask(other.request("SUBSCRIBE", *values))
    request = dialog.request("SUBSCRIBE", *values)
    request.roles |= {"refresh"}
    return await dialog.ask(request)


async def publish(agent: UserAgent) -> Message:
    """RFC 3903: published, refreshed, changed, taken back, each by the last entity-tag."""
    conversation = agent.conversation()
    wrong = agent.wrong

    async def send(expires: str, tag: str, basic: str, role: str) -> Message:
        body = PIDF.format(aor=agent.aor, basic=basic).encode() if basic else b""
        headers = [("Event", "presence"), ("Expires", expires), ("SIP-If-Match", tag)]
        request = conversation.request("PUBLISH", *headers, body=body, content="application/pidf+xml")
        request.roles |= {role}
        answer = await conversation.ask(request)
        if answer.status == 412 and tag:
            if wrong("publish-412-same-tag-again"):
                return await send(expires, tag, basic, role)
            if wrong("publish-412-gives-up"):
                return answer
            return await send("600", "", "open", "first")
        return answer

    first = answer = await send("600", "", "open", "first")
    for expires, basic, role in (("600", "", "refresh"), ("600", "closed", "change"), ("0", "", "removal")):
        tag = answer.get("SIP-ETag")
        if answer.status >= 300 or not tag:
            break
        if wrong("publish-first-tag-for-ever"):
            tag = first.get("SIP-ETag")
        if wrong("publish-without-tag"):
            tag = ""
        if wrong("publish-removal-with-body") and role == "removal":
            basic = "open"
        await asyncio.sleep(0.1)
        answer = await send(expires, tag, basic, role)
    return first


async def refer(agent: UserAgent) -> Message:
    """RFC 3515: asks for a call, and hears how it went."""
    conversation = agent.conversation()
    subscription = Subscription(agent, conversation, "refer")
    headers = [("Refer-To", f"<sip:bob@{Uri.parse(agent.uri).host}>"), ("Allow", ALLOW)]
    headers.append(("Supported", "norefersub"))
    subscription.request = conversation.request("REFER", *headers)
    answer = await conversation.ask(subscription.request)
    if answer.status >= 300:
        agent.subscribers.pop(conversation.call_id)
        return answer
    subscription.request = conversation.last_sent
    if re.match("false", answer.get("Refer-Sub"), re.IGNORECASE):
        return answer
    dialog = subscription.dialog or subscription.make(answer.get("To"), answer)
    await subscription.wait(subscription.ended, 4.0)
    if not subscription.ended.is_set() and subscription.came.is_set():
        await _refresh(agent, dialog, [("Event", "refer"), ("Expires", "0")], "0")
        await subscription.wait(subscription.ended, 1.0)
    return answer


ERRANDS = {
    "OPTIONS": options,
    "MESSAGE": message,
    "REGISTER": register,
    "SUBSCRIBE": subscribe,
    "PUBLISH": publish,
    "REFER": refer,
}
