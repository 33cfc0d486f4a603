"""The Python API on real sockets."""

from __future__ import annotations

import asyncio
import re
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from cli.process import Client

from responder import Call, Responder, ScenarioError, TransportError, WaitTimeoutError
from responder.observe.judge import judge
from responder.observe.trace import read_trace


@pytest.fixture
async def responder() -> AsyncIterator[Responder]:
    async with Responder() as running:
        yield running


@pytest.fixture
async def call(responder: Responder) -> AsyncIterator[Callable[..., Any]]:
    """Calls a user; the codes that came."""
    with Client(responder.port) as client:

        async def place(user: str) -> list[int]:
            lines = await asyncio.to_thread(client.call, user)
            return [int(line.split()[1]) for line in lines]

        yield place


class TestWhereItIs:
    async def test_udp_and_tcp_on_one_free_port(self, responder: Responder) -> None:
        assert responder.addresses == [f"udp:127.0.0.1:{responder.port}", f"tcp:127.0.0.1:{responder.port}"]
        assert responder.address == (responder.host, responder.port) == ("127.0.0.1", responder.port)
        socket.create_connection(responder.address, timeout=5).close()

    async def test_its_uris(self, responder: Responder) -> None:
        port = responder.port
        assert responder.uri() == f"sip:127.0.0.1:{port}"
        assert responder.uri("486") == f"sip:486@127.0.0.1:{port}"
        assert responder.uri("503+Retry-After=5") == f"sip:503+Retry-After=5@127.0.0.1:{port}"
        assert responder.uri("a b@c") == f"sip:a%20b%40c@127.0.0.1:{port}"
        assert responder.uri("486", transport="tcp") == f"sip:486@127.0.0.1:{port};transport=tcp"
        with pytest.raises(ValueError, match="does not listen on 'tls'"):
            responder.uri("486", transport="tls")

    async def test_other_listeners(self) -> None:
        async with Responder(listen=["tcp:127.0.0.1:0"]) as responder:
            assert responder.uri("x") == f"sip:x@127.0.0.1:{responder.port};transport=tcp"

    async def test_on_every_address_it_is_reached_by_the_loopback(self) -> None:
        async with Responder(host="0.0.0.0") as responder:
            assert responder.uri("x") == f"sip:x@127.0.0.1:{responder.port}"
            assert responder.address == ("127.0.0.1", responder.port)

    def test_before_the_start_it_is_nowhere(self) -> None:
        with pytest.raises(RuntimeError, match="not started"):
            _ = Responder().port

    async def test_an_address_in_use(self, responder: Responder) -> None:
        with pytest.raises(TransportError, match="cannot listen on"):
            async with Responder(port=responder.port):
                pass

    def test_wrong_settings_are_refused_at_once(self) -> None:
        with pytest.raises(TransportError, match="expected TRANSPORT:HOST:PORT"):
            Responder(listen=["127.0.0.1"])
        with pytest.raises(TransportError, match="needs tls_cert"):
            Responder(listen=["tls:127.0.0.1:0"])
        with pytest.raises(ValueError, match="t1=0: expected seconds above zero"):
            Responder(t1=0)


class TestRules:
    async def test_steps_as_a_list(self, responder: Responder, call: Any) -> None:
        assert responder.on("INVITE", [100, 180, "10ms", {"respond": 486, "reason": "Not now"}]) == "INVITE-1"
        assert await call("bob") == [100, 180, 486]
        assert (await responder.wait_for_call()).scenario == "INVITE-1"

    async def test_they_act_on_the_next_call(self, responder: Responder, call: Any) -> None:
        assert await call("603") == [100, 603]
        responder.on("INVITE", 404)
        assert await call("603") == [404]

    async def test_in_order_and_so_many_times(self, responder: Responder, call: Any) -> None:
        responder.on("INVITE", [503], times=1)
        responder.on("INVITE", [486])
        assert [await call("bob") for _ in range(3)] == [[503], [486], [486]]

    async def test_more_rules_do_not_make_those_before_count_anew(self, responder: Responder, call: Any) -> None:
        responder.on("INVITE", [503], times=1)
        assert await call("bob") == [503]
        responder.on("INVITE", [486])
        assert await call("bob") == [486]

    async def test_of_a_user_and_with_a_match(self, responder: Responder, call: Any) -> None:
        responder.on("INVITE", [404], user="bob")
        responder.on(["INVITE", "OPTIONS"], [410], match={"user": "carol"}, headers={"X-Why": "gone: for good"})
        assert [await call(user) for user in ("bob", "carol", "486")] == [[404], [410], [100, 486]]
        (found,) = [message for message in responder.messages if message.status == 410]
        assert found.header("x-why") == "gone: for good"

    async def test_first(self, responder: Responder, call: Any) -> None:
        responder.on("INVITE", [486])
        responder.on("INVITE", [603], first=True)
        assert await call("bob") == [603]

    async def test_a_rule_that_cannot_be_reached_is_no_rule(self, responder: Responder, call: Any) -> None:
        responder.on("INVITE", [486])
        with pytest.raises(ScenarioError, match=r"never be reached: rule 'INVITE-1' .* add it with first=True"):
            responder.on("INVITE", [603], user="bob")
        assert await call("bob") == [486]

    async def test_a_mistake_has_a_place(self, responder: Responder) -> None:
        with pytest.raises(ScenarioError) as raised:
            responder.on("INVITE", [100, {"respnd": 180}, {"respond": 999}])
        line = raised.traceback[0].lineno + 1
        first, second = raised.value.problems
        assert f"{first}".startswith(f"test_responder.py:{line}: on('INVITE'):6:5: error: unknown step 'respnd'")
        assert "\n   6 |   - respnd: 180\n" in f"{first}"
        assert second.line == 7

    async def test_files_texts_and_shipped_flows(self, tmp_path: Path) -> None:
        (tmp_path / "gone.yaml").write_text("match: {user: gone}\nsteps: [410]\n", "utf-8")
        text = "match: {user: text}\nsteps: [404]\n"
        async with Responder("gone.yaml", text, {"match": {"user": "value"}, "steps": [403]}, folder=tmp_path) as one:
            one.load("busy")
            with Client(one.port) as client:
                for user, status in (("gone", "410"), ("text", "404"), ("value", "403")):
                    assert (await asyncio.to_thread(client.call, user))[-1].split()[1] == status
                client.send(client.request("INVITE", "x").replace(b"@client", b"@another"))
                assert (await one.wait_for(180, received=False)).note == "busy step 2"

    async def test_names_that_are_new_can_be_dialled(self, responder: Responder, call: Any) -> None:
        with Client(responder.port) as client:  # so often that the last ones are known by their likeness
            for _ in range(60):
                client.send(client.request("OPTIONS", "away"))
                assert (await asyncio.to_thread(client.receive)).startswith("SIP/2.0 200")
                client._calls += 1
            responder.load("match: {method: OPTIONS, user: nobody}\nname: away\nsteps: [480]\n")
            client.send(client.request("OPTIONS", "away"))
            assert (await asyncio.to_thread(client.receive)).startswith("SIP/2.0 480")

    async def test_what_is_of_the_whole_run_comes_too_late(self, responder: Responder) -> None:
        with pytest.raises(ScenarioError, match="timers, which are of the whole run: give it to the constructor"):
            responder.load("timers: {t1: 100ms}\nsteps: [486]\n")

    async def test_a_name_is_taken_once(self, responder: Responder) -> None:
        responder.on("INVITE", [486], name="x", user="bob")
        with pytest.raises(ScenarioError, match="there is a flow called 'x'"):
            responder.on("INVITE", [603], name="x", user="carol")

    async def test_reset(self, responder: Responder, call: Any) -> None:
        responder.on("INVITE", [404])
        await call("486")
        responder.reset()
        assert (responder.calls, responder.messages, responder.ladder()) == ([], [], "")
        assert await call("486") == [100, 486]
        assert (await responder.wait_for_call()).path == ("100", "486")
        responder.assert_called(times=1)

    async def test_reset_counts_attempts_anew(self, responder: Responder, call: Any) -> None:
        assert [await call("503,486") for _ in range(2)] == [[100, 503], [100, 486]]
        responder.reset()
        assert await call("503,486") == [100, 503]


class TestCalls:
    async def test_a_call_that_is_over(self, responder: Responder, call: Any) -> None:
        await call("486")
        found = await responder.wait_for_call(timeout=5)
        assert (found.method, found.user, found.uri) == ("INVITE", "486", "sip:486@127.0.0.1")
        assert (found.caller, found.transport, found.path) == ("sip:alice@127.0.0.1", "UDP", ("100", "486"))
        assert (found.outcome, found.passed, found.ended) == ("completed", True, True)
        assert [str(message) for message in found.messages] == [
            "received INVITE sip:486@127.0.0.1",
            "sent 100 Trying",
            "sent 486 Busy Here",
            "received ACK sip:486@127.0.0.1",
        ]
        assert "486 Busy Here" in found.ladder()

    async def test_a_call_that_lasts(self, responder: Responder) -> None:
        with Client(responder.port) as client:
            client.send(client.request("INVITE", "180"))
            found = await responder.wait_for_call(ended=False, user="180")
            await responder.wait_for(180, received=False)
            (found,) = responder.calls
            assert (found.ended, found.outcome, found.path[-1]) == (False, "", "180")
            assert (found.method, found.caller) == ("INVITE", "sip:alice@127.0.0.1")

    async def test_its_rule_is_known_from_its_first_message_on(self, responder: Responder) -> None:
        responder.on("INVITE", [180, {"expect": "INFO"}], name="ring")
        with Client(responder.port) as client:
            client.send(client.request("INVITE", "bob"))
            found = await responder.wait_for_call(ended=False, scenario="ring")
            await responder.wait_for(180, received=False)
            (found,) = responder.calls
            assert [message.note for message in found.messages] == ["ring", "ring step 1"]

    async def test_each_wait_gives_the_next_one(self, responder: Responder, call: Any) -> None:
        for user in ("486", "603", "404"):
            await call(user)
        assert (await responder.wait_for_call(user="603")).user == "603"
        assert [(await responder.wait_for_call()).user for _ in range(2)] == ["486", "404"]
        with pytest.raises(WaitTimeoutError, match=r"no call ended within 0\.01 s\nwhat came:\n  call 1: INVITE"):
            await responder.wait_for_call(timeout=0.01)

    async def test_it_waits_for_what_is_not_there_yet(self, responder: Responder, call: Any) -> None:
        waiting = asyncio.create_task(responder.wait_for_call(path=[100, 486], user=re.compile("^4")))
        await asyncio.sleep(0)
        assert not waiting.done()
        await call("603")
        await call("486")
        assert (await waiting).number == 2

    async def test_messages(self, responder: Responder, call: Any) -> None:
        await call("486")
        ack = await responder.wait_for("ACK", user=lambda user: user == "486")
        assert (ack.method, ack.received, ack.header("CSeq"), ack.headers("l")) == ("ACK", True, "1 ACK", ["0"])
        assert [message.number for message in responder.messages] == [1, 2, 3, 4]
        with pytest.raises(TimeoutError, match=r"no BYE came within 0\.01 s"):
            await responder.wait_for("BYE", timeout=0.01)

    async def test_a_wait_outlives_a_reset(self, responder: Responder, call: Any) -> None:
        await call("603")
        waiting = asyncio.create_task(responder.wait_for("ACK", user="486"))
        await asyncio.sleep(0)
        responder.reset()
        await call("486")
        assert (await waiting).number == 4

    async def test_criteria_that_there_are_none_of(self, responder: Responder) -> None:
        with pytest.raises(TypeError, match=r"no criterion 'usr'.*did you mean 'user'"):
            await responder.wait_for_call(usr="bob")
        with pytest.raises(TypeError, match="no criterion 'outcome'"):
            await responder.wait_for("BYE", outcome="completed")

    async def test_who_waits_is_told_of_the_end(self) -> None:
        async with Responder() as responder:
            waiting = asyncio.create_task(responder.wait_for_call())
            await asyncio.sleep(0)
        with pytest.raises(WaitTimeoutError, match="the responder does not run"):
            await waiting

    async def test_near_misses(self, responder: Responder, call: Any) -> None:
        responder.on("OPTIONS", [486], match={"user": "bob"})
        with Client(responder.port) as client:
            client.send(client.request("OPTIONS", "bobby"))
            await responder.wait_for("OPTIONS")
        assert any("expected 'bob', got 'bobby'" in text for text in responder.near_misses)


class TestVerdicts:
    async def test_called(self, responder: Responder, call: Any) -> None:
        with pytest.raises(AssertionError, match="expected at least 1 call, got 0\nnothing came"):
            responder.assert_called()
        await call("486")
        responder.assert_called(times=1, user="486")
        with pytest.raises(AssertionError, match=r"expected 2 calls with user='486', got 1\nwhat came:"):
            responder.assert_called(times=2, user="486")

    async def test_a_client_that_does_nothing_wrong(self, responder: Responder, call: Any) -> None:
        await call("486")
        await responder.wait_for_call()
        responder.assert_no_violations()

    async def test_a_client_whose_ack_has_another_branch(self, responder: Responder) -> None:
        with Client(responder.port) as client:
            client.send(client.request("INVITE", "486"))
            for _ in range(2):
                answer = await asyncio.to_thread(client.receive)
            tag = next(line for line in answer.split("\r\n") if line.startswith("To:")).partition(";tag=")[2]
            client.send(client.request("ACK", "486", tag=tag).replace(b"z9hG4bK", b"z9hG4bKother"))
            await responder.wait_for("ACK")
        with pytest.raises(AssertionError, match=r"MUST broken: ack-non-2xx-[\w-]+  \(RFC 3261 17\.1\.1\.3\)"):
            responder.assert_no_violations()
        broken = [one.rule.id for one in responder.judge().violations("MUST")]
        responder.assert_no_violations(ignore=broken)

    async def test_levels_and_rules_that_there_are_none_of(self, responder: Responder) -> None:
        with pytest.raises(ValueError, match="no level 'must': expected MUST, SHOULD, MAY"):
            responder.assert_no_violations("must")
        with pytest.raises(ValueError, match="no rule 'ack-nothing'"):
            responder.assert_no_violations(ignore=["ack-nothing"])


class TestFiles:
    async def test_trace_and_capture(self, responder: Responder, call: Any, tmp_path: Path) -> None:
        await call("486")
        await responder.wait_for_call()
        responder.save_trace(tmp_path / "run.jsonl")
        responder.save_pcap(tmp_path / "run.pcapng")
        records = list(read_trace(tmp_path / "run.jsonl"))
        assert judge(records).transcript.calls[0].call_id == responder.calls[0].call_id
        assert (tmp_path / "run.pcapng").read_bytes()[:4] == b"\x0a\x0d\x0d\x0a"


class TestItsLife:
    async def test_so_many_calls_are_kept_and_numbers_stay(self, tmp_path: Path) -> None:
        async with Responder(keep=2) as responder:
            with Client(responder.port) as client:
                for user in ("486", "603", "404"):
                    await asyncio.to_thread(client.call, user)
            last = await responder.wait_for_call(user="404", timeout=5)
            assert [call.user for call in responder.calls] == ["603", "404"]
            assert [message.number for message in responder.messages] == list(range(5, 13))
            seen = responder.judge().transcript.messages
            assert [one.number for one in seen] == [message.number for message in responder.messages]
            responder.save_trace(tmp_path / "run.jsonl")
            again = judge(read_trace(tmp_path / "run.jsonl")).transcript.messages
            assert [(one.number, one.data) for one in again] == [(one.number, one.data) for one in seen]
            assert last.messages[0].number == 9
            responder.assert_called(user="404")
            with pytest.raises(AssertionError, match=r"got 1 and no memory of others(.|\n)*1 calls before them"):
                responder.assert_called(user="404", times=1)

    async def test_what_was_seen_stays_when_it_has_stopped(self) -> None:
        async with Responder() as responder:
            with Client(responder.port) as client:
                await asyncio.to_thread(client.call, "486")
        await responder.stop()
        assert [one.path for one in responder.calls] == [("100", "486")]
        with pytest.raises(RuntimeError, match="started once"):
            await responder.start()

    async def test_calls_that_last_are_ended_quickly(self) -> None:
        loop = asyncio.get_running_loop()
        async with Responder() as responder:
            with Client(responder.port) as client:
                client.send(client.request("INVITE", "180"))
                await responder.wait_for("INVITE")
            began = loop.time()
        assert loop.time() - began < 2
        (found,) = responder.calls
        assert isinstance(found, Call)
        assert found.ended

    async def test_nothing_is_left_behind(self) -> None:
        before = asyncio.all_tasks()
        async with Responder() as responder:
            reader, writer = await asyncio.open_connection(*responder.address)
            writer.write(b"\r\n\r\n")  # RFC 5626 section 4.4.1: a ping
            assert await reader.readexactly(2) == b"\r\n"
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()
        assert asyncio.all_tasks() == before


def test_the_package_is_cheap_to_import() -> None:
    code = "import sys, responder; responder.__version__; print({'asyncio', 'yaml'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
