"""A client that behaves by the RFCs, for playing a flow through: it acknowledges, tries again and answers.

What it does beside that is for others to say (`rehearsal`): it has a verb for each thing that a flow can wait for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from responder.control.credentials import Keyring
from responder.control.sample import session
from responder.errors import ParseError
from responder.sip import header_names
from responder.sip.message import Message, Request, Response
from responder.sip.parser import parse
from responder.sip.writer import write

if TYPE_CHECKING:
    from responder.control.sample import Sample
    from responder.events import Flow

_HAVE_CONTACT: Final = frozenset({"INVITE", "UPDATE", "SUBSCRIBE", "REFER", "REGISTER", "NOTIFY"})
_MADE_ANEW: Final = frozenset(
    {"via", "max-forwards", "from", "to", "call-id", "cseq", "contact", "content-type", "content-length", "route"}
)
"""KEYs of fields that each request has its own of."""
_OFFERING: Final = frozenset({"INVITE", "UPDATE"})


@dataclass(slots=True)
class Branch:
    """A dialog, or the beginning of one, as the client sees it."""

    call_id: str
    local: str
    """Our From in its requests: the client's own address with its tag."""
    remote: str
    target: str
    routes: list[str] = field(default_factory=list)
    cseq: int = 0
    confirmed: bool = False
    of_invite: bool = True
    pracked: int = 0


class Peer:
    """One client. `send` takes the bytes of a request or response, and the flow that they go on."""

    def __init__(self, first: Request, flow: Flow, keyring: Keyring, send: Callable[[bytes, Flow], None]) -> None:
        self.flow = flow
        self.keyring = keyring
        self.first = first
        self._send = send
        host, port = flow.remote
        self.address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        transport = "" if flow.transport == "UDP" else f";transport={flow.transport.lower()}"
        self.contact = first.get("Contact") or f"<sip:alice@{self.address}{transport}>"
        self.headers = {
            name: value.strip()
            for name, value in first.fields()
            if header_names.key(name) not in _MADE_ANEW | {"authorization", "proxy-authorization"}
        }
        self.branches: dict[tuple[str, str], Branch] = {}
        """Dialogs by Call-ID and the server's tag; those that are over are taken out."""
        self.sent: dict[tuple[str, str], Request] = {}
        """Requests by branch and method."""
        self.answered: set[tuple[str, str]] = set()
        """Those that a response came for, by the same."""
        self.last: dict[str, Request] = {}
        """The last request of each method."""
        self._cseq = _cseq(first)
        self._serial = 0
        self._described = 1
        self._acks: dict[tuple[int, str], bytes] = {}
        self._open_invite: Request | None = None
        self._answers: dict[tuple[str, str], bytes] = {}
        self._ringing: dict[str, Request] = {}
        """INVITEs of the server's that ring, by Call-ID."""

    # requests

    def begin(self) -> None:
        """Send the first request as it was given."""
        self._transmit(self.first)

    @property
    def confirmed(self) -> list[Branch]:
        """Dialogs of its own that a 2xx to INVITE has confirmed."""
        return [branch for branch in self.branches.values() if branch.confirmed and branch.of_invite]

    @property
    def inviting(self) -> bool:
        """Whether its INVITE waits for a final response."""
        return self._open_invite is not None

    @property
    def ringing(self) -> bool:
        """Whether a provisional response to its INVITE has come, so that it may be cancelled (9.1)."""
        invite = self._open_invite
        return invite is not None and (_branch(invite), "INVITE") in self.answered

    def cancel(self) -> None:
        """CANCEL the INVITE that waits (9.1)."""
        invite = self._open_invite
        if invite is None:
            return
        fields = [(name, value) for name, value in _echo(invite, "CANCEL") if name != "Contact"]
        self._transmit(_parsed(write(f"CANCEL {invite.uri} SIP/2.0", fields)))

    def within(self, branch: Branch, method: str, sample: Sample | None = None) -> None:
        """Send a request in a dialog, with what a sample has for headers and body."""
        body, content_type = (sample.body, sample.content_type) if sample is not None else (b"", "")
        headers = self._headers_of(sample)
        if method == "INVITE" and sample is not None and not body and "sdp" not in sample.absent:
            body, content_type = self._offer(), "application/sdp"
        branch.cseq += 1
        self._request(method, branch.target, branch, branch.cseq, headers, body, content_type)

    def again(self, sample: Sample | None = None, last: Request | None = None) -> None:
        """Send the first request, or another one, once more outside dialogs, changed as a sample says (8.1.3.5)."""
        first = last or self.first
        headers = dict(self.headers) if first.method == self.first.method else {}
        body, content_type = first.body, first.get("Content-Type") or ""
        if sample is not None and sample.method != first.method:
            headers, body, content_type = {}, sample.body, sample.content_type
        if sample is not None:
            headers |= self._headers_of(sample)
            for key in sample.absent:
                headers.pop(header_names.display(key), None)
            if sample.body and sample.content_type != "application/sdp":
                body, content_type = sample.body, sample.content_type
        self._cseq += 1
        beginning = Branch(
            first.get("Call-ID") or "", first.get("From") or "", _untagged(first.get("To") or ""), first.uri
        )
        method = first.method if sample is None else sample.method
        self._request(method, first.uri, beginning, self._cseq, headers, body, content_type)

    def repeat(self, request: Request, branch: Branch) -> None:
        """Send a request in a dialog once more, with credentials (22.2)."""
        branch.cseq += 1
        self._request(
            request.method, branch.target, branch, branch.cseq, {}, request.body, request.get("Content-Type") or ""
        )

    def branch_of(self, call_id: str, tag: str | None) -> Branch | None:
        """The dialog with that tag; without one the confirmed one of this Call-ID, else the latest."""
        if tag is not None:
            return self.branches.get((call_id, tag))
        mine = [branch for (known, _), branch in self.branches.items() if known == call_id]
        return next((branch for branch in mine if branch.confirmed), mine[-1] if mine else None)

    def _headers_of(self, sample: Sample | None) -> dict[str, str]:
        if sample is None:
            return {}
        return {header_names.display(key): value for key, value in sample.headers.items() if key != "contact"}

    def _offer(self, direction: str = "sendrecv") -> bytes:
        self._described += 1
        return session(self.flow.remote[0], version=self._described, direction=direction)

    def _request(
        self,
        method: str,
        uri: str,
        branch: Branch,
        cseq: int,
        headers: dict[str, str],
        body: bytes,
        content_type: str,
    ) -> Request:
        self._serial += 1
        via = f"SIP/2.0/{self.flow.transport} {self.address};branch=z9hG4bKsample{self._serial};rport"
        fields = [
            ("Via", via),
            ("Max-Forwards", "70"),
            ("From", branch.local),
            ("To", branch.remote),
            ("Call-ID", branch.call_id),
            ("CSeq", f"{cseq} {method}"),
            *(("Route", route) for route in branch.routes),
        ]
        if method in _HAVE_CONTACT:
            fields.append(("Contact", headers.pop("Contact", self.contact)))
        fields += [(name, value) for name, value in headers.items() if value]
        if method not in ("ACK", "CANCEL"):
            fields += self.keyring.fields(method, uri, body)
        if body:
            fields.append(("Content-Type", content_type or "application/sdp"))
        request = _parsed(write(f"{method} {uri} SIP/2.0", fields, body))
        self._transmit(request)
        return request

    def _transmit(self, request: Request) -> None:
        self.sent[_branch(request), request.method] = request
        self.last[request.method] = request
        if request.method == "INVITE":
            self._open_invite = request
        self._send(bytes_of(request), self.flow)

    # what it hears

    def hear(self, data: bytes, flow: Flow, *, status: int) -> None:
        """A message came; a request gets `status`, a negative one for an INVITE that is to ring only."""
        try:
            message: Message = parse(data)
            if isinstance(message, Response):
                self._responded(message)
            elif isinstance(message, Request):
                self._asked(message, flow, status)
        except (ParseError, ValueError):
            return  # 18.1.2, 8.1.3: what cannot be read is dropped

    def _responded(self, response: Response) -> None:
        key = (_branch(response), response.cseq.method)
        request = self.sent.get(key)
        if request is None:
            return
        self.answered.add(key)
        status = response.status
        if status in (401, 407):
            self.keyring.challenged(response)
        elif status >= 300:
            self._learn(response)
        if request.method == "INVITE":
            self._invited(request, response)
        elif 200 <= status < 300:
            tag = response.to_tag or ""
            if request.method in ("SUBSCRIBE", "REFER") and (request.get("Call-ID") or "", tag) not in self.branches:
                self._joined(request, response, of_invite=False)
            elif request.method == "BYE":
                self.branches.pop((request.call_id, request.to_tag or ""), None)
            elif request.method == "PUBLISH" and response.get("SIP-ETag"):
                self.headers["SIP-If-Match"] = response.get("SIP-ETag") or ""

    def _learn(self, response: Response) -> None:
        """What a refusal says about how to try again."""
        headers, status = self.headers, response.status
        if status == 423 and response.get("Min-Expires"):
            headers["Expires"] = response.get("Min-Expires") or ""
            self.contact = self.contact.partition(";expires=")[0]
        elif status == 422 and response.get("Min-SE"):
            headers["Session-Expires"] = headers["Min-SE"] = response.get("Min-SE") or ""
            headers["Supported"] = _with(headers.get("Supported", ""), ["timer"])
        elif status == 421:
            headers["Supported"] = _with(headers.get("Supported", ""), response.every("require"))
        elif status == 420:
            headers.pop("Require", None)
        elif status == 412:
            headers.pop("SIP-If-Match", None)

    def _invited(self, request: Request, response: Response) -> None:
        status, tag = response.status, response.to_tag or ""
        mine = (request.call_id, tag)
        known = self._acks.get((request.cseq.number, tag))
        if 200 <= status < 300 and known is not None:
            self._send(known, self.flow)
            return
        if 100 < status < 300 and (tag or status >= 200) and mine not in self.branches:
            self._joined(request, response, of_invite=True)
        if status < 200:
            if "100rel" in response.require and tag:
                self._prack(request, response)
            return
        if self._open_invite is request:
            self._open_invite = None
        if status < 300:
            branch = self.branches[mine]
            branch.confirmed = True
            branch.target = _target(response) or branch.target
            ack = self._request(
                "ACK", branch.target, branch, request.cseq.number, {}, *self._late_answer(request, response)
            )
            self._acks[request.cseq.number, tag] = bytes_of(ack)
            return
        if request.to_tag is None:
            self.branches = {key: known for key, known in self.branches.items() if known.confirmed}  # 12.3
        fields = [(name, value) for name, value in _echo(request, "ACK") if name != "Contact"]
        fields = [(name, response.get("To") or value if name == "To" else value) for name, value in fields]
        self._send(write(f"ACK {request.uri} SIP/2.0", fields), self.flow)

    def _joined(self, request: Request, response: Response, *, of_invite: bool) -> None:
        tag = response.to_tag or ""
        self.branches[request.call_id, tag] = Branch(
            request.call_id,
            request.get("From") or "",
            response.get("To") or "",
            _target(response) or request.uri,
            list(reversed(response.every("record-route"))),
            cseq=max(request.cseq.number, self._cseq),
            confirmed=not of_invite,
            of_invite=of_invite,
        )

    def _prack(self, request: Request, response: Response) -> None:
        """RFC 3262 section 4."""
        branch = self.branches[request.call_id, response.to_tag or ""]
        rseq = int(response.get("RSeq") or "0")
        if rseq <= branch.pracked:
            return
        branch.pracked = rseq
        branch.cseq += 1
        self._request(
            "PRACK",
            branch.target,
            branch,
            branch.cseq,
            {"RAck": f"{rseq} {response.get('CSeq')}"},
            *self._late_answer(request, response),
        )

    def _late_answer(self, request: Request, response: Response) -> tuple[bytes, str]:
        """The answer to the offer of a response, where the INVITE had none (13.2.1)."""
        if response.body and not request.body:
            return self._offer(), "application/sdp"
        return b"", ""

    # requests of the server

    def _asked(self, request: Request, flow: Flow, status: int) -> None:
        method, call_id = request.method, request.call_id
        if method == "ACK":
            return
        key = (_branch(request), method)
        if key in self._answers:
            self._send(self._answers[key], flow)
            return
        if method == "CANCEL":
            self._respond(request, flow, 200)
            ringing = self._ringing.pop(call_id, None)
            if ringing is not None:
                self._respond(ringing, flow, 487)
            return
        if method == "INVITE" and status < 0:
            self._ringing[call_id] = request
            self._respond(request, flow, 180)
            return
        self._respond(request, flow, status)
        branch = self.branches.get((call_id, request.from_tag or ""))
        if branch is not None and method in _OFFERING and status < 300:
            branch.target = _target(request) or branch.target  # 12.2.2
        if method == "BYE":
            self.branches.pop((call_id, request.from_tag or ""), None)
        elif method == "INVITE" and request.to_tag is None and status < 300:
            to = f"{request.get('To')};tag={_OWN_TAG}"
            self.branches[call_id, request.from_tag or ""] = Branch(
                call_id, to, request.get("From") or "", _target(request) or request.uri, confirmed=True
            )

    def _respond(self, request: Request, flow: Flow, status: int) -> None:
        to = request.get("To") or ""
        if request.to_tag is None:
            to += f";tag={_OWN_TAG}"
        fields = [("Via", value) for value in request.every("via")]
        fields += [("From", request.get("From") or ""), ("To", to), ("Call-ID", request.call_id)]
        fields.append(("CSeq", request.get("CSeq") or ""))
        body = b""
        if request.method in (*_HAVE_CONTACT, "INVITE") and status < 300:
            fields.append(("Contact", self.contact))
        if request.method in _OFFERING and 200 <= status < 300 and (request.body or request.method == "INVITE"):
            body = self._offer(_mirrored(request.body))
            fields.append(("Content-Type", "application/sdp"))
        data = write(f"SIP/2.0 {status} {_PHRASES.get(status, 'As expected')}", fields, body)
        if status >= 200:
            self._answers[_branch(request), request.method] = data
        self._send(data, flow)


_OWN_TAG: Final = "callee"
_PHRASES: Final = {180: "Ringing", 200: "OK", 487: "Request Terminated", 491: "Request Pending"}


def _mirrored(offer: bytes) -> str:
    """The direction of an answer (RFC 3264 section 6.1)."""
    found = next((name for name in _ANSWERED if f"a={name}".encode() in offer), "sendrecv")
    return _ANSWERED.get(found, found)


_ANSWERED: Final = {"sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive"}


def bytes_of(request: Request) -> bytes:
    """A request as bytes."""
    body = request.body
    return write(request.start_line, [(name, value.strip()) for name, value in request.fields()], body, measured=True)


def _parsed(data: bytes) -> Request:
    message = parse(data)
    assert isinstance(message, Request)
    return message


def _branch(message: Message) -> str:
    try:
        return message.top_via.branch or ""
    except ParseError:
        return ""


def _cseq(request: Request) -> int:
    try:
        return request.cseq.number
    except ParseError:
        return 1


def _untagged(value: str) -> str:
    return value.partition(";tag=")[0]


def _target(message: Message) -> str:
    contacts = message.contacts
    return str(contacts[0].uri) if contacts else ""


def _echo(request: Request, method: str) -> list[tuple[str, str]]:
    """The fields of an ACK or CANCEL that is made of its INVITE (9.1, 17.1.1.3)."""
    fields = [*(("Via", via) for via in request.every("via")[:1]), ("Max-Forwards", "70")]
    for name in ("From", "To", "Call-ID"):
        fields.append((name, request.get(name) or ""))
    fields.append(("CSeq", f"{_cseq(request)} {method}"))
    return fields + [("Route", route) for route in request.every("route")]


def _with(value: str, tags: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys([*(tag.strip() for tag in value.split(",") if tag.strip()), *tags]))
