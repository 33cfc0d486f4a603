"""The Python API without an event loop."""

from __future__ import annotations

import asyncio
import inspect
import threading

import pytest
from cli.process import Client

from responder import BackgroundResponder, Responder, ScenarioError, TransportError, WaitTimeoutError


def test_a_blocking_client() -> None:
    with BackgroundResponder(seed=1) as responder, Client(responder.port) as client:
        responder.on("INVITE", [100, 180, 486])
        client.call("bob")
        assert responder.wait_for_call(timeout=5, user="bob").path == ("100", "180", "486")
        assert responder.wait_for("ACK").received
        responder.assert_called(times=1)
    assert [call.user for call in responder.calls] == ["bob"]
    assert not [thread for thread in threading.enumerate() if thread.name == "sip-responder"]


async def test_in_an_event_loop() -> None:
    with BackgroundResponder() as responder, Client(responder.port) as client:
        waiting = asyncio.create_task(responder.wait_for_call_async(user="486"))
        await asyncio.to_thread(client.call, "486")
        assert (await waiting).outcome == "completed"
        assert (await responder.wait_for_async("ACK")).user == "486"
        with pytest.raises(RuntimeError, match="await wait_for_call_async instead"):
            responder.wait_for_call()
        with pytest.raises(RuntimeError, match="await wait_for_async instead"):
            responder.wait_for("BYE")


def test_errors_come_to_the_caller() -> None:
    with BackgroundResponder() as responder:
        with pytest.raises(ScenarioError, match=r"^test_background\.py:\d+: on\('INVITE'\):"):
            responder.on("INVITE", [{"respnd": 486}])
        with pytest.raises(WaitTimeoutError, match="nothing came"):
            responder.wait_for_call(timeout=0.01)
        with pytest.raises(AssertionError, match="expected at least 1 call"):
            responder.assert_called()
        with pytest.raises(TransportError, match="cannot listen on"):
            BackgroundResponder(port=responder.port).start()
        with pytest.raises(RuntimeError, match="started once"):
            responder.start()
    with pytest.raises(RuntimeError, match="does not run"):
        responder.wait_for_call()


def test_reset_from_outside() -> None:
    with BackgroundResponder() as responder, Client(responder.port) as client:
        responder.on("INVITE", [404])
        client.call("486")
        responder.reset()
        assert responder.calls == []
        assert client.call("486")[-1] == "SIP/2.0 486 Busy Here"


def test_it_has_everything_that_a_responder_has() -> None:
    ours, theirs = vars(BackgroundResponder), vars(Responder)
    public = {name for name in theirs if not name.startswith("_")}
    assert public <= set(ours)
    for name in public - {"start", "stop"}:
        if callable(theirs[name]):
            assert inspect.signature(theirs[name]).parameters == inspect.signature(ours[name]).parameters, name
