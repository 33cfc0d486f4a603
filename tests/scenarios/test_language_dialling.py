"""What is beside rules: checks that a flow turns off, what is dialled, credentials that all of them know."""

from __future__ import annotations

from typing import Any

import pytest

from .client import Client
from .wire import OFFER, challenge_of, digest
from .world import World


class TestUnchecked:
    """Checks of the UAS that a flow turns off."""

    @pytest.mark.parametrize(
        ("check", "options", "refusal"),
        [
            ("method", {"method": "TELEPORT"}, "501"),
            ("require", {"fields": ["Require: teleport"]}, "420"),
            ("scheme", {"uri": "unknown:bob"}, "416"),
            ("content", {"content_type": "text/teleport"}, "415"),
            ("accept", {"fields": ["Accept: text/teleport"]}, "406"),
            ("session-timer", {"fields": ["Supported: timer", "Session-Expires: 50"]}, "422"),
            ("event", {"method": "SUBSCRIBE", "fields": ["Event: teleport"]}, "489"),
            ("syntax", {"fields": ["Expires: soon"]}, "400"),
            ("dialog", {"tag": "gone"}, "481"),
        ],
    )
    @pytest.mark.parametrize("off", [False, True], ids=["on", "off"])
    def test_one(self, check: str, options: dict[str, Any], refusal: str, off: bool) -> None:
        options = dict(options)
        uri, tag = options.pop("uri", None), options.pop("tag", None)
        unchecked = f"unchecked: [{check}]\n" if off else ""
        world = World(f"{unchecked}match: {{method: any}}\nsteps: [488]")
        client = Client(world, strict=False, **options)
        client.uri = uri or client.uri
        if tag:
            client.to += f";tag={tag}"
        client.begin()
        world.finish()
        answer = "488" if off else refusal
        assert client.story().split()[1] == answer
        assert client.ended.outcome == ("completed" if off else "rejected")

    @pytest.mark.parametrize("off", [False, True], ids=["on", "off"])
    def test_merged(self, off: bool) -> None:
        """8.2.2.2."""
        world = World(f"{'unchecked: [merged]' if off else ''}\nsteps: [180, 5s, 486]")
        client = Client(world).begin()
        world.run(1.0)
        client.request("INVITE", body=OFFER, cseq=1)
        world.pump()
        assert client.story().endswith("1s <INVITE 180" if off else "1s <INVITE 482 <ACK")
        world.finish()

    @pytest.mark.parametrize("off", [False, True], ids=["on", "off"])
    def test_cseq(self, off: bool) -> None:
        """12.2.2."""
        world = World(f"{'unchecked: [cseq]' if off else ''}\nsteps: [200]")
        client = Client(world, talks=None).begin()
        world.run(1.0)
        client.request("INFO", within=True, cseq=50)
        world.pump()
        client.request("INFO", within=True, cseq=40)
        world.pump()
        client.request("BYE", within=True, cseq=60)
        world.finish()
        assert client.story().endswith(f"<INFO {'200' if off else '500'}/INFO <BYE 200/BYE")

    @pytest.mark.parametrize("method", ["OPTIONS", "SUBSCRIBE", "MESSAGE"])
    @pytest.mark.parametrize("which", ["From", "To"])
    def test_a_malformed_address(self, which: str, method: str) -> None:
        """What cannot be read cannot make a dialog; the response goes out all the same."""
        world = World("unchecked: [all]\nmatch: {method: any}\nsteps: [200]")
        client = Client(world, method, fields=["Event: presence"], strict=False, acks=False)
        if which == "To":
            client.to += ";tag=a b"
        else:
            client.from_ += " x y"
        client.begin()
        world.finish()
        assert client.story().split()[1] == "200"

    def test_all(self) -> None:
        world = World("unchecked: [all]\nmatch: {method: any}\nsteps: [488]")
        fields = ["Require: teleport", "Content-Encoding: zip", "Session-Expires: 5"]
        client = Client(world, "TELEPORT", fields=fields, body=b"x", content_type="a/b").begin()
        world.finish()
        assert client.story() == "<TELEPORT 488"


class TestDialling:
    """Beside rules: what no rule takes may be dialled."""

    @pytest.mark.parametrize(
        ("user", "story"),
        [
            ("486", "<INVITE 100 486 <ACK"),
            ("180.2s.486", "<INVITE 180 2s 486 <ACK"),
            ("180*486", "<INVITE 180 486 <ACK"),
            ("180*2*486", "<INVITE 180 2s 486 <ACK"),
            ("183.500ms.200", "<INVITE 183 0.5s 200 <ACK 0.75s <BYE 200/BYE"),
            ("200.2s", "<INVITE 100 200 <ACK 0.75s <BYE 200/BYE"),
            ("busy", "<INVITE 100 180 2s 486 <ACK"),
            ("gone", "<INVITE 100 410 <ACK"),
            ("299", "<INVITE 100 299 <ACK 0.75s <BYE 200/BYE"),
            ("bob", "<INVITE 100 180 200 <ACK 0.75s <BYE 200/BYE"),
        ],
    )
    def test_dialled(self, user: str, story: str) -> None:
        world = World()
        client = Client(world, user=user).begin()
        world.finish()
        assert client.story() == story
        assert client.ended.outcome == "completed"

    def test_we_hang_up_after_the_dialled_time(self) -> None:
        world = World()
        client = Client(world, user="200.2s", talks=None).begin()
        world.finish()
        assert client.story() == "<INVITE 100 200 <ACK 2s BYE <200/BYE"

    @pytest.mark.parametrize("user", ["302", "redirect", "302,200"])
    def test_who_follows_a_dialled_redirection_and_keeps_to_is_answered(self, user: str) -> None:
        # RFC 3261 section 8.1.3.4: the redirected request has the To of the original one
        world = World()
        client = Client(world, user="somebody")
        client.to = f"<sip:{user}@127.0.0.1>"
        client.begin()
        world.finish()
        assert client.story() == "<INVITE 100 180 200 <ACK 0.75s <BYE 200/BYE"

    def test_a_rule_of_a_shipped_flow_can_be_dialled_once_the_flow_has_been(self) -> None:
        world = World()
        for user, story in [
            ("transfer-target", "<INVITE 100 180 200"),  # nobody has dialled the flow yet: built-in behaviour
            ("rfc5359-transfer-unattended", "<INVITE 180 200"),
            ("transfer-target", "<INVITE 180 1s 200"),
        ]:
            client = Client(world, user=user).begin()
            world.finish()
            assert story in client.story()

    def test_to_is_asked_where_the_request_uri_dials_nothing(self) -> None:
        world = World()
        client = Client(world, user="somebody")
        client.to = "<sip:486@127.0.0.1>"
        client.begin()
        world.finish()
        assert client.story() == "<INVITE 100 486 <ACK"

    def test_headers(self) -> None:
        world = World()
        client = Client(world, user="503+Retry-After=5").begin()
        world.finish()
        assert client.the("503").the("retry-after") == "5"

    def test_an_escaped_line_end_dials_nothing(self) -> None:
        world = World()
        client = Client(world, user="486+X=a%0D%0AY:%20b").begin()
        world.finish()
        assert client.story().startswith("<INVITE 100 180 200")

    def test_one_code_after_the_other(self) -> None:
        world = World()
        seen = []
        for number in range(1, 5):
            client = Client(world, number=number, user="503,486,200").begin()
            world.finish()
            seen.append(client.ended.path[1])
        assert seen == ["503", "486", "200", "200"]

    def test_a_scenario_of_the_file(self) -> None:
        world = World("name: mine\nmatch: {user: nobody}\nsteps: [180, 603]")
        client = Client(world, user="mine").begin()
        world.finish()
        assert client.ended.scenario == "mine"

    def test_it_goes_before_our_checks(self) -> None:
        world = World()
        client = Client(world, user="417", fields=["Require: resource-priority"]).begin()
        world.finish()
        assert client.story() == "<INVITE 100 417 <ACK"

    def test_a_rule_goes_before_it(self) -> None:
        world = World("steps: [404]")
        client = Client(world, user="486").begin()
        world.finish()
        assert client.story() == "<INVITE 404 <ACK"


def test_credentials_of_one_flow_are_known_to_another() -> None:
    """The nonces are those of the engine: a 401 of the registry can be answered to a `challenge`."""
    world = World("users: {alice: secret}\nmatch: {user: bob}\nsteps: [{challenge: 401}, 486]")
    asked = Client(world, user="401", tries=0).begin()
    world.pump()
    challenge = challenge_of(asked.the("401").every("www-authenticate")[0])
    client = Client(world, number=2, tries=0)
    value = digest(challenge, method="INVITE", uri=client.uri, user="alice", password="secret")
    client.fields.append(("Authorization", value))
    client.begin()
    world.finish()
    assert client.story() == "<INVITE 486 <ACK"
