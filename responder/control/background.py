"""The Python API for programs without an event loop, and beside another one: a `Responder` in a thread of its own.

with BackgroundResponder() as responder:
    subprocess.run(["my-client", responder.uri("486")])
    assert responder.wait_for_call(timeout=5).path == ("100", "486")
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from concurrent.futures import Future
from threading import Thread, current_thread
from types import TracebackType
from typing import Any, Self, TypeVar

from responder.control.responder import PATIENCE, Responder
from responder.control.rulebook import Scenario
from responder.control.seen import Call, Message
from responder.observe.judge import Judgement

T = TypeVar("T")


class BackgroundResponder:
    """A `Responder` with the same constructor and the same methods, which block; `with` starts and stops it.

    Its sockets and timers live in a thread, so that a test may block in a client, or run an event loop of its own. In
    such a loop `wait_for_call` and `wait_for` raise `RuntimeError`, because the client could not go on while they
    wait: `await` `wait_for_call_async` and `wait_for_async` there.
    """

    def __init__(self, *scenarios: Scenario, **settings: Any) -> None:
        self._responder = Responder(*scenarios, **settings)
        self._responder.in_turn = self._do
        self._loop: asyncio.AbstractEventLoop | None = None
        self._halt: asyncio.Event | None = None
        self._thread: Thread | None = None

    # life

    def start(self) -> None:
        """Bind and serve; `TransportError` where an address cannot be had, `RuntimeError` where it ran before."""
        if self._thread is not None:
            raise RuntimeError("a BackgroundResponder is started once: make another one")
        started: Future[None] = Future()
        self._thread = Thread(target=lambda: asyncio.run(self._serve(started)), name="sip-responder", daemon=True)
        self._thread.start()
        try:
            started.result()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the calls and close the sockets; what was seen can be asked for still. Twice does no harm."""
        if self._loop is not None and self._halt is not None:
            loop, self._loop = self._loop, None
            loop.call_soon_threadsafe(self._halt.set)
        if self._thread is not None:
            self._thread.join()

    async def _serve(self, started: Future[None]) -> None:
        try:
            await self._responder.start()
        except BaseException as error:
            started.set_exception(error)
            return
        self._halt = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        started.set_result(None)
        await self._halt.wait()
        await self._responder.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _do(self, act: Callable[[], T]) -> T:
        """Have it done between two turns of its loop; at once where it does not run."""
        __tracebackhide__ = True  # of pytest: the report shows the line of the test
        loop = self._loop
        if loop is None or current_thread() is self._thread:
            return act()
        done: Future[T] = Future()

        def turn() -> None:
            try:
                done.set_result(act())
            except BaseException as error:
                done.set_exception(error)

        loop.call_soon_threadsafe(turn)
        error = done.exception()
        if error is not None:
            raise error.with_traceback(None)
        return done.result()

    def _wait(self, coroutine: Coroutine[Any, Any, T], called: str) -> T:
        __tracebackhide__ = True
        if _in_a_loop():
            coroutine.close()
            raise RuntimeError(f"{called} would block this event loop: await {called}_async instead")
        future = self._submit(coroutine)
        try:
            error = future.exception()
        except BaseException:  # such as Ctrl-C
            future.cancel()
            raise
        if error is not None:
            raise error.with_traceback(None)
        return future.result()

    def _submit(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        if self._loop is None:
            coroutine.close()
            raise RuntimeError("it does not run: `with BackgroundResponder() as responder:`")
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    # where it is

    @property
    def addresses(self) -> list[str]:
        """As `Responder.addresses`."""
        return self._responder.addresses

    @property
    def address(self) -> tuple[str, int]:
        """As `Responder.address`."""
        return self._responder.address

    @property
    def host(self) -> str:
        """As `Responder.host`."""
        return self._responder.host

    @property
    def port(self) -> int:
        """As `Responder.port`."""
        return self._responder.port

    def uri(self, user: str = "", *, transport: str | None = None) -> str:
        """As `Responder.uri`."""
        return self._responder.uri(user, transport=transport)

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
        """As `Responder.on`."""
        return self._responder.on(method, steps, user=user, match=match, times=times, name=name, first=first, **rule)

    def load(self, *scenarios: Scenario, first: bool = False) -> None:
        """As `Responder.load`."""
        self._responder.load(*scenarios, first=first)

    def reset(self) -> None:
        """As `Responder.reset`."""
        self._do(self._responder.reset)

    # what it saw

    @property
    def calls(self) -> list[Call]:
        """As `Responder.calls`."""
        return self._do(lambda: self._responder.calls)

    @property
    def messages(self) -> list[Message]:
        """As `Responder.messages`."""
        return self._do(lambda: self._responder.messages)

    @property
    def near_misses(self) -> list[str]:
        """As `Responder.near_misses`."""
        return self._do(lambda: self._responder.near_misses)

    def wait_for_call(self, *, timeout: float = PATIENCE, ended: bool = True, **criteria: Any) -> Call:
        """As `Responder.wait_for_call`; `RuntimeError` in an event loop."""
        __tracebackhide__ = True
        waiting = self._responder.wait_for_call(timeout=timeout, ended=ended, **criteria)
        return self._wait(waiting, "wait_for_call")

    def wait_for(self, what: str | int, *, timeout: float = PATIENCE, **criteria: Any) -> Message:
        """As `Responder.wait_for`; `RuntimeError` in an event loop."""
        __tracebackhide__ = True
        return self._wait(self._responder.wait_for(what, timeout=timeout, **criteria), "wait_for")

    async def wait_for_call_async(self, *, timeout: float = PATIENCE, ended: bool = True, **criteria: Any) -> Call:
        """The same as `wait_for_call`, for any event loop."""
        waiting = self._responder.wait_for_call(timeout=timeout, ended=ended, **criteria)
        return await asyncio.wrap_future(self._submit(waiting))

    async def wait_for_async(self, what: str | int, *, timeout: float = PATIENCE, **criteria: Any) -> Message:
        """The same as `wait_for`, for any event loop."""
        waiting = self._responder.wait_for(what, timeout=timeout, **criteria)
        return await asyncio.wrap_future(self._submit(waiting))

    # verdicts

    def assert_called(self, *, times: int | None = None, **criteria: Any) -> None:
        """As `Responder.assert_called`."""
        __tracebackhide__ = True
        self._do(lambda: self._responder.assert_called(times=times, **criteria))

    def judge(self) -> Judgement:
        """As `Responder.judge`."""
        return self._do(self._responder.judge)

    def violations(self, level: str = "MUST", *, ignore: Iterable[str] = ()) -> list[str]:
        """As `Responder.violations`."""
        return self._do(lambda: self._responder.violations(level, ignore=ignore))

    def assert_no_violations(self, level: str = "MUST", *, ignore: Iterable[str] = ()) -> None:
        """As `Responder.assert_no_violations`."""
        __tracebackhide__ = True
        self._do(lambda: self._responder.assert_no_violations(level, ignore=ignore))

    # to look at

    def ladder(self, width: int = 80) -> str:
        """As `Responder.ladder`."""
        return self._do(lambda: self._responder.ladder(width))

    def save_trace(self, path: str | os.PathLike[str]) -> None:
        """As `Responder.save_trace`."""
        self._do(lambda: self._responder.save_trace(path))

    def save_pcap(self, path: str | os.PathLike[str]) -> None:
        """As `Responder.save_pcap`."""
        self._do(lambda: self._responder.save_pcap(path))


def _in_a_loop() -> bool:
    """Whether this thread runs an event loop just now."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
