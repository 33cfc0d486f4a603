"""Offer and answer (RFC 3264): the answer to any offer, and offers of our own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from responder.sip.codecs import CODECS, STATIC_PAYLOADS, TAKEN, Codec
from responder.sip.session_description import Attribute, Connection, Media, Origin, SdpError, Session

__all__ = ["CODECS", "Answerer", "Codec", "Connection", "Media", "Origin", "SdpError", "Session"]

# RFC 3264 section 6.1: a stream offered as sendonly is answered recvonly or inactive, and the other way round
_MIRRORED: Final = {"sendrecv": "sendrecv", "sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive"}
_PROTOCOLS: Final = ("RTP/AVP", "RTP/AVPF")
# Warn-codes of RFC 3261 section 20.43
_INCOMPATIBLE_NETWORK: Final = 300
_INCOMPATIBLE_TRANSPORT: Final = 302
_MEDIA_TYPE_NOT_AVAILABLE: Final = 304
_INCOMPATIBLE_FORMAT: Final = 305
_BOUND: Final = 512
_LONG: Final = 4096

_Part = tuple[bytes, bytes]


class Answerer:
    """Answers offers, and makes offers, for media at `host`.

    `ports` are those of the first, second, ... stream; beyond them every stream takes the next even port up. `codecs`
    in our order of preference, which matters in our offers only: an answer keeps the order of the offer, and without
    `codecs` takes more than we offer (`codecs.TAKEN`).
    """

    def __init__(self, host: str, ports: Sequence[int], *, codecs: Sequence[Codec] | None = None) -> None:
        if not ports:
            raise ValueError("at least one port")
        self._connection = Connection.of(host)
        self._ports = tuple(ports)
        self._codecs = CODECS if codecs is None else tuple(codecs)
        self._taken = TAKEN if codecs is None else self._codecs
        self._answers: dict[tuple[object, ...], _Part] = {}
        self._repeated: dict[bytes, _Part] = {}
        self._last = b""
        self._offer = _parts(self._described((("t", "0 0"),), tuple(self._offered())))

    def answer(self, offer: bytes, session_id: int, version: int) -> bytes:
        """The answer. `session_id` and `version` go into its `o=` line.

        Raises `SdpError`: 400 for what is no session description, 488 where no stream at all can be accepted.
        """
        parts = self._repeated.get(offer)
        if parts is not None:
            return b"%b%d %d%b" % (parts[0], session_id, version, parts[1])
        # The answer does not depend on the offer's o= line and ports, port 0 excepted: offers that differ only there
        # have the same answer.
        head, *streams = offer.split(b"\nm=")
        before, _, origin = head.partition(b"\no=")
        key: tuple[object, ...] = (before, origin[origin.find(b"\n") :])
        for stream in streams:
            kind, _, rest = stream.partition(b" ")
            port, _, rest = rest.partition(b" ")
            key += (kind, b"" if len(port) < 6 and port.isdigit() and 0 < int(port) < 65536 else port, rest)
        parts = self._answers.get(key)
        if parts is None or not _plain_origin(origin):
            parts = _parts(self._answered(offer))
            if len(self._answers) >= _BOUND:
                self._answers.clear()
            if len(offer) <= _LONG:
                self._answers[key] = parts
        elif offer == self._last:
            if len(self._repeated) >= _BOUND:
                self._repeated.clear()
            self._repeated[offer] = parts
        self._last = offer
        return b"%b%d %d%b" % (parts[0], session_id, version, parts[1])

    def offer(self, session_id: int, version: int) -> bytes:
        """An offer of one audio stream (and one more for every other kind among the codecs)."""
        return b"%b%d %d%b" % (self._offer[0], session_id, version, self._offer[1])

    def _port(self, index: int) -> int:
        if index < len(self._ports):
            return self._ports[index]
        return min(self._ports[-1] + 2 * (index - len(self._ports) + 1), 65534)

    def _described(self, times: tuple[tuple[str, str], ...], media: tuple[Media, ...]) -> Session:
        origin = Origin("responder", 0, 0, "IN", self._connection.family, self._connection.address)
        return Session(origin, "-", self._connection, times, (), media)

    def _offered(self) -> Iterator[Media]:
        for index, kind in enumerate(dict.fromkeys([codec.kind for codec in self._codecs])):
            codecs = [codec for codec in self._codecs if codec.kind == kind]
            payloads = tuple([str(codec.payload) for codec in codecs])
            attributes = _described_formats(list(zip(payloads, codecs, strict=True)))
            yield Media(kind, self._port(index), "RTP/AVP", payloads, (*attributes, ("sendrecv", None)))

    def _answered(self, data: bytes) -> Session:
        offer = Session.parse(data.decode("utf-8", "surrogateescape"))
        media: list[Media] = []
        warnings: list[int] = []
        for index, stream in enumerate(offer.media):
            answered = self._answered_stream(offer, stream, self._port(index))
            if isinstance(answered, int):
                # "To reject an offered stream, the port number in the corresponding stream in the answer MUST be set
                # to zero" (6); its formats are ignored, but one at least must be listed
                media.append(Media(stream.kind, 0, stream.protocol, stream.formats))
                warnings.append(answered)
            else:
                media.append(answered)
        warnings = [warning for warning in warnings if warning]
        if warnings and not any(stream.port for stream in media):
            raise SdpError(_REFUSALS[max(warnings)], status=488, warning=max(warnings))
        # "the t= line in the answer MUST equal the one of the offer" (6)
        return self._described(offer.times, tuple(media))

    def _answered_stream(self, offer: Session, stream: Media, port: int) -> Media | int:
        """The stream of the answer, or the warn-code for rejecting it (0: the offer itself has it switched off)."""
        if stream.port == 0:
            return 0
        connection = offer.connection_of(stream)
        if connection is None or connection.network != "IN" or connection.family not in ("IP4", "IP6"):
            return _INCOMPATIBLE_NETWORK
        if not any(codec.kind == stream.kind for codec in self._codecs):
            return _MEDIA_TYPE_NOT_AVAILABLE
        if stream.protocol.upper() not in _PROTOCOLS:
            return _INCOMPATIBLE_TRANSPORT
        chosen = self._common(stream)
        if not chosen:
            return _INCOMPATIBLE_FORMAT
        attributes = _described_formats(chosen)
        direction = _MIRRORED[offer.direction_of(stream)]
        if connection.on_hold:
            # nothing may be sent to 0.0.0.0 (8.4)
            direction = {"sendrecv": "recvonly", "sendonly": "inactive"}.get(direction, direction)
        return Media(
            stream.kind,
            port,
            stream.protocol,
            tuple([payload for payload, _ in chosen]),
            (*attributes, (direction, None)),
        )

    def _common(self, stream: Media) -> list[tuple[str, Codec]]:
        """What both sides speak, by the offer's payload types and in its order; empty without a codec that carries."""
        maps = stream.rtpmaps
        chosen: list[tuple[str, Codec]] = []
        for payload in dict.fromkeys(stream.formats):
            encoding = maps.get(payload) or STATIC_PAYLOADS.get(payload, "")
            codec = next((c for c in self._taken if c.kind == stream.kind and c.matches(encoding)), None)
            if codec is not None:
                chosen.append((payload, codec))
        return chosen if any(not codec.auxiliary for _, codec in chosen) else []


_REFUSALS: Final = {
    _INCOMPATIBLE_NETWORK: "Incompatible network protocol",
    _INCOMPATIBLE_TRANSPORT: "Incompatible transport protocol",
    _MEDIA_TYPE_NOT_AVAILABLE: "Media type not available",
    _INCOMPATIBLE_FORMAT: "Incompatible media format",
}


def _described_formats(formats: list[tuple[str, Codec]]) -> list[Attribute]:
    attributes: list[Attribute] = [("rtpmap", f"{payload} {codec.encoding}") for payload, codec in formats]
    attributes += [("fmtp", f"{payload} {codec.fmtp}") for payload, codec in formats if codec.fmtp]
    return attributes


def _plain_origin(origin: bytes) -> bool:
    """Whether an `o=` line has six words: then only a full parse could find fault with it."""
    line = origin[: origin.find(b"\n")]
    return line.count(b" ") == 5


def _parts(session: Session) -> _Part:
    """The description around the session id and version of its `o=` line."""
    before, _, after = str(session).encode("utf-8", "surrogateescape").partition(b" 0 0 ")
    return before + b" ", b" " + after


def offered_again(last: bytes, direction: str) -> bytes:
    """A new offer after our `last` description, its live streams in this direction: `last` itself if they are so.

    RFC 3264 section 8: every stream keeps its place, and a description that differs has a version one higher.
    """
    try:
        session = Session.parse(last.decode("utf-8", "surrogateescape"))
    except SdpError:
        return last
    if all(media.port == 0 or session.direction_of(media) == direction for media in session.media):
        return last
    before, *streams = re.split(rb"(?m)^(?=m=)", _direction(b"", last))
    line = b"a=" + direction.encode() + b"\r\n"
    live = [stream if media.port == 0 else stream + line for media, stream in zip(session.media, streams, strict=True)]
    return _origin(lambda found: b"%b%d%b" % (found[1], int(found[2]) + 1, found[3]), before, count=1) + b"".join(live)


_direction: Final = re.compile(rb"^a=(?:sendrecv|sendonly|recvonly|inactive)[ \t]*\r?\n", re.MULTILINE).sub
_origin: Final = re.compile(rb"^(o=\S+ \S+ )([0-9]{1,19})( )", re.MULTILINE).sub
