"""What a client does because of something that came, beside answering it: it follows, reports, tries again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from .called_party import CalledParty
from .client import Client
from .wire import Message, uri_of
from .world import World


def at(seconds: float, act: Callable[[Client], object]) -> Callable[[World, Client], None]:
    """A script: the client does this so long after its first request."""

    def script(world: World, client: Client) -> None:
        world.after(seconds, lambda: act(client))

    return script


def _call(client: Client, uri: str, **more: Any) -> Client:
    """Another call of the same client."""
    number = len(client.world.clients) + 1
    user = uri.removeprefix("sip:").partition("@")[0]
    return Client(client.world, user=user, number=number, flow=client.flow, **more).begin()


def followed(name: str, **more: Any) -> Callable[[Client, Message], None]:
    """A reaction: a new call to the URI in this header (8.1.3.4, 20.18)."""

    def follow(client: Client, message: Message) -> None:
        _call(client, uri_of(message.the(name)), **more)

    return follow


def transferred(client: Client, refer: Message) -> None:
    """A call to where a REFER wants it, and a report of its beginning and its end (RFC 3515 section 2.4.4)."""
    report(client, 100)
    uri, _, headers = uri_of(refer.the("refer-to")).partition("?")
    fields = [unquote(header).replace("=", ": ", 1) for header in headers.split("&") if header]  # 19.1.5
    fields += [f"Referred-By: {value}" for value in refer.every("referred-by")]
    _call(client, uri, fields=fields)
    client.world.after(2.0, lambda: report(client, 200))


def transfer_failed(client: Client, refer: Message) -> None:
    """A report that the call came to nothing."""
    report(client, 100)
    report(client, 486)


def report(client: Client, status: int) -> None:
    """A NOTIFY of how a transfer goes."""
    state = "active;expires=60" if status < 200 else "terminated;reason=noresource"
    client.request(
        "NOTIFY",
        "Event: refer",
        f"Subscription-State: {state}",
        f"Contact: {client.contact}",
        within=True,
        body=f"SIP/2.0 {status} Whatever\r\n".encode(),
        content_type="message/sipfrag",
    )


def retransmitted(*times: float, method: str = "INVITE") -> Callable[[World, Client], None]:
    """A script: the client's last request of this method goes out again at these times (timers A and E)."""

    def again(client: Client) -> None:
        sent = [message for (_, name), message in client.sent.items() if name == method]
        client.transmit(sent[-1].data)

    def script(world: World, client: Client) -> None:
        for time in times:
            world.after(time, lambda: again(client))

    return script


def elsewhere(client: Client, user: str = "carol") -> str:
    """A URI at the client's address that is another phone."""
    return uri_of(client.contact).replace("alice@", f"{user}@")


def calling(*, asks: str = "", after: float = 1.0, ends: float | None = None, **more: Any) -> Any:
    """A script: there is somebody that we can call; the client's REFER leads to it (`asks` says how it comes)."""

    def refer(client: Client) -> None:
        client.request("REFER", f"Refer-To: <{elsewhere(client)}>", within=True)

    def script(world: World, client: Client) -> None:
        CalledParty(world, client, **more)
        if asks == "first":
            client.fields.append(("Refer-To", f"<{elsewhere(client)}>"))
        elif asks == "within":
            world.after(after, lambda: refer(client))
        if ends is not None:
            world.after(ends, client.bye)

    return script
