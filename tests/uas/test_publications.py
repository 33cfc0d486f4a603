"""RFC 3903 section 6: what an event state compositor makes of a PUBLISH."""

from __future__ import annotations

from random import Random

import pytest
from bench import Bench, Caller

from responder.registry import Capabilities
from responder.sip.message import Request
from responder.sip.parser import parse
from responder.uas.publications import Publications


def publish(*fields: str) -> Request:
    parsed = parse(Caller().request("PUBLISH", "Event: presence", *fields))
    assert isinstance(parsed, Request)
    return parsed


@pytest.fixture
def publications() -> Publications:
    return Publications(Random(1), Capabilities(), most=3)


class TestSection6:
    def test_a_first_publication_gets_a_tag(self, publications: Publications) -> None:
        first, second = (publications.publish(publish(), 0.0) for _ in range(2))
        assert (first.status, second.status) == (200, 200)
        assert first.entity_tag != second.entity_tag

    def test_step_3_a_tag_that_was_never_given_gets_412(self, publications: Publications) -> None:
        assert publications.publish(publish("SIP-If-Match: nothing"), 0.0).status == 412

    def test_a_refresh_gets_a_new_tag_and_ends_the_old_one(self, publications: Publications) -> None:
        first = publications.publish(publish("Expires: 100"), 0.0)
        second = publications.publish(publish(f"SIP-If-Match: {first.entity_tag}"), 50.0)
        assert (second.status, second.entity_tag != first.entity_tag) == (200, True)
        assert publications.publish(publish(f"SIP-If-Match: {first.entity_tag}"), 51.0).status == 412

    def test_it_expires(self, publications: Publications) -> None:
        first = publications.publish(publish("Expires: 100"), 0.0)
        assert publications.publish(publish(f"SIP-If-Match: {first.entity_tag}"), 100.0).status == 412

    def test_step_6_expires_0_removes_it(self, publications: Publications) -> None:
        first = publications.publish(publish(), 0.0)
        assert publications.publish(publish(f"SIP-If-Match: {first.entity_tag}", "Expires: 0"), 1.0).status == 200
        assert len(publications) == 0

    def test_bounded(self, publications: Publications) -> None:
        for _ in range(10):
            publications.publish(publish(), 0.0)
        assert len(publications) == 3


class TestBuiltIn:
    def test_through_the_engine(self) -> None:
        bench, caller = Bench(plans={"PUBLISH": ("answer",)}), Caller()
        first = bench.receive(caller.request("PUBLISH", "Event: presence"))[0]
        assert first.status == 200
        again = bench.receive(Caller(2).request("PUBLISH", "Event: presence", f"SIP-If-Match: {first['SIP-ETag']}"))[0]
        assert (again.status, again["SIP-ETag"] != first["SIP-ETag"]) == (200, True)
        refused = bench.receive(Caller(3).request("PUBLISH", "Event: presence", "SIP-If-Match: no"))[0]
        assert refused.status == 412
