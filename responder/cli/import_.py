"""`responder import`: scenario files of other tools as ours."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from responder.cli.exit_codes import Exit

_EXAMPLES = """\
examples:
  responder import sipp uas.xml                   print the scenario
  responder import sipp uas.xml -o uas.yaml       write it into a file
  responder import sipp --strict uas.xml          exit with 1 where something has no counterpart
  responder import sipp --json uas.xml            one line of JSON a remark (file, line, text), then one with the YAML

What has no counterpart becomes a comment at its place, with the line of the XML and the reason. docs/from-sipp.md has
the whole mapping. Exits with 2 where the file cannot be read as a scenario.
"""


def configure(parser: ArgumentParser) -> None:
    """Add its arguments."""
    parser.epilog = _EXAMPLES
    parser.add_argument("format", metavar="FORMAT", choices=("sipp",), help="what the file is: sipp (SIPp's XML)")
    parser.add_argument("file", metavar="FILE", help="the scenario of a UAS")
    parser.add_argument("-o", "--output", metavar="OUT", help="write into this file instead of standard output")
    parser.add_argument("--strict", action="store_true", help="exit with 1 where something has no counterpart")
    parser.add_argument("--json", action="store_true", help="one line of JSON a remark, then one with the scenario")


def run(arguments: Namespace) -> int:
    """Turn the file; 1 where `--strict` and something is left over."""
    from responder.importing.sipp import import_sipp
    from responder.observe.json_lines import encode
    from responder.scenario.problems import ScenarioError

    try:
        imported = import_sipp(Path(arguments.file).read_bytes(), arguments.file)
    except ScenarioError as error:
        if arguments.json:
            print(*(encode({"event": "problem", **problem.as_dict()}) for problem in error.problems), sep="\n")
        else:
            print(*error.problems, sep="\n", file=sys.stderr)
        return Exit.USAGE
    if arguments.output:
        Path(arguments.output).write_text(imported.text, "utf-8")
    if arguments.json:
        for remark in imported.remarks:
            print(encode({"event": "remark", "file": arguments.file, "line": remark.line, "text": remark.text}))
        print(encode({"event": "imported", "elements": imported.elements, "left_over": imported.left_over,
                      "yaml": imported.text}))  # fmt: skip
    else:
        if not arguments.output:
            print(imported.text, end="")
        print(imported.summary, file=sys.stderr)
    return Exit.FAIL if arguments.strict and imported.remarks else Exit.PASS
