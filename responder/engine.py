"""The engine: SIP in, SIP out, on a clock and with ids that the caller hands in.

Five verbs. After every `receive` or `handle_timeout` the caller drains `transmits()` (and `events()`, where it asked
for any) and looks at `next_deadline()`. The same bytes, clock and ids in give the same bytes out; nothing here knows a
socket, and nothing that a peer sends makes a verb raise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from responder.errors import ParseError, detached
from responder.events import Malformed, MessageReceived, Note
from responder.faults import Faults
from responder.registry import Registry
from responder.sip.likeness import Acquaintances
from responder.sip.message import Request, Response
from responder.sip.parser import parse
from responder.sip.syntax import fault_of, fault_of_response
from responder.sip.via import TopVia
from responder.transaction.layer import TransactionLayer
from responder.transaction.timers import Timers
from responder.transaction.wire import Wire
from responder.uas.core import UserAgentServer
from responder.uas.nonces import Nonces
from responder.uas.publications import Publications
from responder.uas.registrar import Registrar
from responder.uas.response import ResponseBuilder
from responder.uas.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from responder.events import Event, Flow, Transmit
    from responder.registry import Ids
    from responder.sip.sdp import Answerer
    from responder.uas.script import Playbook

QUIET: Final = 0
"""Report nothing."""
CALLS: Final = 1
"""Report the end of every call."""
NOTES: Final = 2
"""Report what is remarkable, too: near misses, deviations, log steps, problems, bytes that are no message."""
MESSAGES: Final = 3
"""Report every message, too."""


class Engine:
    """A SIP UAS without sockets.

    `playbook` picks the script of each call. `ids` is where tags, branches and nonces come from (a `random.Random`,
    seeded for a run that can be repeated). `epoch` is the wall clock, in seconds since 1970 UTC, at the engine's time
    zero. `media` gives what answers offers for a local host; without it no response carries a session description.
    `observer` is `QUIET`, `CALLS`, `NOTES` or `MESSAGES`. `builder` makes the responses; one that watches how they come
    about may stand in its place.
    """

    __slots__ = (
        "_acquaintances",
        "_core",
        "_layer",
        "_noting",
        "_observing",
        "_timers",
        "_wire",
        "nonces",
        "registrar",
    )

    def __init__(
        self,
        playbook: Playbook,
        *,
        ids: Ids,
        settings: Settings | None = None,
        registry: Registry | None = None,
        epoch: float = 0.0,
        media: Callable[[str], Answerer] | None = None,
        observer: int = CALLS,
        builder: type[ResponseBuilder] = ResponseBuilder,
    ) -> None:
        settings = settings or Settings()
        registry = registry or Registry.standard()
        self._observing = observer >= MESSAGES
        self._noting = observer >= NOTES
        self._wire = Wire(observing=self._observing)
        self._acquaintances = Acquaintances()
        self._timers = Timers(settings.timers.lengths())
        self._layer = TransactionLayer(self._wire, self._timers, settings.timers)
        self.registrar = Registrar(settings.capabilities, ids=ids)
        """The location service that answers REGISTER (RFC 3261 section 10.3)."""
        self.nonces = Nonces(ids)
        """The nonces of our challenges."""
        self._core = UserAgentServer(
            playbook=playbook,
            settings=settings,
            registry=registry,
            ids=ids,
            wire=self._wire,
            timers=self._timers,
            layer=self._layer,
            builder=builder(
                registry=registry,
                settings=settings,
                ids=ids,
                epoch=epoch,
                nonce=lambda algorithm: self.nonces.issue(self._wire.now),
                media=media,
            ),
            registrar=self.registrar,
            publications=Publications(ids, settings.capabilities),
            faults=Faults(self._wire, self._timers, settings.timers, noting=self._noting),
            reporting=observer >= CALLS,
            noting=self._noting,
        )

    # verbs

    def receive(self, data: bytes, flow: Flow, now: float) -> None:
        """One datagram, or one message framed from a stream, came in on `flow`."""
        self._wire.now = now
        try:
            known = self._acquaintances.read(data, flow.remote)
            if known is not None:
                self._request(known, None, data, flow)
                return
            message = parse(data)
            if type(message) is Request:
                fault = fault_of(message)
                if fault is None:
                    self._acquaintances.met(data, message, flow.remote)
                self._request(message, fault, data, flow)
            elif type(message) is Response:
                self._response(message, data, flow)
        except ParseError as error:
            self._malformed(data, error, flow)
        except Exception as error:  # the promise of this layer: one bad message is never the end of the service
            self._bug(error)

    def rejected(self, error: ParseError, head: bytes, flow: Flow, now: float) -> None:
        """A stream could not be cut into messages; `head` is what there is of the one at fault.

        It is answered where its head can be read; the caller then closes the connection (RFC 3261 section 18.3).
        """
        self._wire.now = now
        try:
            message = parse(head)
            if type(message) is Request:
                self._request(message, error, head, flow)
                return
        except ParseError:
            pass
        except Exception as bug:  # see receive
            self._bug(bug)
        self._malformed(head, error, flow)

    def transmits(self) -> list[Transmit]:
        """What is to be sent now, in order; the list is handed over and begun anew."""
        wire = self._wire
        out = wire.out
        if out:
            wire.out = []
        return out

    def next_deadline(self) -> float | None:
        """When `handle_timeout` is to be called at the latest; None: not before something is received."""
        return self._timers.next_deadline()

    def handle_timeout(self, now: float) -> None:
        """Time has passed: retransmit, give up, go on with what waits."""
        self._wire.now = now
        while True:
            try:
                self._timers.expire(now)
                return
            except Exception as error:  # see receive; the deadline at fault is gone, the others are still to be told
                self._bug(error)

    def events(self) -> list[Event]:
        """What happened since the last call, in order (see `observer`)."""
        wire = self._wire
        events = wire.events
        if events:
            wire.events = []
        return events

    # beside the five

    def transport_failed(self, flow: Flow, now: float, reason: str) -> None:
        """Nothing can be sent to this peer: ICMP said so, or the connection is gone and could not be had again."""
        self._wire.now = now
        if self._noting:
            self._wire.events.append(
                Note(now, 0, "problem", f"{flow.transport} {flow.remote[0]}:{flow.remote[1]}: {reason}")
            )
        self._layer.transport_failed(flow)

    def shutdown(self, now: float) -> None:
        """End what is under way: 480 to INVITEs that wait, BYE in dialogs."""
        self._wire.now = now
        self._core.shutdown()

    def close(self, now: float) -> None:
        """Nothing will be sent any more: what is still not over is reported as abandoned."""
        self._wire.now = now
        self._core.abandon()

    @property
    def busy(self) -> int:
        """Calls that are not over."""
        return len(self._core.live)

    @property
    def finished(self) -> int:
        """Calls that are over."""
        return self._core.finished

    # ways

    def _request(self, request: Request, fault: ParseError | None, data: bytes, flow: Flow) -> None:
        if fault is not None:
            _give_via(request, fault, flow)
        lost = self._core.loses(request) if self._core.losses else 0
        if lost:
            now, events = self._wire.now, self._wire.events
            if self._observing:
                events.append(MessageReceived(now, flow, data, request, lost, False))
            if self._noting:
                events.append(Note(now, lost, "fault", f"{request.method} taken as lost on purpose"))
            return
        key, transaction = self._layer.find(request, flow)
        at = len(self._wire.events)
        self._core.matched = ""
        if transaction is None:
            number = self._core.receive(request, fault, key, flow)
            again = False
        else:
            user = transaction.user
            number = user.number if user is not None else 0
            again = request.method != "ACK"
            if again:
                transaction.retransmitted()
            else:
                transaction.acknowledged(request)
        if self._observing:
            # it came before whatever it led to
            event = MessageReceived(self._wire.now, flow, data, request, number, again, self._core.matched)
            self._wire.events.insert(at, event)

    def _response(self, response: Response, data: bytes, flow: Flow) -> None:
        fault = fault_of_response(response)
        if fault is not None:
            raise fault  # 8.1.3: a response that cannot be read is dropped
        if len(response.every("via")) > 1:
            raise ParseError("More than one Via in a response to us", field="Via")  # 8.1.3.3
        transaction = self._layer.match_response(response)
        user = transaction.user if transaction is not None else None
        core = self._core
        core.matched = ""
        event = None
        if self._observing:
            number = user.number if user is not None else 0
            event = MessageReceived(self._wire.now, flow, data, response, number, False)
            self._wire.events.append(event)
        if transaction is not None:
            transaction.receive(response)
        if event is not None:
            event.note = core.matched

    def _malformed(self, data: bytes, error: ParseError, flow: Flow) -> None:
        detached(error)
        # a datagram of line ends or zeros keeps a NAT open (on a stream the framer drops them: RFC 5626 section 4.4.1)
        if self._noting and data.strip(b"\r\n\0"):
            self._wire.events.append(Malformed(self._wire.now, flow, data, error, 0))

    def _bug(self, error: Exception) -> None:
        detached(error)
        text = f"internal error: {type(error).__name__}: {error}"
        self._wire.events.append(Note(self._wire.now, 0, "problem", text))


def _give_via(request: Request, fault: ParseError, flow: Flow) -> None:
    """See to it that a malformed request has a topmost Via to answer by: where its own cannot be read, the source.

    Raises the fault where there is no Via at all, because then nothing could be copied into a response (8.2.6.2).
    """
    if "via" not in request.shape.index:
        raise fault
    try:
        request.top_via  # noqa: B018  # computed now and kept
    except ParseError:
        host, port = flow.remote
        request.top_via = TopVia(flow.transport, flow.sent_by, host, host, port, False, None, None, "")
