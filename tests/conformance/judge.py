"""What is wrong with a response: copied fields, grammar, demanded and forbidden fields, session description."""

from __future__ import annotations

import re
import socket

from .grammar import TOKEN, faults
from .session import answer_faults, offer_faults
from .table import demanded, forbidden
from .wire import Ask, Endpoint, Message, elements, tag_of


def copied(ask: Ask, response: Message) -> list[str]:
    """RFC 3261 section 8.2.6.2: Via, From, To, Call-ID and CSeq as in the request; the To gets a tag."""
    found = []
    sent = [part for value in [ask.via, *ask.header("Via")] for part in elements(value)]
    came = response.list("Via")
    if came[1:] != sent[1:] or not came:
        found.append(f"Via {came}, sent {sent}")
    else:
        found += stamped(sent[0], came[0])
    for name, value in (("From", ask.from_), ("Call-ID", ask.call_id), ("CSeq", f"{ask.cseq} {ask.method}")):
        if response.all(name) != [value]:
            found.append(f"{name} {response.all(name)}, sent {value}")
    to = response.one("To")
    if tag_of(ask.to) or response.status == 100:
        if to != ask.to:
            found.append(f"To {to}, sent {ask.to}")
    elif not re.fullmatch(re.escape(ask.to) + rf";tag={TOKEN}", to):
        found.append(f"To {to}, sent {ask.to}")
    elif len(response.to_tag) < 8:  # section 19.3: at least 32 bits of randomness
        found.append(f"To tag {response.to_tag}")
    return found


def stamped(sent: str, came: str) -> list[str]:
    """RFC 3261 section 18.2.1 and RFC 3581 section 4: nothing but `received` and `rport` may change in the top Via."""
    stripped = re.sub(r";received=[0-9a-f.:\[\]]+", "", came, count="received=" not in sent)
    if re.search(r";rport(?=;|$)", sent):
        stripped = re.sub(r";rport=\d+", ";rport", stripped)
    return [] if stripped == sent else [f"top Via {came}, sent {sent}"]


def complaints(
    ask: Ask, response: Message, endpoint: Endpoint, status: int = 0, phrase: str | None = None
) -> list[str]:
    """Everything wrong with it; `status` and `phrase` are those expected, if any."""
    found = []
    if status and response.status != status:
        return [f"{response.status} instead of {status}"]
    if phrase is not None and response.reason != phrase:
        found.append(f"phrase {response.reason!r} instead of {phrase!r}")
    found += copied(ask, response)
    found += faults(response)
    found += [f"no {name}" for name in sorted(demanded(response.status, ask)) if name not in response]
    found += [
        f"forbidden {name}: {response.all(name)}"
        for name in sorted(forbidden(response.status, ask))
        if name in response
    ]
    found += values(ask, response, endpoint)
    found += body(ask, response)
    return found


def values(ask: Ask, response: Message, endpoint: Endpoint) -> list[str]:
    """Whether what the fields say fits the request."""
    found = []
    status = response.status
    if "Record-Route" in response and response.list("Record-Route") != [
        part for value in ask.header("Record-Route") for part in elements(value)
    ]:
        found.append(f"Record-Route {response.list('Record-Route')}")
    if "Path" in response and response.list("Path") != [p for v in ask.header("Path") for p in elements(v)]:
        found.append(f"Path {response.list('Path')}")
    if status == 405 and ask.method in response.list("Allow"):
        found.append(f"Allow with the refused method: {response.all('Allow')}")
    if status == 420:
        required = [tag for value in ask.header("Require") for tag in elements(value)]
        if required and not set(response.list("Unsupported")) <= set(required):
            found.append(f"Unsupported {response.all('Unsupported')} of Require {required}")
    if status == 421 and set(response.list("Require")) & {t for v in ask.header("Supported") for t in elements(v)}:
        found.append(f"Require {response.all('Require')} although Supported {ask.header('Supported')}")
    if status == 422:
        asked = int((ask.header("Session-Expires") or ["0"])[0].partition(";")[0])
        if int(response.one("Min-SE")) < max(90, asked + 1):
            found.append(f"Min-SE {response.one('Min-SE')} for Session-Expires {asked}")
    if status == 423:
        asked = int((ask.header("Expires") or ["0"])[0])
        if int(response.one("Min-Expires")) <= asked:
            found.append(f"Min-Expires {response.one('Min-Expires')} for Expires {asked}")
    if status in (200, 202, 204) and ask.method in ("SUBSCRIBE", "PUBLISH") and ask.header("Expires"):
        asked = int(ask.header("Expires")[0])
        if int(response.one("Expires")) > asked:
            found.append(f"Expires {response.one('Expires')} although {asked} was asked for")
    if status in (401, 407):
        name = "WWW-Authenticate" if status == 401 else "Proxy-Authenticate"
        algorithms = [re.search(r"algorithm=([A-Za-z0-9-]+)", value) for value in response.all(name)]
        if [match and match[1] for match in algorithms] != ["SHA-256", "MD5"]:  # RFC 8760 section 2.3: best first
            found.append(f"{name} {response.all(name)}")
    if "Timestamp" in response:
        asked_at = ask.header("Timestamp")
        if not asked_at or response.one("Timestamp").split()[0] != asked_at[0].split()[0]:
            found.append(f"Timestamp {response.one('Timestamp')}, sent {asked_at}")
    if "RSeq" in response and "100rel" not in response.list("Require"):
        found.append("RSeq without Require: 100rel")
    if "100rel" in response.list("Require") and status < 200 and "RSeq" not in response:
        found.append("Require: 100rel without RSeq")
    if "Contact" in response and not 300 <= status < 400 and status != 485 and ask.method != "REGISTER":
        contacts = response.list("Contact")
        host, port = endpoint.server
        where = f"{endpoint.server_host}:{port}"
        transport = ";transport=tcp" if endpoint.transport == "TCP" else ""
        if len(contacts) != 1 or not re.fullmatch(
            rf"<sip:[^@>]+@{re.escape(where)}{transport}>.*", contacts[0], re.IGNORECASE
        ):
            found.append(f"Contact {contacts} of the server {host}:{port}")
    return found


def body(ask: Ask, response: Message) -> list[str]:
    """Which body may or must be there (RFC 3261 section 13, RFC 3264, RFC 3312 section 8)."""
    offer = ask.body if ask.content_type == "application/sdp" else b""
    if response.status == 200 and ask.method in ("INVITE", "UPDATE"):
        if offer:
            return answer_faults(offer, response)
        return offer_faults(response) if ask.method == "INVITE" else []
    if response.status == 580 and offer:
        if response.all("Content-Type") != ["application/sdp"]:
            return [f"580 without a session description: {response.all('Content-Type')}"]
        text = response.body.decode()
        lines = re.findall(r"(?m)^m=\S+ (\d+)", text)
        wanted = len(re.findall(rb"(?m)^m=", offer))
        good = lines == ["0"] * wanted and re.search(r"(?m)^a=des:\S+ failure \S+ \S+\r?$", text)
        return [] if good else [f"580 with {text!r}"]
    if response.body and "Content-Type" not in response:
        return ["a body without Content-Type"]
    if not response.body and "Content-Type" in response:
        return ["Content-Type without a body"]
    if response.body and response.status == 200 and ask.method == "MESSAGE":
        return ["a body in a 2xx to MESSAGE"]
    return []


def held(host: str, port: int) -> bool:
    """Whether somebody holds this UDP port, so that no other program can get it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False
