"""What an author reads: remarks at their places, refused files, exit codes; and a few flows as they are written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from responder.cli.command_line import main
from responder.importing.sipp import import_sipp
from responder.scenario.problems import ScenarioError

FOLDER = Path(__file__).parent / "sipp"
INVITE = '<scenario><recv request="INVITE"/>'
BUSY = (
    "<send><![CDATA[\nSIP/2.0 486 Busy Here\n[last_Via:]\n[last_From:]\n[last_To:];tag=1\n[last_Call-ID:]\n"
    "[last_CSeq:]\n\n]]></send>"
)


def steps_of(name: str) -> str:
    """The YAML of a fixture without comments."""
    text = import_sipp((FOLDER / f"{name}.xml").read_bytes(), f"{name}.xml").text
    return "".join(f"{line}\n" for line in text.splitlines() if not line.startswith("#"))


class TestWritten:
    def test_short_flows_stand_in_a_row(self) -> None:
        text = import_sipp(f"{INVITE}{BUSY.replace('486 Busy Here', '180 Ringing')}{BUSY}</scenario>".encode(), "x.xml")
        assert text.text.endswith("name: x\nsteps: [180, 486]\n")

    def test_a_counter_is_a_repeat(self) -> None:
        assert "  - repeat:\n      times: 4\n      steps: [180, 1s]\n" in steps_of("counted")

    def test_a_branch_for_cancel_is_what_cancel_does_anyway(self) -> None:
        assert "cancel" not in steps_of("cancel-branch").removeprefix("name: cancel-branch")

    def test_verified_credentials_are_a_challenge(self) -> None:
        assert "challenge: 401\n    realm: test.example.com" in steps_of("register-verified")

    def test_a_loop_of_an_optional_request_is_meanwhile(self) -> None:
        assert steps_of("info-loop").endswith("meanwhile:\n  INFO: [200]\n")

    def test_chance_is_choose(self) -> None:
        assert "- weight: 30\n" in steps_of("by-chance")

    def test_wrong_on_purpose_stays_wrong(self) -> None:
        assert "to_tag: false" in steps_of("no-to-tag")

    def test_silence_stays_silence(self) -> None:
        assert steps_of("ignored").endswith("  - respond: 200\n    fault: {drop: 20}\n")
        assert steps_of("cancel-without-final").endswith("  - respond: 487\n    fault: {drop: 20}\n")

    def test_copies_of_the_invite_answer_the_invite(self) -> None:
        assert steps_of("cancel-by-copies").endswith("steps:\n  - 180\n  - expect: CANCEL\n  - 487\n  - expect: ACK\n")
        assert "CSeq" not in steps_of("copied-line")

    def test_a_header_without_its_colon_is_searched_behind_it(self) -> None:
        xml = f"""{INVITE[:-2]}><action><ereg regexp=": *vip" search_in="hdr" header="Subject" check_it="true"
            assign_to="1"/></action></recv>{BUSY}</scenario>"""
        assert "check: {header: {Subject: {regex: vip}}}" in import_sipp(xml.encode(), "x.xml").text

    def test_a_log_line_is_no_condition_for_the_call(self) -> None:
        xml = f"""{INVITE[:-2]}><action><ereg regexp="vip(.)" search_in="hdr" header="Subject:" assign_to="1"/>
            <log message="it is [$1]"/></action></recv>{BUSY}</scenario>"""
        text = import_sipp(xml.encode(), "x.xml").text
        assert "match" not in text
        assert '- log: "it is ${request.header.Subject}"' in text

    def test_a_notify_without_a_body_stays_without(self) -> None:
        assert '    body: ""\n' in steps_of("notify-without-body")

    def test_a_challenge_without_qop_stays_without(self) -> None:
        xml = (FOLDER / "register-verified.xml").read_text().replace(', qop="auth"', "")
        assert "    qop: none\n" in import_sipp(xml.encode(), "x.xml").text


class TestRefused:
    @pytest.mark.parametrize(
        ("xml", "message"),
        [
            ("<scenario>\n<recv>\n</scenario>", "x.xml:3:3: error: mismatched tag"),
            ("<html/>", "x.xml:1:1: error: the root is <html>"),
            ("", "x.xml:1:1: error: no element found"),
            ('<!DOCTYPE s [<!ENTITY a "b">]><scenario/>', "the entity 'a' is declared"),
            ('<!DOCTYPE scenario SYSTEM "sipp.dtd"><scenario>&x;</scenario>', "the entity '&x;' is not known"),
            ("<scenario><send>INVITE sip:a@b SIP/2.0</send></scenario>", "this is no UAS"),
            ("<scenario/>", "no request is waited for"),
            (f"<scenario>{' ' * 1024 * 1024}</scenario>", "larger than 1024 KiB"),
            ("<a>" * 40, "more than 32 levels"),
        ],
    )
    def test_it_says_where_and_what(self, xml: str, message: str) -> None:
        with pytest.raises(ScenarioError) as caught:
            import_sipp(xml.encode(), "x.xml")
        assert message in str(caught.value)

    @pytest.mark.parametrize(
        "xml",
        [
            f"\n  <?xml version='1.0'?>{INVITE}{BUSY}</scenario>",
            f"<!-- a -- b --->{INVITE}{BUSY}</scenario>",
            f'<?xml version="1.0" encoding="ISO-8859-1"?>\n<!DOCTYPE scenario SYSTEM "a.dtd">{INVITE}{BUSY}</scenario>',
            f'{INVITE[:-2]}><action><log message="\\"a\\""/></action></recv>{BUSY}</scenario>',
            f'{INVITE[:-2]}><action><log message="<b> & c"/></action></recv>{BUSY}</scenario>',
        ],
    )
    def test_what_sipp_reads_is_read(self, xml: str) -> None:
        assert "486" in import_sipp(xml.encode(), "x.xml").text

    def test_latin_1_without_a_declaration(self) -> None:
        assert (
            "Jürgen"
            in import_sipp(f"{INVITE}{BUSY}</scenario>".replace("Busy Here", "Jürgen").encode("latin-1"), "x").text
        )


class TestCommand:
    def test_it_prints_and_counts(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["import", "sipp", str(FOLDER / "with-media.xml")]) == 0
        out, err = capsys.readouterr()
        assert "  # line 51: <exec play_pcap_audio>: no media is played or echoed\n" in out
        assert err == "2 of 10 elements have no counterpart: lines 51, 52\n"

    @pytest.mark.parametrize(("name", "code"), [("with-media", 1), ("basic", 0)])
    def test_strict(self, name: str, code: int, tmp_path: Path) -> None:
        out = tmp_path / "out.yaml"
        assert main(["import", "sipp", "--strict", str(FOLDER / f"{name}.xml"), "-o", str(out)]) == code
        assert main(["check", str(out)]) == 0

    def test_json(self, capsys: pytest.CaptureFixture[str]) -> None:
        path = FOLDER / "with-media.xml"
        assert main(["import", "sipp", "--json", str(path)]) == 0
        out, err = capsys.readouterr()
        *remarks, last = map(json.loads, out.splitlines())
        assert [(remark["event"], remark["file"], remark["line"]) for remark in remarks] == [
            ("remark", str(path), 51),
            ("remark", str(path), 52),
        ]
        assert (last["event"], last["elements"], last["left_over"]) == ("imported", 10, [51, 52])
        assert last["yaml"] == import_sipp(path.read_bytes(), str(path)).text
        assert err == ""

    def test_json_of_a_broken_file(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        path = tmp_path / "broken.xml"
        path.write_text("<html/>")
        assert main(["import", "sipp", "--json", str(path)]) == 2
        out, err = capsys.readouterr()
        assert (json.loads(out)["event"], json.loads(out)["line"], err) == ("problem", 1, "")

    def test_a_broken_file(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        path = tmp_path / "broken.xml"
        path.write_text("<scenario>\n  <recv request=\n")
        assert main(["import", "sipp", str(path)]) == 2
        assert f"{path}:" in capsys.readouterr().err
