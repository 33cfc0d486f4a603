"""RFC 3903 section 6: what an event state compositor makes of a PUBLISH."""

from __future__ import annotations

from random import Random

import pytest
from bench import Bench, Caller

from responder.registry import Capabilities
from responder.sip.message import Request
from responder.sip.parser import parse
from responder.uas.publications import Publications
from responder.uas.script import Reply


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


def watched(publications: Publications, now: float) -> bytes | None:
    """The body that a subscriber to bob's presence is told."""
    found = publications.state("presence", "bob", now)
    return None if found is None else found.body


def document(text: str, *fields: str, event: str = "presence", kind: str = "application/pidf+xml") -> Request:
    data = Caller().request("PUBLISH", f"Event: {event}", *fields, body=text.encode(), content_type=kind)
    parsed = parse(data)
    assert isinstance(parsed, Request)
    return parsed


class TestRefusals:
    """Section 6, steps 2 to 5."""

    @pytest.mark.parametrize("event", ["reg", "refer"])
    def test_step_2_a_package_that_nobody_publishes(self, publications: Publications, event: str) -> None:
        assert publications.publish(document("x", event=event), 0.0).status == 489

    @pytest.mark.parametrize("tags", ["a, b", "a b", ","])
    def test_step_3_several_tags(self, publications: Publications, tags: str) -> None:
        assert publications.publish(publish(f"SIP-If-Match: {tags}"), 0.0).status == 400

    def test_step_3_a_tag_of_another_resource_or_package(self, publications: Publications) -> None:
        tag = publications.publish(document("<presence/>"), 0.0).entity_tag
        other = document("", f"SIP-If-Match: {tag}", event="dialog")
        assert publications.publish(other, 1.0).status == 412
        data = Caller(uri="sip:dave@127.0.0.1").request("PUBLISH", "Event: presence", f"SIP-If-Match: {tag}")
        parsed = parse(data)
        assert isinstance(parsed, Request)
        assert publications.publish(parsed, 1.0).status == 412
        assert publications.publish(publish(f"SIP-If-Match: {tag}"), 1.0).status == 200

    @pytest.mark.parametrize(("expires", "status"), [("59", 423), ("60", 200), ("0", 200)])
    def test_step_4_too_brief(self, publications: Publications, expires: str, status: int) -> None:
        assert publications.publish(publish(f"Expires: {expires}"), 0.0).status == status

    def test_step_5_another_type_than_that_of_the_package(self, publications: Publications) -> None:
        assert publications.publish(document("x", kind="text/plain"), 0.0).status == 415
        assert publications.publish(document("x", kind="Application/PIDF+xml; charset=utf-8"), 0.0).status == 200

    def test_nothing_is_refused_that_an_author_accepts(self, publications: Publications) -> None:
        strange = document("x", "SIP-If-Match: a, b", "Expires: 5", event="reg", kind="text/plain")
        assert publications.publish(strange, 0.0, unasked=True).status == 200

    def test_a_refused_one_changes_nothing(self, publications: Publications) -> None:
        publications.publish(document("first"), 0.0)
        publications.publish(document("second", "Expires: 5"), 1.0)
        assert watched(publications, 2.0) == b"first"


class TestState:
    """What watchers are told (section 4)."""

    def test_the_last_document_counts(self, publications: Publications) -> None:
        publications.publish(document("first"), 0.0)
        second = publications.publish(document("second"), 0.0).entity_tag
        assert watched(publications, 1.0) == b"second"
        publications.publish(publish(f"SIP-If-Match: {second}", "Expires: 0"), 2.0)
        assert watched(publications, 2.0) == b"first"

    def test_a_refresh_keeps_the_document(self, publications: Publications) -> None:
        tag = publications.publish(document("first", "Expires: 100"), 0.0).entity_tag
        publications.publish(publish(f"SIP-If-Match: {tag}", "Expires: 100"), 50.0)
        assert watched(publications, 149.0) == b"first"
        assert watched(publications, 150.0) is None
        assert len(publications) == 0

    def test_a_modification_replaces_it(self, publications: Publications) -> None:
        tag = publications.publish(document("first"), 0.0).entity_tag
        publications.publish(document("second", f"SIP-If-Match: {tag}"), 1.0)
        assert (watched(publications, 1.0), len(publications)) == (b"second", 1)

    def test_bytes_are_bounded(self) -> None:
        publications = Publications(Random(1), Capabilities(), most_bytes=1000)
        for number in range(10):
            publications.publish(document(str(number) * 400), 0.0)
        assert len(publications) == 2
        assert watched(publications, 1.0) == b"9" * 400


class TestBuiltInRefusals:
    def test_415_says_what_is_taken(self) -> None:
        data = Caller().request("PUBLISH", "Event: presence", body=b"x", content_type="text/plain")
        (refused,) = Bench().receive(data)
        assert (refused.status, refused["Accept"]) == (415, "application/pidf+xml")

    def test_423_says_the_minimum(self) -> None:
        (refused,) = Bench().receive(Caller().request("PUBLISH", "Event: presence", "Expires: 5"))
        assert (refused.status, refused["Min-Expires"]) == (423, "60")

    def test_each_publish_of_a_call_gets_a_tag_of_its_own(self) -> None:
        bench = Bench(plans={"PUBLISH": (Reply(200), "stay")}, later={"PUBLISH": (Reply(200),)})
        caller = Caller()
        tags = {bench.receive(caller.request("PUBLISH", "Event: presence"))[0]["SIP-ETag"] for _ in range(3)}
        assert len(tags) == 3
