"""A report as JUnit XML, in the dialect that Jenkins, GitLab and GitHub actions read (xunit-plugin's `junit-10.xsd`).

A test case for each case of a sweep, or for each call that was served; a class for each method.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from xml.etree import ElementTree as ET

from responder.observe.clock import iso
from responder.observe.printable import printable
from responder.observe.report.case_names import CaseNames
from responder.observe.report.case_text import against, in_brief, ladders, output, remarks
from responder.observe.report.result import ERROR, PASSED, Report, Result

SUITE: Final = "responder"
"""The name of the suite, and the package of its classes."""
_no_name = re.compile(r"[^A-Za-z0-9_-]")


def junit(report: Report) -> str:
    """The document; what XML 1.0 does not allow stands in it as an escape (`\\x1b`)."""
    errors = report.outcomes[ERROR]
    failures = sum(not result.passed for result in report.results) - errors
    sums = {
        "tests": str(len(report.results)),
        "failures": str(failures),
        "errors": str(errors),
        "time": f"{report.duration:.3f}",
    }
    root = ET.Element("testsuites", {"name": SUITE, **sums})
    suite = ET.SubElement(
        root, "testsuite", {"name": SUITE, **sums, "skipped": "0", "timestamp": iso(report.began)[:19]}
    )
    properties = ET.SubElement(suite, "properties")
    for name, value in (("responder", report.version), ("command", report.command)):
        ET.SubElement(properties, "property", {"name": name, "value": printable(value)})
    names = CaseNames(report.results)
    for result in report.results:
        suite.append(_test_case(result, names.within_method(result)))
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _class(result: Result) -> str:
    return f"{SUITE}.{_no_name.sub('_', result.case.method)[:80] or 'none'}"


def _test_case(result: Result, name: str) -> ET.Element:
    found = ET.Element("testcase", {"classname": _class(result), "name": name, "time": f"{result.duration:.3f}"})
    if not result.passed:
        kind = "error" if result.outcome == ERROR else "failure"
        said = ET.SubElement(found, kind, {"type": result.outcome, "message": in_brief(result)})
        said.text = _text([*against(result), "", *ladders(result)])
    more = [*remarks(result), *(output(result) if result.outcome != PASSED else ())]
    if more:
        ET.SubElement(found, "system-out").text = _text(more)
    return found


def _text(lines: Iterable[str]) -> str:
    return "\n".join(map(printable, lines)).rstrip("\n") + "\n"
