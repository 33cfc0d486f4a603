"""What this client answers to requests that come in (RFC 3261 sections 8.2, 9.2, 11, 12.2.2, 14.2, 15.1.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import sdp
from conversation import ALLOW
from message import Message, response, token
from transactions import ServerTransaction

if TYPE_CHECKING:
    from agent import UserAgent

EXTENSIONS = {"100rel", "timer"}


class Listener(Protocol):
    """The call that wants to know of requests in its dialogs."""

    session: sdp.Session

    def heard_request(self, request: Message) -> None:
        """A request in a dialog that was answered with a 2xx."""

    @property
    def inviting(self) -> bool:
        """Whether an INVITE of ours is under way."""


def answer(agent: UserAgent, request: Message, transaction: ServerTransaction) -> None:
    """Answers a request, by the checks in the order of 8.2."""
    wrong, method = agent.wrong, request.method
    if wrong(f"response-none-to-{method.lower()}") or (method == "NOTIFY" and wrong("notify-unanswered")):
        return

    def respond(status: int, reason: str, *headers: tuple[str, str], body: bytes = b"") -> None:
        reply = response(request, status, reason, token())
        for name, value in headers:
            reply.add(name, value)
        reply.carry("application/sdp", body)
        transaction.respond(reply)

    if method not in ALLOW.replace(",", "").split():
        if wrong("response-to-unknown-methods"):
            respond(200, "OK")
        else:
            respond(405, "Method Not Allowed", ("Allow", ALLOW))  # 8.2.1
        return
    unknown = [one for one in request.values("Require") if one.lower() not in EXTENSIONS]
    if unknown and method != "CANCEL" and not wrong("response-require-ignored"):
        respond(420, "Bad Extension", ("Unsupported", ", ".join(unknown)))  # 8.2.2.3
        return
    if method == "CANCEL":
        known = agent.layer.servers.get((request.branch, "INVITE"))
        respond(*(481, "Call/Transaction Does Not Exist") if known is None else (200, "OK"))
        return
    if request.tag("To"):
        _in_dialog(agent, request, respond)
    elif method == "OPTIONS":
        respond(200, "OK", *capabilities())
    elif method == "MESSAGE":
        respond(200, "OK")
    elif method == "INVITE":
        respond(486, "Busy Here")
    else:
        respond(481, "Call/Transaction Does Not Exist")


def capabilities() -> list[tuple[str, str]]:
    """What 11.2 wants in a 200 to OPTIONS."""
    return [
        ("Allow", ALLOW),
        ("Accept", "application/sdp, text/plain"),
        ("Accept-Encoding", "identity"),
        ("Accept-Language", "en"),
        ("Supported", "100rel, timer"),
    ]


def _in_dialog(agent: UserAgent, request: Message, respond) -> None:  # type: ignore[no-untyped-def]
    wrong, method = agent.wrong, request.method
    if method == "NOTIFY":
        taker = agent.subscribers.get(request.get("Call-ID"))
        dialog = agent.dialog_of(request)
        if wrong("notify-refused-489"):
            respond(489, "Bad Event")
        elif taker is not None and taker(request):
            respond(200, "OK")
        elif dialog is not None and taker is None:
            respond(489, "Bad Event", ("Allow-Events", "presence, refer"))
        else:
            respond(481, "Subscription Does Not Exist")
        return
    dialog = agent.dialog_of(request)
    if dialog is None:
        if wrong("response-200-outside-dialogs"):
            respond(200, "OK")
        else:
            respond(481, "Call/Transaction Does Not Exist")
        return
    if request.cseq[0] < dialog.peer_number and not wrong("dialog-old-cseq-accepted"):
        respond(500, "CSeq Out of Order")  # 12.2.2
        return
    dialog.peer_number = max(request.cseq[0], dialog.peer_number)
    call = agent.call
    if call is None:
        respond(481, "Call/Transaction Does Not Exist")
        return
    if method == "BYE":
        if wrong("response-bye-481"):
            respond(481, "Call/Transaction Does Not Exist")
        else:
            respond(200, "OK")
        if not wrong("bye-of-the-peer-ignored"):
            call.heard_request(request)
        return
    if method in ("INVITE", "UPDATE"):
        if call.inviting and (method == "INVITE" or request.body) and dialog.confirmed:
            respond(491, "Request Pending")  # 14.2, RFC 3311 section 5.2
            return
        if request.body and not sdp.acceptable(request.body):
            respond(488, "Not Acceptable Here", ("Warning", f'304 {agent.host} "Media type not available"'))
            return
        dialog.refresh(request)
        headers = [("Contact", agent.contact(agent.kind)), ("Allow", ALLOW), ("Supported", "100rel, timer")]
        if interval := request.get("Session-Expires"):
            refresher = "" if "refresher=" in interval else ";refresher=uas"
            headers.append(("Session-Expires", interval + refresher))
            if "refresher=uac" in interval or "timer" in request.tokens("Supported"):
                headers.append(("Require", "timer"))
        body = b""
        if request.body:
            body = call.session.answer(request.body)
        elif method == "INVITE":
            body = call.session.offer()
        if wrong("sdp-no-answer-to-an-offer"):
            body = b""
        respond(200, "OK", *headers, body=body)
        call.heard_request(request)
        return
    if method == "INFO" and request.has("Info-Package"):
        respond(469, "Bad Info Package", ("Recv-Info", ""))
    elif method == "PRACK":
        respond(481, "Call/Transaction Does Not Exist")
    else:
        respond(200, "OK", *(capabilities() if method == "OPTIONS" else []))
    call.heard_request(request)
