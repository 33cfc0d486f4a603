"""Shipped flows for REGISTER, OPTIONS and MESSAGE."""

from __future__ import annotations

import pytest

from .client import Client
from .world import EPOCH, World, shipped


class TestRegistrar:
    """10.3: the core keeps the bindings, the flow writes into the journal."""

    def test_it_registers_and_says_so(self) -> None:
        world = World(shipped("registrar"))
        client = Client(world, "REGISTER", fields=["Expires: 300"]).begin()
        world.pump()
        assert client.the("200").the("contact") == f"{client.contact};expires=300"
        assert world.logged == ["bob registers <sip:alice@192.0.2.10:5062> from 192.0.2.10"]
        bindings = world.engine.registrar.bindings("sip:bob@127.0.0.1", world.now)
        assert len(bindings) == 1
        world.finish()

    def test_it_signs_off(self) -> None:
        world = World(shipped("registrar"))
        client = Client(world, "REGISTER").begin()
        world.run(1.0)
        client.request("REGISTER", "Expires: 0")
        world.finish()
        assert client.every("200")[1]["contact"] is None
        assert not world.engine.registrar.bindings("sip:bob@127.0.0.1", world.now)
        assert [event.outcome for event in world.ended] == ["completed", "completed"]

    def test_it_asks_what_there_is(self) -> None:
        """10.2.3: without Contact; the flow's default says `nothing`."""
        world = World(shipped("registrar"))
        Client(world, "REGISTER").begin()
        world.pump()
        asking = Client(world, "REGISTER", number=2)
        asking.contact = ""
        asking.fields = []
        asking.begin()
        world.pump()
        assert asking.the("200")["contact"] is not None
        world.finish()

    def test_too_brief(self) -> None:
        """10.3 step 7: the core's own 423 with its Min-Expires."""
        world = World(shipped("registrar"))
        client = Client(world, "REGISTER", fields=["Expires: 5"]).begin()
        world.finish()
        assert client.story() == "<REGISTER 423"
        assert client.the("423").the("min-expires") == "60"

    def test_other_methods_are_not_served_by_it(self) -> None:
        world = World(shipped("registrar"))
        client = Client(world).begin()
        world.finish()
        assert client.story().startswith("<INVITE 100 180 200")
        assert client.ended.scenario == ""

    def test_two_phones_of_one_user(self) -> None:
        world = World(shipped("registrar"))
        Client(world, "REGISTER").begin()
        world.pump()
        second = Client(world, "REGISTER", number=2)
        second.contact = "<sip:alice@192.0.2.77>"
        second.begin()
        world.pump()
        contacts = ", ".join(second.the("200").every("contact"))
        assert "192.0.2.10" in contacts
        assert "192.0.2.77" in contacts
        world.finish()


class TestOptions:
    """11.2."""

    def test_what_it_can(self) -> None:
        world = World(shipped("options-capabilities"))
        client = Client(world, "OPTIONS", fields=["Accept: application/sdp"]).begin()
        world.finish()
        answer = client.the("200")
        allowed = [method.strip() for method in answer.the("allow").split(",")]
        assert {"INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "PRACK", "UPDATE"} <= set(allowed)
        assert "application/sdp" in answer.the("accept")
        for name in ("accept-encoding", "accept-language", "supported"):
            assert answer[name] is not None, name
        assert answer.sdp[0] == "v=0"
        assert any(line.startswith("m=audio ") for line in answer.sdp)

    def test_it_makes_no_dialog(self) -> None:
        world = World(shipped("options-capabilities"))
        client = Client(world, "OPTIONS").begin()
        world.pump()
        client.request("BYE", tag=client.the("200").to_tag)
        world.finish()
        assert client.every("481/BYE")

    def test_every_time_the_same(self) -> None:
        world = World(shipped("options-capabilities"))
        bodies = set()
        for number in range(1, 4):
            client = Client(world, "OPTIONS", number=number).begin()
            world.pump()
            bodies.add(tuple(line for line in client.the("200").sdp if not line.startswith("o=")))
        assert len(bodies) == 1
        world.finish()


class TestMessage:
    """RFC 3428 section 7."""

    def test_it_is_taken_for_later(self) -> None:
        world = World(shipped("message-accepted"))
        client = Client(world, "MESSAGE", body="Grüße ✓".encode(), content_type="text/plain").begin()
        world.finish()
        answer = client.the("202")
        assert (answer["contact"], answer.body) == (None, b"")
        assert world.logged == ["sip:alice@example.com writes: Grüße ✓"]

    def test_many_of_one_client(self) -> None:
        """Section 5: a client may send the next one in the same Call-ID when it has the answer."""
        world = World(shipped("message-accepted"))
        client = Client(world, "MESSAGE", body=b"1", content_type="text/plain").begin()
        for text in (b"2", b"3"):
            world.run(0.1)
            client.request("MESSAGE", body=text, content_type="text/plain")
        world.finish()
        assert len(client.every("202")) == 3
        assert [text.rpartition(" ")[2] for text in world.logged] == ["1", "2", "3"]

    def test_a_retransmission_is_logged_once(self) -> None:
        world = World(shipped("message-accepted"))
        Client(world, "MESSAGE", body=b"once", content_type="text/plain", copies=5).begin()
        world.finish()
        assert len(world.logged) == 1

    @pytest.mark.parametrize("body", [b"", b"\0\r\n\r\nSIP/2.0 200 OK\r\n", b"\xff\xfe", b"x" * 60_000])
    def test_any_body(self, body: bytes) -> None:
        world = World(shipped("message-accepted"))
        client = Client(world, "MESSAGE", body=body, content_type="text/plain").begin()
        world.finish()
        assert client.story() == "<MESSAGE 202"


def test_the_date_is_that_of_the_virtual_clock() -> None:
    world = World(shipped("registrar"))
    world.run(90.0)
    client = Client(world, "REGISTER").begin()
    world.finish()
    assert EPOCH == 1_700_000_000
    assert client.the("200").the("date") == "Tue, 14 Nov 2023 22:14:50 GMT"
