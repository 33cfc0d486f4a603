"""What is tried after a failure (RFC 3261 sections 8.1.3.4, 8.1.3.5 and 22, RFC 3903, RFC 4028, RFC 5057)."""

from __future__ import annotations

import asyncio
import random
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from message import Address, Message, Uri, token

if TYPE_CHECKING:
    from conversation import Conversation

EXTENSIONS = {"100rel", "timer", "norefersub"}
"""What this client can do (19.2)."""
TRIES = 8


def retry_after(answer: Message) -> int | None:
    """Seconds; None where the header is not there (20.33)."""
    match = re.match(r"\s*(\d+)", answer.get("Retry-After"))
    return int(match[1]) if match else None


class Remedies:
    """The tries of one request."""

    def __init__(self, conversation: Conversation) -> None:
        self.conversation = conversation
        self.wrong = conversation.agent.wrong
        self.tries = 0
        self.done: set[int] = set()
        self.visited: set[tuple[str, str, str, int]] = set()
        self.targets: list[Uri] = []
        self.min_se = 0

    async def next(self, request: Message, answer: Message) -> Message | None:
        """The next try, or None: this answer is what came of it."""
        status, self.tries = answer.status, self.tries + 1
        if "dialog" in request.roles and status in (408, 481):
            return None  # 12.2.1.2: there is no dialog any more
        bound = 25 if self.wrong("auth-retries-for-ever", "redirect-loop-followed") else TRIES
        if answer.local or self.tries > bound:
            return None
        if self.wrong("retry-unchanged-after-failure") and 400 <= status < 500 and self.tries < 3:
            return self.again(request, answer)
        if self.wrong("retry-at-once-after-6xx") and status >= 600 and self.tries < 2:
            return self.again(request, answer)
        if self.wrong("retry-403-with-credentials") and status == 403 and self.tries < 3:
            return self.again(request, answer)
        act = getattr(self, f"after_{status}", None)
        if self.wrong(f"retry-none-after-{status}"):
            return None
        if act is not None:
            retry = act(request, answer)
            if asyncio.iscoroutine(retry):
                retry = await retry
            return self.again(retry, answer) if retry is not None else None
        if 300 <= status < 400 and status != 380:
            return self.redirected(request, answer)
        if self.targets and (status < 600 or self.wrong("redirect-goes-on-after-6xx")):
            return self.towards(self.targets.pop(0), request, answer)  # 8.1.3.4: the next one
        return None

    def once(self, status: int) -> bool:
        """Whether this is the first answer of the kind."""
        first = status not in self.done
        self.done.add(status)
        return first

    def again(self, request: Message, answer: Message) -> Message:
        """The same once more, in a new transaction (8.1.3.5)."""
        conversation, wrong, status = self.conversation, self.wrong, answer.status
        kind = "auth-retry" if status in (401, 407) else "redirect" if status < 400 else f"retry-{status}"
        retry = request.copy()
        retry.roles = request.roles | {"retry", f"retry-{status}"}
        if not wrong(f"{kind}-same-branch", f"{kind}-same-cseq-same-call"):
            retry.put("Via", re.sub(r"branch=[^;]*", f"branch=z9hG4bK{token()}", retry.get("Via")))
        if wrong(f"{kind}-other-call-id"):
            conversation.call_id = token()
            retry.put("Call-ID", conversation.call_id)
        if wrong(f"{kind}-other-from-tag"):
            conversation.tag = token()
            conversation.local = re.sub(r";tag=.*", f";tag={conversation.tag}", conversation.local)
            retry.put("From", conversation.local)
        number = conversation.next_number()
        if not wrong(f"{kind}-same-cseq", f"{kind}-same-cseq-same-call"):
            retry.put("CSeq", f"{number} {retry.method}")
        if wrong(f"{kind}-with-to-tag"):
            retry.put("To", answer.get("To"))
        return retry

    # Challenges (22)

    def after_401(self, request: Message, answer: Message) -> Message | None:
        """Credentials, once for a challenge; again where it was stale."""
        return request.copy() if self.conversation.keyring.accept(request, answer) else None

    after_407 = after_401

    # Redirections (8.1.3.4)

    def redirected(self, request: Message, answer: Message) -> Message | None:
        """The Contacts by q, each once."""
        wrong, agent = self.wrong, self.conversation.agent
        if wrong("redirect-never-followed"):
            return None
        self.visited.add(Uri.parse(request.uri).key)
        contacts = [Address.parse(value) for value in answer.values("Contact")]
        contacts.sort(key=lambda one: -float(one.params.get("q") or 1))
        found = []
        for contact in contacts:
            uri = Uri.parse(contact.uri)
            if uri.scheme not in ("sip", "sips") or (uri.key in self.visited and not wrong("redirect-loop-followed")):
                continue
            self.visited.add(uri.key)
            found.append(uri)
        times = 2 if wrong("redirect-contact-tried-twice") else 1
        self.targets = [*(uri for uri in found for _ in range(times)), *self.targets]
        if answer.status == 301 and found:
            agent.moved[agent.uri] = str(found[0].bare)  # 21.3.2
        if wrong("redirect-302-remembered") and found:
            agent.moved[agent.uri] = str(found[0].bare)
        if wrong("redirect-only-first-contact"):
            self.targets = self.targets[:1]
        if answer.status == 305 and found and "dialog" not in request.roles:  # 12.2.1.2: there the route set stays
            retry = request.copy()
            proxy = self.targets.pop(0)
            retry.put("Route", f"<{proxy.bare}{'' if 'lr' in proxy.params else ';lr'}>")  # 21.3.4
            return self.again(retry, answer)
        return self.towards(self.targets.pop(0), request, answer) if self.targets else None

    def towards(self, target: Uri, request: Message, answer: Message) -> Message:
        """The request to another URI; To, From and Call-ID stay."""
        retry = self.again(request, answer)
        retry.uri = str(target if self.wrong("redirect-headers-kept-in-uri") else target.bare)
        if target.headers:
            for part in target.headers.split("&"):
                name, _, value = part.partition("=")
                if name.lower() not in ("body", "via", "from", "to", "call-id", "cseq", "route", "record-route"):
                    retry.put(unquote(name), unquote(value))
        if self.wrong("redirect-to-changed"):
            retry.put("To", f"<{target.bare}>")
        if self.wrong("redirect-sent-to-the-old-address"):
            retry.uri = request.uri
        self.conversation.target = retry.uri
        return retry

    # Other failures that say what to change (8.1.3.5)

    def after_412(self, request: Message, answer: Message) -> Message | None:
        """A publication that is gone is made anew (RFC 3903 section 5): that is the publisher's business."""
        return None

    def after_413(self, request: Message, answer: Message) -> Message | None:
        """A smaller body, or none."""
        if not request.body or not self.once(413):
            return None
        retry = request.copy()
        if self.wrong("retry-413-with-the-same-body"):
            return retry
        if retry.method == "MESSAGE":
            retry.carry("text/plain", b"hi")
        elif retry.method == "INVITE":
            retry.carry("", b"")
        else:
            return None
        return retry

    def after_415(self, request: Message, answer: Message) -> Message | None:
        """Only what Accept lists; an INVITE may go without an offer."""
        if not request.body or not self.once(415):
            return None
        retry = request.copy()
        if self.wrong("retry-415-with-the-same-type"):
            return retry
        accepted = {value.partition(";")[0].strip().lower() for value in answer.values("Accept")}
        kind = request.get("Content-Type").partition(";")[0].strip().lower()
        if kind in accepted or "*/*" in accepted or f"{kind.partition('/')[0]}/*" in accepted:
            return None
        if retry.method != "INVITE" and "text/html" in accepted:
            retry.carry("text/html", b"<p>hi</p>")
        elif retry.method in ("INVITE", "INFO"):
            retry.carry("", b"")
        else:
            return None
        return retry

    def after_420(self, request: Message, answer: Message) -> Message | None:
        """Without the extensions in Unsupported."""
        refused = answer.tokens("Unsupported")
        retry = request.copy()
        for name in ("Require", "Proxy-Require", "Supported"):
            kept = [value for value in request.values(name) if value.lower() not in refused]
            if len(kept) == len(request.values(name)):
                continue
            retry.drop(name)
            if kept:
                retry.add(name, ", ".join(kept))
        if "timer" in refused:
            retry.drop("Session-Expires")
            retry.drop("Min-SE")
        if self.wrong("retry-420-with-the-same-extensions") and self.once(420):
            return request.copy()
        return retry if retry.headers != request.headers else None

    def after_421(self, request: Message, answer: Message) -> Message | None:
        """With the extension, where we have it and did not say so."""
        wanted = answer.tokens("Require")
        missing = wanted - request.tokens("Supported")
        if not missing or not missing <= EXTENSIONS or not self.once(421):
            return None
        retry = request.copy()
        retry.put("Supported", ", ".join([*request.values("Supported"), *sorted(missing)]))
        return retry

    def after_422(self, request: Message, answer: Message) -> Message | None:
        """An interval that is long enough (RFC 4028 section 7.3), and no end without it."""
        match = re.match(r"\s*(\d+)", answer.get("Min-SE"))
        minimum = int(match[1]) if match else 0
        if self.wrong("timer-422-retried-unchanged"):
            return request.copy() if self.tries < 4 else None
        if minimum <= self.min_se or not request.has("Session-Expires") or self.tries > 3:
            return None
        self.min_se = minimum
        retry = request.copy()
        interval = max(minimum, int(re.match(r"\d+", request.get("Session-Expires"))[0]))  # type: ignore[index]
        if self.wrong("timer-422-interval-too-small"):
            interval = minimum - 1
        retry.put("Session-Expires", re.sub(r"^\d+", str(interval), request.get("Session-Expires")))
        if not self.wrong("timer-422-without-min-se"):
            retry.put("Min-SE", str(minimum - 1 if self.wrong("timer-422-min-se-smaller") else minimum))
        self.conversation.agent.min_se = minimum
        return retry

    def after_423(self, request: Message, answer: Message) -> Message | None:
        """Longer (10.2.8, RFC 3903 section 5, RFC 6665 section 4.1.2.1)."""
        match = re.match(r"\s*(\d+)", answer.get("Min-Expires"))
        asked = re.match(r"\s*(\d+)", request.get("Expires"))
        if not match or not asked or not 0 < int(asked[1]) < int(match[1]):
            return None
        retry, minimum = request.copy(), int(match[1])
        if not self.wrong("retry-423-with-the-same-expiry"):
            brief = self.wrong("retry-423-still-too-brief", "subscribe-423-still-too-brief")
            retry.put("Expires", str(minimum - 1 if brief else minimum))
        return retry if self.once(423) else None

    def after_485(self, request: Message, answer: Message) -> Message | None:
        """Its Contacts are for a person to choose from (21.4.23)."""
        contacts = answer.values("Contact")
        if not self.wrong("retry-485-by-itself") or not contacts:
            return None
        retry = request.copy()
        retry.uri = str(Uri.parse(Address.parse(contacts[0]).uri).bare)
        return retry if self.once(485) else None

    async def after_491(self, request: Message, answer: Message) -> Message | None:
        """After a while of chance; we made the Call-ID, so the longer one (14.1)."""
        if "dialog" not in request.roles or request.method not in ("INVITE", "UPDATE") or not self.once(491):
            return None
        pause = random.randrange(210, 401) / 100
        if self.wrong("glare-retried-at-once"):
            pause = 0.0
        if self.wrong("glare-retried-after-one-second"):
            pause = 1.0
        await asyncio.sleep(pause)
        return request.copy() if request.method != "INVITE" or self.conversation.agent.talking else None
