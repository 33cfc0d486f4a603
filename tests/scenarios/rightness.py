"""What every message of the responder must be, whatever the flow."""

from __future__ import annotations

from .wire import Message, uri_of

_REQUIRED = {
    401: "www-authenticate",
    405: "allow",
    407: "proxy-authenticate",
    420: "unsupported",
    421: "require",
    422: "min-se",
    423: "min-expires",
}
"""Headers that a response must have (RFC 3261 table 2 and section 21.4, RFC 4028 section 5)."""


def check_response(message: Message, request: Message) -> None:
    """What every response of ours has (8.2.6, 20.14, 12.1.1)."""
    assert message.every("via")[0].partition(";")[0] == request.every("via")[0].partition(";")[0], message
    assert len(message.every("via")) == len(request.every("via"))
    for name in ("from", "call-id", "cseq"):
        assert message.the(name) == request.the(name), (message, name)
    to, tag = message.the("to"), message.to_tag
    if request.to_tag is not None:
        assert to == request.the("to")
    elif message.status > 100:
        assert tag is not None, f"{message} has no To tag (8.2.6.2)"
        assert to == f"{request.the('to')};tag={tag}"
    assert int(message.the("content-length")) == len(message.body)
    assert not message.body or message["content-type"]
    if message.method == "INVITE" and 200 <= message.status < 300:
        assert uri_of(message.the("contact")).startswith("sip:")
    if message.status in _REQUIRED:
        assert message[_REQUIRED[message.status]], message
    if message.method != "INVITE" or message.status >= 200:
        assert message["rseq"] is None
    assert all("\n" not in value and "\0" not in value for _, value in message.fields)


def check_request(message: Message, tag: str | None, call_id: str, targets: tuple[str, ...]) -> None:
    """What every request of ours has (8.1.1, 12.2.1.1): to the peer's `tag` and one of its `targets`."""
    assert message.to_tag == tag
    assert message.uri in targets
    assert message.call_id == call_id
    assert message.the("max-forwards") == "70"
    assert message.branch.startswith("z9hG4bK")
    assert int(message.the("content-length")) == len(message.body)
    assert message.the("cseq").split()[1] == message.method
    if message.method in ("INVITE", "UPDATE", "NOTIFY", "REFER", "SUBSCRIBE"):
        assert uri_of(message.the("contact")).startswith("sip:")
