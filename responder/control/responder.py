"""The Python API: a SIP responder that a program starts, tells what to do, waits for and asks.

async with Responder() as responder:
    responder.on("INVITE", [100, 180, 486])
    ...  # the client calls responder.uri("bob")
    call = await responder.wait_for_call(timeout=5)
    assert call.path == ("100", "180", "486")
    responder.assert_no_violations()
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar
from urllib.parse import quote

from responder import __version__
from responder.control.assembly import Assembly, Setup, assembled, check_advertised
from responder.control.rulebook import Rulebook, Scenario
from responder.control.seen import (
    CALL_CRITERIA,
    MESSAGE_CRITERIA,
    Call,
    Message,
    call_of,
    check_criteria,
    fits,
    in_words,
    message_of,
)
from responder.control.verdict import violations
from responder.engine import MESSAGES
from responder.errors import ResponderError, TransportError
from responder.net.address import ENCRYPTED, ListenAddress, is_wildcard
from responder.net.server import Server
from responder.net.tls import server_context
from responder.observe.journal import MOST_CALLS, Journal
from responder.observe.judge import Judgement, judge
from responder.observe.ladder import by_call, ladder
from responder.observe.pcap import PcapWriter
from responder.observe.report.result import results_of
from responder.observe.trace import TraceWriter

T = TypeVar("T")

PATIENCE: Final = 5.0
"""Seconds that is waited where nothing else is said."""
# RFC 3261 section 25.1: unreserved and user-unreserved; `:` and `%` for who dials a header or has escaped already
_USER: Final = "-_.!~*'()&=+$,;?/:%"


class WaitTimeoutError(ResponderError, TimeoutError):
    """What was waited for did not come in time; the text says what came."""


class Responder:
    """A SIP server in this event loop, on real sockets; `async with` starts and stops it.

    `scenarios` are files, folders, names of shipped flows, YAML texts of more than one line, or mappings that say the
    same. Without any it does what is dialled, and rings and answers for everybody else.

    `listen`: addresses such as `"udp:127.0.0.1:5060"` or `"tls:[::1]:0"`; default: UDP and TCP on `host` and `port`,
    0 being any free one, the same for both. `dial=False`: the dialled user is no code or script. `seed` makes tags,
    branches, waits and choices the same every time. `t1`, `t2`, `t4`: timers of RFC 3261 in seconds; with `t1=0.05` a
    missing ACK is noticed after 3.2 seconds and not after 32. `realm` is that of challenges. `advertise` stands in
    Contact instead of the address, `media_address` (IP and first port) in session descriptions. `tls_cert` and
    `tls_key` are PEM files for `tls` and `wss`. Relative paths of scenarios begin in `folder`. When it stops, clients
    have `grace` seconds to answer what ends their calls. The last `keep` calls are remembered; those that are over are
    forgotten first.

    `ScenarioError` where a scenario is wrong, `TransportError` where an address is, or cannot be had.
    """

    def __init__(
        self,
        *scenarios: Scenario,
        listen: Sequence[str] = (),
        host: str = "127.0.0.1",
        port: int = 0,
        dial: bool = True,
        seed: int | None = None,
        t1: float | None = None,
        t2: float | None = None,
        t4: float | None = None,
        realm: str | None = None,
        advertise: str | None = None,
        media_address: tuple[str, int] | None = None,
        tls_cert: str | Path | None = None,
        tls_key: str | Path | None = None,
        folder: str | os.PathLike[str] = ".",
        grace: float = 0.2,
        keep: int = MOST_CALLS,
    ) -> None:
        self._listen = [ListenAddress.parse(text) for text in ([listen] if isinstance(listen, str) else listen)] or [
            ListenAddress(transport, host, port) for transport in ("udp", "tcp")
        ]
        if tls_cert is None and any(address.transport in ENCRYPTED for address in self._listen):
            raise TransportError("listening on tls or wss needs tls_cert")
        if advertise is not None:
            check_advertised(advertise)
        self._tls = None if tls_cert is None else server_context(tls_cert, tls_key)
        self._rulebook = Rulebook(scenarios, folder)
        timers = {name: value for name, value in (("t1", t1), ("t2", t2), ("t4", t4)) if value is not None}
        for name, value in timers.items():
            if not value > 0:
                raise ValueError(f"{name}={value!r}: expected seconds above zero")
        self._setup = Setup(
            dial=dial, seed=seed, timers=timers, realm=realm, advertise=advertise, media_address=media_address
        )
        self._grace = grace
        self._keep = keep
        self._held = ExitStack()
        self._assembly: Assembly | None = None
        self._server: Server | None = None
        self._journal: Journal | None = None
        self._addresses: tuple[ListenAddress, ...] = ()
        self._waiting: list[asyncio.Future[None]] = []
        self._shown_calls: set[int] = set()
        self._shown_messages: set[int] = set()
        self._resets = 0
        self._stopped_at: float | None = None
        self.in_turn: Callable[[Callable[[], None]], None] = lambda act: act()
        """How a change of the rules gets between two turns of the loop; for who calls from another thread."""

    # life

    async def start(self) -> None:
        """Bind and serve. `RuntimeError` where it was started before."""
        if self._assembly is not None:
            raise RuntimeError("a Responder is started once: make another one")
        hosts = [address.host for address in self._listen]
        try:
            self._assembly = self._held.enter_context(
                assembled(self._rulebook.plan, self._setup, hosts, level=MESSAGES)
            )
            self._journal = Journal(self._assembly.clock, calls=self._keep)
            self._server = Server(self._assembly.engine, self._listen, after_turn=self._after_turn, tls=self._tls)
            await self._server.start()
        except BaseException:
            self._held.close()
            raise
        self._addresses = self._server.addresses

    async def stop(self) -> None:
        """End the calls and close the sockets; what was seen can be asked for still. Twice does no harm."""
        server, self._server = self._server, None
        if server is None:
            return
        try:
            await server.stop(grace=self._grace)
        finally:
            self._held.close()
            assert self._assembly is not None
            self._stopped_at = asyncio.get_running_loop().time()
            self._assembly.engine.close(self._stopped_at)
            self._after_turn()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    # where it is

    @property
    def addresses(self) -> list[str]:
        """Where it listens: `["udp:127.0.0.1:34567", "tcp:127.0.0.1:34567"]`; empty before the start."""
        return [str(address) for address in self._addresses]

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of the first listener, as a client's socket takes them; for a wildcard the loopback's."""
        first = self._first_listener()
        return _reachable(first.host), first.port

    @property
    def host(self) -> str:
        """The host of `address`, without brackets."""
        return self.address[0]

    @property
    def port(self) -> int:
        """The port of the first listener."""
        return self._first_listener().port

    def uri(self, user: str = "", *, transport: str | None = None) -> str:
        """What a client calls: `sip:486@127.0.0.1:34567`; `transport="tcp"` picks that listener and says so in the URI.

        `ValueError` where it does not listen on that transport.
        """
        listener = self._first_listener()
        if transport is not None:
            found = next((one for one in self._addresses if one.transport == transport.lower()), None)
            if found is None:
                raise ValueError(f"it does not listen on {transport!r} but on {', '.join(self.addresses)}")
            listener = found
        host = _reachable(listener.host)
        host = f"[{host}]" if ":" in host else host
        told = transport or ("" if listener.transport == "udp" else listener.transport)
        sender = f"{quote(user, safe=_USER)}@" if user else ""
        return f"sip:{sender}{host}:{listener.port}" + (f";transport={told.lower()}" if told else "")

    def _first_listener(self) -> ListenAddress:
        if not self._addresses:
            raise RuntimeError("it is not started: `async with Responder() as responder:`")
        return self._addresses[0]

    # what it does

    def on(
        self,
        method: str | Sequence[str],
        steps: Any,
        *,
        user: str | None = None,
        match: Mapping[str, Any] | None = None,
        times: int | None = None,
        name: str | None = None,
        first: bool = False,
        **rule: Any,
    ) -> str:
        """Add a rule: new calls with this method (or one of them, or `"any"`) go through these steps. Gives its name.

        `steps` are those of the scenario language as values: `[100, 180, "2s", {"respond": 486, "reason": "No"}]`.
        `user` is the user part of the Request-URI, `match` everything else that `match` of the language takes. With
        `times` the rule serves so many calls. Rules are tried in the order in which they were added, after the
        scenarios of the constructor; `first=True` puts this one before all others. Other keywords are keys of a rule
        (`headers`, `cancel`, `meanwhile`, `users`, ...). `ScenarioError` where something is wrong, or where the
        rule could never be reached.
        """
        keys = {"name": name, "match": {**(match or {}), **({} if user is None else {"user": user})}, "times": times}
        given = self._rulebook.on(method, steps, {**keys, **rule}, first=first)
        self._use_rules()
        return given

    def load(self, *scenarios: Scenario, first: bool = False) -> None:
        """Add the rules of scenarios, given as to the constructor; `first` as for `on`.

        `ScenarioError` where one is wrong, or says something of the whole run (`timers`, `codes`).
        """
        self._rulebook.load(scenarios, first=first)
        self._use_rules()

    def reset(self) -> None:
        """Forget calls, messages, counters and the rules that were added; those of the constructor stay.

        Calls that are under way go on, unseen.
        """
        self._rulebook.reset()
        self._use_rules()
        if self._assembly is not None:
            self._assembly.playbook.forget()
        self._log.clear()
        self._resets += 1
        self._shown_calls.clear()
        self._shown_messages.clear()

    def _use_rules(self) -> None:
        if self._assembly is not None:
            playbook, plan = self._assembly.playbook, self._rulebook.plan
            self.in_turn(lambda: playbook.use(plan))

    # what it saw

    @property
    def calls(self) -> list[Call]:
        """The calls in the order in which they came, those that last too. A request such as OPTIONS counts as one."""
        return [self._call(number) for number in self._log.numbers]

    @property
    def messages(self) -> list[Message]:
        """All messages in order, both ways, retransmissions too."""
        return [message_of(record, number) for number, record in self._log.messages()]

    @property
    def near_misses(self) -> list[str]:
        """Requests that a rule nearly matched, in words."""
        return [] if self._assembly is None else list(self._assembly.playbook.near_misses)

    async def wait_for_call(self, *, timeout: float = PATIENCE, ended: bool = True, **criteria: Any) -> Call:
        """The next call that fits and that this has not given before, once it is over, or (`ended=False`) as it comes.

        Criteria are attributes of `Call`: a value, a compiled pattern that is found in it, or a function that says yes:
        `wait_for_call(user="bob", outcome="completed")`. `WaitTimeoutError`, with what came, after `timeout` seconds.
        """
        check_criteria(criteria, CALL_CRITERIA)

        others: set[int] = set()  # that are over and do not fit

        def find() -> Call | None:
            for number in self._log.numbers:
                over = number not in others and self._log.has_ended(number)
                if number in self._shown_calls or number in others or (ended and not over):
                    continue
                call = self._call(number)
                if fits(call, criteria):
                    self._shown_calls.add(number)
                    return call
                if over:
                    others.add(number)
            return None

        wanted = f"call with {in_words(criteria)}" if criteria else "call"
        return await self._wait(find, timeout, f"no {wanted} {'ended' if ended else 'came'}")

    async def wait_for(self, what: str | int, *, timeout: float = PATIENCE, **criteria: Any) -> Message:
        """The next message from the client that fits and that this has not given before: `"BYE"`, or a code, `200`.

        Criteria are attributes of `Message`, as for `wait_for_call`; `received=False` waits for a message of ours.
        Retransmissions do not count. `WaitTimeoutError`, with what came, after `timeout` seconds.
        """
        check_criteria(criteria, MESSAGE_CRITERIA)
        kind = "status" if str(what).isdecimal() else "method"
        wanted: dict[str, Any] = {
            "received": True,
            "retransmission": False,
            **({"status": int(what)} if kind == "status" else {"status": 0, "method": what}),
            **criteria,
        }

        looked_at, resets = 0, self._resets

        def find() -> Message | None:
            nonlocal looked_at, resets
            if resets != self._resets:
                looked_at, resets = 0, self._resets
            for number, record in self._log.messages(after=looked_at):
                looked_at, message = number, message_of(record, number)
                if message.number not in self._shown_messages and fits(message, wanted):
                    self._shown_messages.add(message.number)
                    return message
            return None

        return await self._wait(find, timeout, f"no {what}{' with ' + in_words(criteria) if criteria else ''} came")

    async def _wait(self, find: Callable[[], T | None], timeout: float, what: str) -> T:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        while (found := find()) is None:
            if self._server is None:
                raise WaitTimeoutError(f"{what}, and the responder does not run\n{self._what_came()}")
            changed = loop.create_future()
            self._waiting.append(changed)
            try:
                async with asyncio.timeout_at(deadline):
                    await changed
            except TimeoutError:
                raise WaitTimeoutError(f"{what} within {timeout:g} s\n{self._what_came()}") from None
            finally:
                if changed in self._waiting:
                    self._waiting.remove(changed)
        return found

    def _after_turn(self) -> None:
        assert self._assembly is not None
        events = self._assembly.engine.events()
        if events:
            self._log.observe(events)
        if self._waiting and (events or self._server is None):
            waiting, self._waiting = self._waiting, []
            for future in waiting:
                if not future.done():
                    future.set_result(None)

    def _what_came(self) -> str:
        calls = [f"  {call}" for call in self.calls]
        missed = [f"  near miss: {text}" for text in self.near_misses]
        forgotten = [f"  {self._log.forgotten} calls before them are forgotten (keep={self._keep})"]
        told = [*(forgotten if self._log.forgotten else ()), *calls, *missed]
        return "\n".join(["what came:", *told] if told else ["nothing came"])

    # verdicts

    def assert_called(self, *, times: int | None = None, **criteria: Any) -> None:
        """`AssertionError` unless so many calls came that fit; at least one where `times` is not said.

        It is raised, too, where calls were forgotten (`keep`) that might have counted.
        """
        __tracebackhide__ = True  # of pytest: the report shows the line of the test
        check_criteria(criteria, CALL_CRITERIA)
        found = sum(fits(call, criteria) for call in self.calls)
        if (found == times and not self._log.forgotten) or (times is None and found):
            return
        wanted = f"call{'' if times in (1, None) else 's'}{' with ' + in_words(criteria) if criteria else ''}"
        got = f"{found}{' and no memory of others' if self._log.forgotten else ''}"
        raise AssertionError(
            f"expected {'at least 1' if times is None else times} {wanted}, got {got}\n{self._what_came()}"
        )

    def judge(self) -> Judgement:
        """What every rule for clients says of what was seen so far (`responder.observe.judge`)."""
        return judge(self._log.until(self._now()))

    def violations(self, level: str = "MUST", *, ignore: Iterable[str] = ()) -> list[str]:
        """Each rule that the client broke, in words: `MUST` rules; with `level="SHOULD"` both, with `"MAY"` all.

        `ignore` are ids of rules that do not count. `ValueError` for a level or an id that there is none of.
        """
        return [*violations(results_of(self._log.until(self._now())), level=level, ignore=ignore)]

    def assert_no_violations(self, level: str = "MUST", *, ignore: Iterable[str] = ()) -> None:
        """`AssertionError` with the rules of RFCs that the client broke, if any; arguments as for `violations`."""
        __tracebackhide__ = True
        found = self.violations(level, ignore=ignore)
        if found:
            raise AssertionError("\n".join([f"the client broke {len(found)} rule{'s' * (len(found) > 1)}:", *found]))

    # to look at

    def ladder(self, width: int = 80) -> str:
        """All calls drawn as ladders, in so many columns."""
        calls = sorted(by_call(self._log.records).items())
        return "\n".join(ladder(records, width=width) for _, records in calls)

    def save_trace(self, path: str | os.PathLike[str]) -> None:
        """Write what was seen into a file for `responder ladder` (lines of JSON); OSError where that cannot be."""
        with open(path, "w", encoding="ascii") as file:
            writer = TraceWriter(file, clock=self._log.clock, version=__version__)
            writer.write(self._log.until(self._now()))
            writer.flush(0.0)

    def save_pcap(self, path: str | os.PathLike[str]) -> None:
        """Write the messages into a file for Wireshark (pcapng); OSError where that cannot be."""
        with open(path, "wb") as file:
            writer = PcapWriter(file, clock=self._log.clock, version=__version__)
            writer.observe(self._log.events)
            writer.close(0.0)

    def _now(self) -> float:
        """Until when it was watched, in the engine's time."""
        return asyncio.get_running_loop().time() if self._stopped_at is None else self._stopped_at

    @property
    def _log(self) -> Journal:
        if self._journal is None:
            raise RuntimeError("it is not started: `async with Responder() as responder:`")
        return self._journal

    def _call(self, number: int) -> Call:
        return call_of(number, self._log.call(number))


def _reachable(host: str) -> str:
    """Where a client of this machine finds what listens on this host."""
    if not is_wildcard(host):
        return host
    return "::1" if ":" in host else "127.0.0.1"
