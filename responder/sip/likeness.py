"""Reading the requests of a busy peer by their likeness to those it sent before.

A peer that sends many requests (a load generator, a trunk) writes them all alike: from one to the next only the branch,
the From and To tags, the Call-ID and the CSeq number differ. Once such a request was read and found well-formed, the
next of its kind need not be taken apart again: one regular expression, made of the first with those five left open,
tells whether it is the same in everything else, and gives the five.

Rules
1. What is left open takes only the characters that the grammar allows, so a match is as well-formed as its model was.
2. Nothing is learned before a peer has sent a number of requests of one kind, and what mostly fails is unlearned.
3. Everything is bounded; what does not match is read the ordinary way, and nothing is lost but a microsecond.
"""

from __future__ import annotations

import re
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from responder.sip.fields import CSeq, TopVia
from responder.sip.message import Request
from responder.sip.via import stamped

if TYPE_CHECKING:
    from collections.abc import Callable

    from responder.sip.message import Shape

_TOKEN: Final = r"([!%'*+\-.0-9A-Z_`a-z~]++)"
_BRANCH: Final = r"(z9hG4bK[!%'*+\-.0-9A-Z_`a-z~]++)"
_CALL_ID: Final = r"([!%'*+\-.0-9A-Z_`a-z~]++(?:@[!%'*+\-.0-9A-Z_`a-z~:\[\]]++)?+)"
_NUMBER: Final = r"([1-9][0-9]{0,8}+)"

_LONGEST: Final = 2048
_MOST_PEERS: Final = 1024
_MOST_KINDS: Final = 32
_MOST_COUNTED: Final = 2048
_AFTER: Final = 48
"""So many requests of a kind make it worth the half millisecond that learning takes."""
_PATIENCE: Final = 64
_MOST_CSEQS: Final = 1024
_KIND: Final = 12
"""So many bytes of a request tell its kind: the method and what follows."""

_VARYING: Final = frozenset({"via", "from", "to", "call-id", "cseq"})

_new: Final = tuple.__new__


class LikeRequest(Request):
    """A request that was recognised: the identifying fields are there, the others come from its model."""

    __slots__ = ("branch", "groups", "likeness", "memo")

    groups: tuple[str, ...]
    """What its likeness left open, in the order of the text."""
    likeness: Likeness
    branch: str
    """Of the topmost Via."""
    memo: dict[Any, Any]
    """Whatever upper layers want to remember of all requests that are alike; they bound what they put there."""

    def __getattr__(self, name: str) -> Any:
        """A value that only few ask for, computed now and kept."""
        if name == "values":
            self.values = self.likeness.values_of(self.groups)
            return self.values
        if name == "top_via":
            self.top_via = self.likeness.via(self.branch)
            return self.top_via
        if name == "version":
            return "SIP/2.0"
        if name == "problem":
            return None
        return super().__getattr__(name)

    def first(self, key: str) -> str | None:
        """The stripped value of the first field of that KEY."""
        at = self.shape.index.get(key)
        if at is None:
            return None
        if key not in _VARYING or (key == "to" and self.to_tag is None):
            return self.likeness.model_values[at].strip(" \t")
        if key == "from":
            return f"{self.likeness.sender};tag={self.from_tag}"
        return self.values[at].strip(" \t")


class Likeness:
    """What the requests of one kind from one peer have in common."""

    __slots__ = (
        "_body",
        "_cseqs",
        "_match",
        "_method",
        "_pick",
        "_pieces",
        "_shape",
        "_uri",
        "_via",
        "failures",
        "keyed",
        "matches",
        "memo",
        "model_values",
        "sender",
        "sent_by",
    )

    def __init__(
        self,
        model: Request,
        remote: tuple[str, int],
        match: Callable[[str], re.Match[str] | None],
        order: tuple[int, ...],
    ) -> None:
        # `order`: where among the groups branch, From tag, Call-ID, CSeq number and To tag stand
        self._match = match
        # a request without To tag takes the None that is put behind the groups
        self._pick = itemgetter(*order, *([len(order)] if len(order) == 4 else []))
        self._cseqs: dict[str, CSeq] = {}
        self._method = model.method
        self._uri = model.uri
        self._shape: Shape = model.shape
        self._body = model.body
        self.model_values = model.values
        self._via = tuple(model.top_via)[:-1]
        self.sent_by = model.top_via.sent_by
        self.keyed = "INVITE" if model.method == "ACK" else model.method
        """The method that its transaction is found by (17.2.3)."""
        self.memo: dict[Any, Any] = {}
        self._pieces = _echo_pieces(model, remote)
        self.sender = (model.first("from") or "").rpartition(";tag=")[0]
        """From without its tag."""
        self.matches = 0
        self.failures = 0

    def read(self, data: bytes) -> LikeRequest | None:
        """The request, where it is like the model; None otherwise."""
        try:
            found = self._match(str(data, "ascii"))
        except UnicodeDecodeError:
            found = None
        if found is None:
            self.failures += 1
            return None
        self.matches += 1
        request = LikeRequest.__new__(LikeRequest)
        request.groups = groups = found.groups()
        request.branch, request.from_tag, request.call_id, number, request.to_tag = self._pick((*groups, None))
        request.method = self._method
        request.uri = self._uri
        request.shape = self._shape
        request.body = self._body
        request.likeness = self
        request.memo = self.memo
        request.cseq = self._cseqs.get(number) or self._cseq(number)
        return request

    def _cseq(self, number: str) -> CSeq:
        if len(self._cseqs) >= _MOST_CSEQS:
            self._cseqs.clear()
        cseq = self._cseqs[number] = CSeq(int(number), self._method)
        return cseq

    def echo(self, request: LikeRequest) -> tuple[str, str]:
        """The lines that responses copy (8.2.6.2), the top Via stamped, cut after the value of To."""
        a, b, c = self._pieces
        head = f"{a}{request.branch}{b}{request.from_tag}{c}{request.to_tag or ''}"
        return head, f"\r\nCall-ID: {request.call_id}\r\nCSeq: {request.cseq[0]} {self._method}\r\n"

    def via(self, branch: str) -> TopVia:
        """The topmost Via of a request with this branch."""
        return _new(TopVia, (*self._via, branch))

    def values_of(self, groups: tuple[str, ...]) -> tuple[str, ...]:
        """The raw field values of a request that gave these groups."""
        model, index = self.model_values, self._shape.index
        values = list(model)
        branch, sender, call_id, number, to = self._pick((*groups, None))
        values[index["via"]] = _replaced(model[index["via"]], ";branch=", self._model_branch(), branch)
        values[index["from"]] = model[index["from"]].rpartition(";tag=")[0] + f";tag={sender}"
        values[index["call-id"]] = f" {call_id}"
        values[index["cseq"]] = f" {number} {self._method}"
        if to is not None:
            values[index["to"]] = model[index["to"]].rpartition(";tag=")[0] + f";tag={to}"
        return tuple(values)

    def _model_branch(self) -> str:
        value = self.model_values[self._shape.index["via"]]
        return value.partition(";branch=")[2].partition(";")[0].strip()


def _replaced(text: str, before: str, old: str, new: str) -> str:
    return text.replace(before + old, before + new, 1)


def _echo_pieces(model: Request, remote: tuple[str, int]) -> tuple[str, str, str]:
    """The text around branch, From tag and To tag in the lines that a response copies."""
    shape, values = model.shape, model.values
    top = values[shape.index["via"]].strip()
    if model.top_via.has_rport or model.top_via.address != remote[0]:
        top = stamped(top, host=remote[0], port=remote[1])
    before, _, after = top.partition(f";branch={model.top_via.branch}")
    others = "".join(f"\r\nVia: {values[at].strip()}" for at in shape.every["via"][1:])
    sender = values[shape.index["from"]].strip().rpartition(";tag=")[0]
    to = values[shape.index["to"]].strip()
    start, middle = f"Via: {before};branch=", f"{after}{others}\r\nFrom: {sender};tag="
    if model.to_tag is None:
        return start, middle, f"\r\nTo: {to}"
    return start, middle, f"\r\nTo: {to.rpartition(';tag=')[0]};tag="


def learn(data: bytes, model: Request, remote: tuple[str, int]) -> Likeness | None:
    """The likeness of a well-formed request that came as `data`; None where it is not of the common make."""
    if len(data) > _LONGEST or not data.isascii() or model.problem is not None:
        return None
    text = data.decode("ascii")
    shape, values = model.shape, model.values
    head, found, body = text.partition("\r\n\r\n")
    lines = head.split("\r\n")
    if not found or len(lines) != len(values) + 1 or len(body) != len(model.body):
        return None
    # each field that varies: the text before what varies, the text itself, its pattern, and its name
    varying = {
        shape.index["via"]: (";branch=", model.top_via.branch, _BRANCH, 0),
        shape.index["from"]: (";tag=", model.from_tag or "", _TOKEN, 1),
        shape.index["call-id"]: ("", model.call_id, _CALL_ID, 2),
        shape.index["cseq"]: ("", str(model.cseq.number), _NUMBER, 3),
    }
    if model.to_tag is not None:
        varying[shape.index["to"]] = (";tag=", model.to_tag, _TOKEN, 4)
    pattern = [re.escape(lines[0])]
    seen: list[int] = []
    for at, line in enumerate(lines[1:]):
        if at not in varying:
            pattern.append(re.escape(line))
            continue
        before, value, open_, name = varying[at]
        written = f"{before}{value}"
        place = line.find(written, line.find(":") + 1)
        after = line[place + len(written) :]
        # a tag must be the last parameter and a branch end at the next one, else the pattern could take in too much
        if not value or place < 0 or (name in (1, 2, 4) and after) or (name == 0 and after[:1] not in ("", ";")):
            return None
        pattern.append(re.escape(line[: place + len(before)]) + open_ + re.escape(after))
        seen.append(name)
    if sorted(seen) != sorted(v[3] for v in varying.values()):
        return None
    match = re.compile("\r\n".join(pattern) + re.escape("\r\n\r\n" + body)).fullmatch
    likeness = Likeness(model, remote, match, tuple(seen.index(name) for name in sorted(seen)))
    # the model itself is the proof that what was learned is right
    again = likeness.read(data)
    if again is None or [v.strip() for v in again.values] != [v.strip() for v in values]:
        return None
    return likeness


class Acquaintances:
    """The peers that are known, and the likenesses of what they send."""

    __slots__ = ("_counts", "_known")

    def __init__(self) -> None:
        self._known: dict[tuple[str, int], dict[bytes, Likeness]] = {}
        self._counts: dict[tuple[tuple[str, int], bytes], int] = {}

    def read(self, data: bytes, remote: tuple[str, int]) -> LikeRequest | None:
        """The request where it is like one that this peer sent before."""
        kinds = self._known.get(remote)
        if kinds is None:
            return None
        likeness = kinds.get(data[:_KIND])
        if likeness is None:
            return None
        request = likeness.read(data)
        if request is None and likeness.failures > likeness.matches + _PATIENCE:
            del kinds[data[:_KIND]]  # its count stays beyond `_AFTER`: this kind is not worth another try
        return request

    def met(self, data: bytes, request: Request, remote: tuple[str, int]) -> None:
        """A well-formed request was read the ordinary way."""
        kind = (remote, data[:_KIND])
        count = self._counts.get(kind, 0) + 1
        if count == 1 and len(self._counts) >= _MOST_COUNTED:
            self._counts.clear()
        self._counts[kind] = count
        if count != _AFTER:
            return
        if remote not in self._known and len(self._known) >= _MOST_PEERS:
            self._known.clear()
        kinds = self._known.setdefault(remote, {})
        likeness = learn(data, request, remote) if len(kinds) < _MOST_KINDS else None
        if likeness is not None:
            kinds[data[:_KIND]] = likeness
