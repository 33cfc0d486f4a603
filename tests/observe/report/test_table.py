from __future__ import annotations

import re
from typing import Any

from responder.observe.report.result import Report, report_of
from responder.observe.report.table import lines

from .making import RIGHT, SWEEP, Played, code, served, swept

TABLE = """\
                   form
                   │ grammar
                   │ │ retransmissions
                   │ │ │ acks
                   │ │ │ │ retries
                   │ │ │ │ │ offer answer
486 INVITE         ✓ ✓ ✓ ✓ ✓ ✓  pass
503 INVITE         ✓ ✓ · ✗ · ✓  FAIL
600 INVITE folded  ! ✓ · ✗ ✓ ✓  FAIL
404 INVITE         · · · · · ·  NO CALL
405 INVITE         · · · · · ·  ERROR
✓ kept, ✗ broken, ! broken (does not count), · not exercised

MUST broken: refusal-is-acknowledged  (RFC 3261 17.1.1.2, 17.1.1.3)
  A 300 to 699 to an INVITE gets an ACK.
  in 2 cases: 503 INVITE, 600 INVITE folded
  expected  an ACK for the 503
  actual    none came  (503 INVITE)
  > #1         0.000  ──▶ INVITE sip:503@127.0.0.1 (SDP)
  > #2         0.000  ◀── 503 Service Unavailable (INVITE)
    #3         0.500  ◀── 503 Service Unavailable (INVITE, retransmission)
  … and 1 more occasion

broken, but not counted here (--strict counts SHOULD):
  SHOULD  invite-has-allow  (RFC 3261 13.2.1)  in 600 INVITE folded
  SHOULD  invite-has-supported  (RFC 3261 13.2.1)  in 600 INVITE folded

responder rules ID explains a rule, with the words of its RFC

no call came; the client exited with 3
  in 1 case: 404 INVITE
  $ phone sip:404@127.0.0.1
  │ phone: no codec

the client could not be started
  in 1 case: 405 INVITE
  $ phone sip:405@127.0.0.1
  │ phone: no such file

coverage: 3 of 77 codes, 2 of 14 methods, 25 of 207 rules exercised
rules: 22 kept, 1 MUST and 2 SHOULD broken, 182 not exercised
5 cases: 1 passed, 2 failed, 1 without a call, 1 not started; 30.0 s
"""
counts = re.compile(r"\d+(?: of \d+)? (rules|kept|not exercised)")


def text(report: Report, **options: Any) -> str:
    return "".join(f"{line}\n" for line in lines(report, **options))


def without_counts(shown: str) -> str:
    """Without the numbers that change with every new rule."""
    return counts.sub(r"N \1", shown)


def test_a_bit_of_everything() -> None:
    assert without_counts(text(swept(*SWEEP))) == without_counts(TABLE)


def test_in_ascii() -> None:
    shown = text(swept(*SWEEP), ascii_only=True)
    assert shown.isascii()
    assert "\n503 INVITE         + + . X . +  FAIL\n" in shown


def test_colours_are_for_those_who_ask() -> None:
    report = swept(*SWEEP)
    painted = text(report, colour=True)
    assert "\x1b[31mFAIL\x1b[0m" in painted
    assert re.sub(r"\x1b\[[\d;]*m", "", painted) == text(report)


def test_a_rule_that_is_broken_in_many_cases_is_explained_once() -> None:
    report = swept(*(Played(code(486, variant=f"way-{number}"), acknowledges=False) for number in range(100)))
    shown = text(report, width=70)
    assert shown.count("MUST broken: refusal-is-acknowledged") == 1
    assert "\n  in 100 cases: 486 INVITE way-0, 486 INVITE way-1, 486 INVITE way-2,\n    486 INVITE way-3, " in shown
    assert "486 INVITE way-59, … 40 more\n" in shown
    assert "… and 99 more occasions" in shown


def test_it_fits_the_width() -> None:
    long = Played(code("", dial="180." * 40 + "486"), acknowledges=False, command="phone " + "x" * 200, calls=False)
    for width in (64, 100):
        for line in lines(swept(*SWEEP, long), width=width, all_coverage=True):
            assert len(line) <= width or line.startswith(("  > #", "    #", "  SHOULD", "coverage:", "6 cases:")), line


class TestBaseline:
    def report(self, stale: tuple[str, ...] = ()) -> Report:
        found = swept(*SWEEP[:3], known=lambda case, judged: "Ticket 1" if judged.rule.level == "MUST" else "")
        return Report(found.results, found.version, stale=stale)

    def test_what_is_known_is_counted(self) -> None:
        shown = text(self.report())
        assert "503 INVITE         ✓ ✓ · ~ · ✓  known" in shown
        assert "refusal-is-acknowledged" not in shown
        assert "\nknown: 1 rule of the baseline, in 2 cases\n" in shown
        assert self.report().passed

    def test_what_is_not_broken_any_more_is_listed(self) -> None:
        shown = text(self.report(("b.yaml:3:3: x is not broken any more (y)",)))
        assert "no longer broken, though the baseline says so:\n  b.yaml:3:3: x is not broken any more (y)\n" in shown


def test_problems_stand_beside_the_rules() -> None:
    shown = text(report_of(served(), version="1"))
    assert "\nproblem: no-ack: no ACK for 486\n  in 1 case: lines INVITE (2)\n" in shown


def test_coverage_in_full() -> None:
    shown = text(swept(*SWEEP), all_coverage=True)
    assert "  codes exercised: 486 (INVITE), 503 (INVITE), 600 (INVITE)\n" in shown
    assert "  methods missing: BYE, CANCEL, " in shown


def test_no_cases() -> None:
    assert text(Report((), "1")).splitlines()[-1] == "0 cases: nothing to judge; 0.0 s"


def test_cases_of_one_name_are_told_apart() -> None:
    names = [line.partition("  ")[0] for line in lines(swept(*[Played(code(486), fields=RIGHT)] * 3))]
    assert names[6:9] == ["486 INVITE", "486 INVITE (2)", "486 INVITE (3)"]
