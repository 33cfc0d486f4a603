"""A call: INVITE and what follows (RFC 3261 sections 9, 13, 14 and 15, RFC 3262, RFC 4028)."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from conversation import ALLOW, Dialog
from message import Message
from remedies import Remedies
from sdp import Session
from transactions import T1, ClientTransaction, made_up

if TYPE_CHECKING:
    from agent import UserAgent

FATAL = (481, 408)
"""What ends a dialog when it answers a request in it (12.2.1.2)."""


@dataclass
class Early:
    """What is known of one branch of a fork: its dialog, and its reliable responses."""

    dialog: Dialog
    rseq: int = 0
    answered: bool = False
    acks: dict[int, Message] = field(default_factory=dict)


class Call:
    """One call, from the first INVITE to the end."""

    def __init__(self, agent: UserAgent, *, method: str, ring: float, hold: float, offer: bool) -> None:
        self.agent, self.method, self.ring, self.hold = agent, method, ring, hold
        self.wrong = agent.wrong
        self.offering = offer
        self.session = Session(agent.host.strip("[]"), 40000 + agent.port % 10000, agent.port)
        self.base = agent.conversation()
        self.branches: dict[str, Early] = {}
        self.chosen: Dialog | None = None
        self.transaction: ClientTransaction | None = None
        self.final: asyncio.Future[Message] | None = None
        self.ringing: asyncio.TimerHandle | None = None
        self.provisional = False
        self.cancelled = False
        self.over = asyncio.Event()
        self.active = 0.0
        self.interval = 0
        self.refresher = ""
        self.refreshed = 0.0
        self.inviting = False
        self.chores: set[asyncio.Task[None]] = set()
        agent.call = self

    # Until it is answered

    async def run(self) -> bool:
        """True where it was answered."""
        request = self.invite_request()
        remedy = Remedies(self.base)
        answer = await self.attempt(request)
        while answer.status >= 300 and not self.cancelled:
            retry = await remedy.next(request, answer)
            if retry is None:
                break
            request = retry
            answer = await self.attempt(request)
        if self.wrong("bye-after-a-failure") and answer.status >= 300 and not answer.local:
            failed = Dialog.answered(self.base, request, answer)
            await failed.final(failed.request("BYE"))
        self.failure = answer
        if answer.status >= 300 or self.chosen is None:
            return False
        await self.connected(self.chosen)
        return True

    def invite_request(self) -> Message:
        """The first INVITE (13.2.1)."""
        headers = [
            ("Allow", ALLOW),
            ("Supported", "100rel, timer"),
            ("Session-Expires", "1800"),
            ("Min-SE", str(self.agent.min_se) if self.agent.min_se else ""),
            ("Accept", "application/sdp"),
            ("User-Agent", "lab"),
        ]
        body = self.session.offer() if self.offering else b""
        return self.base.request("INVITE", *headers, body=body, content="application/sdp")

    async def attempt(self, request: Message) -> Message:
        """One INVITE transaction: its final response."""
        loop = asyncio.get_running_loop()
        self.final = loop.create_future()
        self.provisional, self.request = False, request
        for early in self.branches.values():
            early.dialog.end()
        self.branches = {}
        self.transaction = self.base.begin(request, self.heard)
        if self.transaction is not None:
            self.request = self.transaction.request
        if self.wrong("cancel-before-provisional"):
            loop.call_later(0.05, self.give_up, True)
        answer = await self.final
        self.stop_ringing()
        self.base.keyring.informed(answer)
        self.agent.say(f"INVITE: {answer.start}")
        return answer

    def heard(self, answer: Message) -> None:
        """A response to the INVITE."""
        if answer.status < 200:
            self.progressed(answer)
        elif answer.status < 300:
            self.answered(answer)
        elif self.final is not None and not self.final.done():
            for early in self.branches.values():  # 13.2.2.3
                early.dialog.end()
            self.final.set_result(answer)
            if self.wrong("cancel-after-final") and self.transaction is not None:
                self.agent.layer.begin(self.transaction.cancel(), self.transaction.hop, lambda late: None)

    def progressed(self, answer: Message) -> None:
        """A provisional response (13.2.2.1): an early dialog, if it has a tag."""
        self.provisional = True
        self.wait_for_answer()
        if self.wrong("ack-for-provisional") and self.transaction is not None and answer.status > 100:
            self.transaction.acknowledge(answer)
        if answer.status == 100 or not answer.tag("To"):
            if self.wrong("prack-for-100") and answer.status == 100:
                early = Early(Dialog.answered(self.base, self.request, answer))
                self.prack(early, answer)
            return
        early = self.branches.get(answer.tag("To")) or Early(Dialog.answered(self.base, self.request, answer))
        self.branches[answer.tag("To")] = early
        reliable = "100rel" in answer.tokens("Require") and answer.get("RSeq").isdigit()
        if reliable or self.wrong("prack-for-unreliable"):
            self.prack(early, answer)
        if self.wrong("update-of-an-unreliable-early-dialog") and not reliable and not early.answered:
            early.answered = True
            body = self.session.offer("sendonly")
            update = early.dialog.request("UPDATE", body=body, content="application/sdp")
            self.chore(early.dialog.final(update))

    def prack(self, early: Early, answer: Message) -> None:
        """Acknowledges a reliable response, in their order (RFC 3262 section 4)."""
        wrong = self.wrong
        rseq = int(answer.get("RSeq") or 1)
        again = rseq <= early.rseq if early.rseq else False
        if again and not wrong("prack-for-each-copy"):
            return
        if early.rseq and rseq > early.rseq + 1 and not wrong("prack-out-of-order"):
            return
        early.rseq = max(rseq, early.rseq)
        if wrong("prack-never") or (wrong("prack-only-first") and again is False and early.answered):
            return
        if wrong("prack-only-183") and answer.status != 183:
            return
        if wrong("prack-only-one-branch") and any(one.answered for one in self.branches.values() if one is not early):
            return
        early.answered = True
        body = self.session.answer(answer.body) if answer.body and not self.request.body else b""
        if wrong("prack-without-answer"):
            body = b""
        rack = f"{rseq} {self.request.cseq[0]} INVITE"
        if wrong("prack-outside-the-dialog"):
            prack = self.base.request("PRACK", ("RAck", rack))
        else:
            prack = early.dialog.request("PRACK", ("RAck", rack), body=body, content="application/sdp")
        self.chore(early.dialog.ask(prack))

    def wait_for_answer(self) -> None:
        """The patience of a person; each provisional response renews it."""
        self.stop_ringing()
        if self.final is not None and not self.final.done() and not self.cancelled:
            ring = 0.4 if self.method == "CANCEL" else self.ring
            self.ringing = asyncio.get_running_loop().call_later(ring, self.give_up)

    def stop_ringing(self) -> None:
        """No more of it."""
        if self.ringing is not None:
            self.ringing.cancel()

    def give_up(self, early: bool = False) -> None:
        """CANCEL, after a provisional response and before the final one (9.1)."""
        if self.cancelled or self.transaction is None or not (self.provisional or early):
            return
        if self.final is None or self.final.done():
            return
        self.cancelled = True
        self.stop_ringing()
        transaction, final = self.transaction, self.final
        cancel = transaction.cancel()
        self.agent.say("CANCEL")
        self.agent.layer.begin(cancel, transaction.hop, lambda answer: None)

        def forgotten() -> None:
            if not final.done():
                transaction.end()
                final.set_result(made_up(self.request, 487, "No Answer to CANCEL"))

        asyncio.get_running_loop().call_later(64 * T1, forgotten)

    def answered(self, answer: Message) -> None:
        """A 2xx: the first is the call; others are acknowledged and hung up (13.2.2.4)."""
        wrong, tag = self.wrong, answer.tag("To")
        if wrong("unknown-2xx-ignored") and answer.status not in (200, 202):
            return
        early = self.branches.get(tag)
        number = self.request.cseq[0]
        if early is not None and number in early.acks:
            if not wrong("ack-2xx-not-repeated"):
                ack = early.acks[number]
                if wrong("ack-2xx-repeated-with-other-cseq"):
                    ack.put("CSeq", f"{ack.cseq[0] + 1} ACK")
                self.agent.layer.post(ack, early.dialog.hop(ack.uri, ack.lines("Route")), lambda: None)
            return
        first = self.chosen is None
        if early is None:
            if not first and wrong("fork-second-2xx-ignored"):
                return
            early = self.branches[tag] = Early(Dialog.answered(self.base, self.request, answer))
        elif not first and wrong("fork-second-2xx-ignored"):
            return
        dialog = early.dialog
        if not dialog.confirmed:
            routes = answer.values("Record-Route")[::-1]
            dialog.routes = [] if wrong("dialog-no-route-set") else routes  # 13.2.2.4: recomputed
            if wrong("dialog-tag-of-the-first-provisional") and len(self.branches) > 1:
                dialog.remote = next(iter(self.branches.values())).dialog.remote
        dialog.refresh(answer)
        if not wrong("ack-2xx-never"):
            self.acknowledge(early, self.request, answer)
        dialog.confirmed = True
        if first and not self.cancelled:
            self.chosen = dialog
            self.agent.talking = True
            self.take_timer(answer)
            assert self.final is not None
            self.stop_ringing()
        if first and self.final is not None and not self.final.done():
            self.final.set_result(answer)
        if (not first or self.cancelled) and not (self.cancelled and wrong("cancel-crossed-by-200-kept")):
            self.chore(self.hang_up(dialog))

    def acknowledge(self, early: Early, request: Message, answer: Message) -> None:
        """ACK to a 2xx: a request in the dialog, with the number of the INVITE (13.2.2.4)."""
        wrong, dialog = self.wrong, early.dialog
        kept, dialog.number = dialog.number, request.cseq[0]
        body = b""
        if answer.body and not request.body and not wrong("sdp-no-answer-in-ack"):
            body = self.session.answer(answer.body)
        ack = dialog.request("ACK", body=body, content="application/sdp")
        ack.drop("Contact")
        ack.roles |= {"success"}
        for name in ("Authorization", "Proxy-Authorization"):
            ack.put(name, *request.lines(name))
        dialog.number = kept
        if wrong("ack-2xx-in-the-old-transaction"):
            ack.put("Via", request.get("Via"))
        if wrong("ack-2xx-to-the-first-uri"):
            ack.uri = self.request.uri
        ack = self.agent.layer.edit(ack)
        early.acks[request.cseq[0]] = ack
        hop = dialog.hop(ack.uri, ack.lines("Route"))
        self.agent.layer.post(ack, hop, lambda: None)

    # In the call

    async def connected(self, dialog: Dialog) -> None:
        """Does what it is to do, talks for a while, and hangs up."""
        self.touch()
        await asyncio.sleep(0.05)
        fine = await self.business(dialog)
        await self.talk(dialog)
        if not fine and self.wrong("dialog-used-after-481"):
            await dialog.final(dialog.request("INFO"))
        if not self.over.is_set() and (fine or not self.wrong("dialog-kept-after-481")):
            await self.hang_up(dialog)
        self.agent.talking = False
        if self.wrong("dialog-used-after-bye"):
            await dialog.final(dialog.request("INFO"))

    async def business(self, dialog: Dialog) -> bool:
        """The request that this call is about; False where it ended the dialog."""
        method = {"RE-INVITE": "INVITE"}.get(self.method, self.method)
        if self.method in ("INVITE", "BYE", "CANCEL", "PRACK", "ACK") or self.over.is_set():
            return True
        if method == "INVITE":
            answer = await self.modify(dialog, self.session.offer("sendonly"))
        else:
            body, content = {
                "UPDATE": (self.session.offer("sendonly"), "application/sdp"),
                "INFO": (b"Signal=1\r\nDuration=160\r\n", "application/dtmf-relay"),
                "MESSAGE": (b"hello", "text/plain"),
            }.get(method, (b"", ""))
            answer = await dialog.ask(dialog.request(method, *self.extra(method), body=body, content=content))
        if answer.status < 300 and method in ("INVITE", "UPDATE"):
            dialog.refresh(answer)
        return answer.status not in FATAL

    def extra(self, method: str) -> list[tuple[str, str]]:
        """The headers that some methods have."""
        return {
            "UPDATE": self.refreshing(),
            "OPTIONS": [("Accept", "application/sdp"), ("Supported", "100rel, timer")],
        }.get(method, [])

    def refreshing(self) -> list[tuple[str, str]]:
        """What a session refresh has (RFC 4028 section 7.4)."""
        return [
            ("Allow", ALLOW),
            ("Supported", "100rel, timer"),
            ("Session-Expires", f"{self.interval};refresher={self.refresher or 'uac'}" if self.interval else ""),
            ("Min-SE", str(self.agent.min_se) if self.agent.min_se else ""),
        ]

    async def modify(self, dialog: Dialog, body: bytes) -> Message:
        """A re-INVITE (14.1)."""
        request = dialog.request("INVITE", *self.refreshing(), body=body, content="application/sdp")
        request.roles |= {"reinvite"}
        remedy = Remedies(dialog)
        answer = await self.modified(dialog, request)
        while answer.status >= 300 and not self.over.is_set():
            retry = await remedy.next(request, answer)
            if retry is None or self.over.is_set():
                break
            request = retry
            answer = await self.modified(dialog, request)
        return answer

    async def modified(self, dialog: Dialog, request: Message) -> Message:
        """One INVITE transaction in the dialog."""
        arrived: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        own = Early(dialog)

        def heard(answer: Message) -> None:
            if 100 < answer.status < 200 and "100rel" in answer.tokens("Require"):
                self.request, kept = request, self.request
                self.prack(own, answer)
                self.request = kept
            if 200 <= answer.status < 300:
                number = request.cseq[0]
                if number in own.acks:
                    if not self.wrong("ack-2xx-not-repeated"):
                        ack = own.acks[number]
                        self.agent.layer.post(ack, dialog.hop(ack.uri, ack.lines("Route")), lambda: None)
                    return
                dialog.refresh(answer)
                if not self.wrong("ack-missing-for-reinvite"):
                    self.acknowledge(own, request, answer)
                self.take_timer(answer)
            if answer.status >= 200 and not arrived.done():
                arrived.set_result(answer)

        crossed = self.inviting
        self.inviting = True
        dialog.begin(request, heard)
        if self.wrong("reinvite-during-reinvite") and not crossed:
            second = request.copy()
            second.put("Via", self.agent.via("udp"))
            second.put("CSeq", f"{dialog.next_number()} INVITE")
            self.chore(self.modified(dialog, second))
        answer = await arrived
        self.inviting = False
        self.touch()
        self.agent.say(f"re-INVITE: {answer.start}")
        return answer

    async def talk(self, dialog: Dialog) -> None:
        """Until nothing has happened for a while; a short session is refreshed meanwhile (RFC 4028)."""
        loop = asyncio.get_running_loop()
        end = loop.time() + 15 + self.hold
        while not self.over.is_set() and loop.time() < end:
            due = self.active + self.hold
            if self.watched:
                mine = self.refresher == "uac"
                part = self.interval / 2 if mine else self.interval - min(32, self.interval / 3)
                refresh = self.refreshed + part
                if loop.time() >= refresh:
                    if not mine:
                        return  # 10: nobody refreshed it
                    answer = await self.modify(dialog, self.session.offer())
                    if answer.status in FATAL:
                        return
                    self.interval = self.interval if answer.status < 300 else 0
                    due = self.active + self.hold
                    end = min(end, loop.time() + self.hold)
                else:
                    due = max(refresh, due)
            await self.until(due)
            if loop.time() >= self.active + self.hold and not self.watched:
                return

    @property
    def watched(self) -> bool:
        """Whether the session is to be refreshed while the call lasts."""
        return not self.wrong("timer-never-refreshed") and 0 < self.interval <= max(30, 2 * self.hold)

    async def until(self, due: float) -> None:
        """A moment, or the end of the call."""
        pause = max(0.02, min(due - asyncio.get_running_loop().time(), 0.5))
        try:
            await asyncio.wait_for(self.over.wait(), pause)
        except TimeoutError:
            return

    def take_timer(self, answer: Message) -> None:
        """What a 2xx says of the session timer (RFC 4028 section 7.2)."""
        match = re.match(r"\s*(\d+)", answer.get("Session-Expires"))
        self.interval = int(match[1]) if match else 0
        found = re.search(r"refresher\s*=\s*(\w+)", answer.get("Session-Expires"))
        self.refresher = found[1].lower() if found else "uac"
        if self.wrong("timer-refresher-mixed-up"):
            self.refresher = {"uac": "uas", "uas": "uac"}[self.refresher]
        self.refreshed = asyncio.get_running_loop().time()

    def heard_request(self, request: Message) -> None:
        """The other side did something in the dialog."""
        self.touch()
        if request.method == "BYE":
            self.over.set()
            for dialog in [one for one in self.agent.dialogs.values() if one.key[2] == request.tag("From")]:
                dialog.end()
        elif request.method in ("INVITE", "UPDATE"):
            self.refreshed = asyncio.get_running_loop().time()

    def touch(self) -> None:
        """The wait begins anew."""
        self.active = asyncio.get_running_loop().time()

    async def hang_up(self, dialog: Dialog) -> None:
        """BYE (15.1.1), and the dialog is gone whatever it gets."""
        if dialog is self.chosen and self.over.is_set():
            return
        await asyncio.sleep(0)
        await dialog.ask(dialog.request("BYE"))
        dialog.end()
        if self.wrong("bye-twice"):
            await dialog.final(dialog.request("BYE"))

    def chore(self, work) -> None:  # type: ignore[no-untyped-def]
        """Something beside; ended with the call."""
        task = asyncio.ensure_future(work)
        self.chores.add(task)
        task.add_done_callback(self.chores.discard)

    async def chores_done(self) -> None:
        """What was begun is brought to its end."""
        if self.chores:
            await asyncio.wait(self.chores, timeout=5)
