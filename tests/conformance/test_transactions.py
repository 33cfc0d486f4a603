"""Server transactions and the 2xx over time, on the wire (RFC 3261 sections 9, 13.3.1.4, 17.2; RFC 6026; RFC 4320).

The server's T1 is 10 ms, T2 40 ms, so 64*T1 are 0.64 s.
"""

from __future__ import annotations

import re
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from .judge import complaints
from .serving import Serving
from .session import OFFER
from .wire import Dialog, Endpoint, Message, Udp, endpoint, fresh, tag_of, uri_of

T1, T2, LIFE = 0.01, 0.04, 0.64

BOTH = pytest.mark.parametrize("transport", ["UDP", "TCP"])


def heard(client: Endpoint, seconds: float) -> list[Message]:
    """Everything that comes within this time."""
    found, end = [], time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        message = client.receive(left)
        if message is not None:
            found.append(message)
    return found


def gaps(messages: list[Message]) -> list[float]:
    return [later.at - earlier.at for earlier, later in pairwise(messages)]


def paced(messages: list[Message]) -> bool:
    """Whether they come T1, 2*T1, 4*T1, ... apart, no more than T2, within what a busy machine adds."""
    expected = [min(T1 * 2**number, T2) for number in range(len(messages) - 1)]
    return all(-0.012 < gap - wanted < 0.12 for gap, wanted in zip(gaps(messages), expected, strict=True))


@BOTH
class TestSuccessUntilAck:
    """RFC 3261 section 13.3.1.4: the 2xx is sent again on every transport, until the ACK"""

    def test_no_ack_at_all(self, quick: Serving, transport: str) -> None:
        """Copies for 64*T1, then BYE, which itself is sent again until it is answered."""
        with endpoint(transport, quick.address) as client:
            ask = client.ask("INVITE", "200", body=OFFER, more=[("Record-Route", "<sip:127.0.0.1:9;lr>")])
            ask.more = [("Supported", "timer")]
            first = client.final(ask)
            copies = [first]
            bye = None
            end = time.monotonic() + LIFE + 0.5
            while time.monotonic() < end:
                message = client.receive(0.5)
                assert message is not None
                if message.status == 200:
                    copies.append(message)
                elif message.method == "BYE":
                    bye = message
                    break
                else:
                    raise AssertionError(message)
            assert 12 < len(copies) < 22, len(copies)
            assert paced(copies[:8]), gaps(copies)
            assert {str(copy) for copy in copies} == {str(first)}
            assert bye is not None
            assert bye.at - first.at == pytest.approx(LIFE, abs=0.2)
            assert bye.uri == uri_of(ask.contact)
            assert tag_of(bye.one("From")) == first.to_tag
            assert bye.one("To") == ask.from_
            assert bye.one("Call-ID") == ask.call_id
            assert bye.one("Max-Forwards") == "70"
            assert re.fullmatch(r"\d+ BYE", bye.one("CSeq"))
            assert bye.one("Via").partition("branch=")[2].startswith("z9hG4bK")
            client.answer(bye, 200, "OK")
            assert not [m for m in heard(client, 0.2) if m.method or m.status == 200][1:]

    def test_stops_at_the_ack(self, quick: Serving, transport: str) -> None:
        with endpoint(transport, quick.address) as client:
            ask = client.ask("INVITE", "200", body=OFFER)
            response = client.final(ask)
            heard(client, 0.05)
            dialog = Dialog.of(client, ask, response)
            client.put(dialog.request("ACK"))
            heard(client, 0.01)
            client.silence(0.15)
            client.put(dialog.request("ACK"))  # once more does no harm
            client.silence(0.1)
            assert client.final(dialog.request("BYE")).status == 200


class TestInviteServerTransaction:
    """RFC 3261 section 17.2.1"""

    def test_final_is_sent_again_until_timer_h(self, quick: Serving) -> None:
        with Udp(quick.address) as client:
            client.put(client.ask("INVITE", "486"))
            found = [message for message in heard(client, LIFE + 0.25) if message.status == 486]
            assert 12 < len(found) < 22, len(found)
            assert paced(found[:8]), gaps(found)
            assert found[-1].at - found[0].at < LIFE + 0.1
            assert len({str(message) for message in found}) == 1

    @pytest.mark.parametrize("user", ["302", "404", "503", "600"])
    def test_final_stops_at_the_ack(self, quick: Serving, user: str) -> None:
        with Udp(quick.address) as client:
            ask = client.put(client.ask("INVITE", user))
            response = client.until(ask, int(user))
            assert client.until(ask, int(user)).at - response.at < 0.2
            client.put(ask.ack(response))
            heard(client, 0.01)
            client.silence(0.12)

    def test_final_is_sent_once_on_streams(self, quick: Serving) -> None:
        with endpoint("TCP", quick.address) as client:
            ask = client.put(client.ask("INVITE", "486"))
            found = [message for message in heard(client, 0.2) if message.status == 486]
            assert len(found) == 1
            client.put(ask.ack(found[0]))
            client.silence(0.1)

    @BOTH
    def test_repeated_invite_gets_the_last_provisional(self, quick: Serving, transport: str) -> None:
        with endpoint(transport, quick.address) as client:
            ask = client.put(client.ask("INVITE", "180"))
            ringing = client.until(ask, 180)
            for _ in range(3):
                client.put(ask)
                assert str(client.until(ask, 180)) == str(ringing)
            client.put(ask.cancel())
            client.put(ask.ack(client.until(ask, 487)))

    def test_repeated_invite_gets_the_final(self, plain: Serving) -> None:
        """With T1 of half a second, so that nothing else brings it."""
        with Udp(plain.address) as client:
            ask = client.put(client.ask("INVITE", "486"))
            response = client.until(ask, 486)
            client.put(ask)
            again = client.receive(0.3)
            assert str(again) == str(response)
            client.put(ask.ack(response))
            client.silence(0.05)
            client.put(ask)  # Confirmed: absorbed
            client.silence(0.2)

    def test_repeated_invite_after_2xx_is_absorbed(self, plain: Serving) -> None:
        """RFC 6026 section 7.1: in Accepted, no new transaction and no 482."""
        with Udp(plain.address) as client:
            ask = client.ask("INVITE", "200", body=OFFER)
            response = client.final(ask)
            client.put(ask)
            assert all(str(message) == str(response) for message in heard(client, 0.2))
            dialog = Dialog.of(client, ask, response)
            client.put(dialog.request("ACK"))
            client.put(ask)
            client.silence(0.2)
            assert client.final(dialog.request("BYE")).status == 200

    def test_trying_after_200_ms(self, tmp_path: Path) -> None:
        flow = tmp_path / "late.yaml"
        flow.write_text("steps: [350ms, 486]\n")
        with Serving(str(flow)) as serving, Udp(serving.address) as client:
            ask = client.ask("INVITE", more=[("Timestamp", "17")])
            started = time.monotonic()
            trying, final = client.responses(ask)
            assert (trying.status, final.status) == (100, 486)
            assert 0.1 < trying.at - started < 0.3
            assert final.at - started == pytest.approx(0.35, abs=0.12)
            assert not tag_of(trying.one("To"))
            assert re.fullmatch(r"17 0?\.[12]\d*", trying.one("Timestamp")), "8.2.6.1: the delay is added"

    def test_ack_to_nothing_is_dropped(self, quick: Serving) -> None:
        with Udp(quick.address) as client:
            client.put(client.ask("ACK", "486"))
            client.put(client.ask("ACK", "bob", to="<sip:bob@127.0.0.1>;tag=unknown"))
            client.silence(0.3)
            client.alive()

    def test_another_branch_in_the_ack_does_not_stop_it(self, quick: Serving) -> None:
        """Section 17.1.1.3: the ACK to a final other than 2xx has the branch of the INVITE."""
        with Udp(quick.address) as client:
            ask = client.put(client.ask("INVITE", "486"))
            response = client.until(ask, 486)
            client.put(replace(ask.ack(response), via=client.via()))
            assert client.until(ask, 486)
            client.put(ask.ack(response))


@BOTH
class TestNonInviteServerTransaction:
    """RFC 3261 section 17.2.2"""

    @pytest.mark.parametrize("method", ["OPTIONS", "MESSAGE", "REGISTER", "INFO"])
    def test_repeated_request_gets_the_same_bytes(self, plain: Serving, transport: str, method: str) -> None:
        with endpoint(transport, plain.address) as client:
            ask = client.ask(method, "404")
            first = client.final(ask)
            if transport == "UDP":
                assert str(client.final(ask)) == str(first)
                assert str(client.final(ask)) == str(first)
            client.silence(0.05)

    def test_once_only_without_being_asked(self, quick: Serving, transport: str) -> None:
        with endpoint(transport, quick.address) as client:
            client.final(client.ask("OPTIONS", "486"))
            client.silence(0.15)

    def test_forgotten_after_timer_j(self, quick: Serving, transport: str) -> None:
        if transport == "TCP":
            pytest.skip("Timer J is zero on streams")
        with endpoint(transport, quick.address) as client:
            ask = client.ask("OPTIONS", "404")
            tag = client.final(ask).to_tag
            time.sleep(LIFE + 0.3)
            assert client.final(ask).to_tag != tag


@BOTH
class TestCancel:
    """RFC 3261 section 9.2"""

    def test_terminates_the_invite(self, quick: Serving, transport: str) -> None:
        with endpoint(transport, quick.address) as client:
            ask = client.put(client.ask("INVITE", "180"))
            tag = client.until(ask, 180).to_tag
            cancel = client.put(ask.cancel())
            found = [client.receive(), client.receive()]
            assert {(m.status, m.one("CSeq")) for m in found if m} == {(200, "1 CANCEL"), (487, "1 INVITE")}
            for message in found:
                assert message is not None
                assert message.to_tag == tag
                if message.status == 200:
                    assert not complaints(cancel, message, client, 200, "OK")
                else:
                    client.put(ask.ack(message))

    def test_repeated(self, plain: Serving, transport: str) -> None:
        with endpoint(transport, plain.address) as client:
            ask = client.put(client.ask("INVITE", "180"))
            client.until(ask, 180)
            cancel = ask.cancel()
            client.put(cancel)
            client.put(ask.ack(client.until(ask, 487)))
            client.put(cancel)
            again = client.receive()
            assert again is not None
            assert again.one("CSeq") == "1 CANCEL"
            assert again.status in ((200,) if transport == "UDP" else (200, 481))

    def test_after_the_final_response(self, plain: Serving, transport: str) -> None:
        """ "no effect": 200, and the call goes on"""
        with endpoint(transport, plain.address) as client:
            ask = client.ask("INVITE", "200", body=OFFER)
            response = client.final(ask)
            client.put(ask.cancel())
            answer = client.receive()
            assert answer is not None
            assert (answer.status, answer.one("CSeq")) == (200, "1 CANCEL")
            dialog = Dialog.of(client, ask, response)
            client.put(dialog.request("ACK"))
            client.silence(0.1)
            assert client.final(dialog.request("BYE")).status == 200

    def test_of_another_branch(self, plain: Serving, transport: str) -> None:
        with endpoint(transport, plain.address) as client:
            ask = client.put(client.ask("INVITE", "180"))
            client.until(ask, 180)
            cancel = client.put(replace(ask.cancel(), via=client.via()))
            answer = client.receive()
            assert answer is not None
            assert not complaints(cancel, answer, client, 481)
            client.put(ask.cancel())
            client.put(ask.ack(client.until(ask, 487)))

    def test_require_in_it_is_ignored(self, plain: Serving, transport: str) -> None:
        """Section 8.2.2.3"""
        with endpoint(transport, plain.address) as client:
            ask = client.put(client.ask("INVITE", "180"))
            client.until(ask, 180)
            client.put(replace(ask.cancel(), more=[("Require", "nothing-known")]))
            answer = client.receive()
            assert answer is not None
            assert answer.status == 200
            client.put(ask.ack(client.until(ask, 487)))


class TestBranchOfRfc2543:
    """RFC 3261 section 17.2.3: without the cookie, by Request-URI, To tag, From tag, Call-ID, CSeq and top Via"""

    def test_repeat_ack_and_cancel_are_matched(self, quick: Serving) -> None:
        with Udp(quick.address) as client:
            for via in (f"SIP/2.0/UDP {client.hostport}", f"SIP/2.0/UDP {client.hostport};branch=old{fresh()}"):
                ask = client.put(client.ask("INVITE", "486", via=via))
                response = client.until(ask, 486)
                client.put(ask)
                assert str(client.receive(0.3)) == str(response)
                client.put(ask.ack(response))
                heard(client, 0.01)
                client.silence(0.06)
                ringing = client.put(client.ask("INVITE", "180", via=via))
                client.until(ringing, 180)
                client.put(ringing.cancel())
                client.put(ringing.ack(client.until(ringing, 487)))
                client.silence(0.06)
                first = client.ask("OPTIONS", "404", via=via)
                assert client.final(first).to_tag == client.final(first).to_tag


@BOTH
def test_merged_request(plain: Serving, transport: str) -> None:
    """RFC 3261 section 8.2.2.2"""
    with endpoint(transport, plain.address) as client:
        ask = client.put(client.ask("INVITE", "180"))
        client.until(ask, 180)
        other = replace(ask, via=client.via())
        client.put(other)
        merged = client.until(other, 482)
        assert not complaints(other, merged, client, 482, "Loop Detected")
        client.put(other.ack(merged))
        client.put(ask.cancel())
        client.put(ask.ack(client.until(ask, 487)))
        spiral = client.ask("OPTIONS", "bob")
        assert client.final(spiral).status == 200
        later = client.final(replace(spiral, via=client.via(), cseq=2))
        assert later.status == 200


def test_next_cseq_is_not_merged(plain: Serving) -> None:
    """RFC 3261 section 22.2: the retry with credentials has the Call-ID and From tag of the first attempt."""
    with Udp(plain.address) as client:
        ask = client.ask("INVITE", "401")
        assert client.final(ask).status == 401
        assert client.final(ask.again()).status == 401


@BOTH
def test_provisional_alone_to_another_method_is_not_the_end(plain: Serving, transport: str) -> None:
    """A final always comes to a non-INVITE."""
    with endpoint(transport, plain.address) as client:
        assert [r.status for r in client.responses(client.ask("OPTIONS", "100"))] == [100, 200]
