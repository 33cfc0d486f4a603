"""`responder judge`: what the RFCs say of the client in a trace, rule by rule."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace

from responder.cli.exit_codes import Exit
from responder.cli.reporting import report_on

_EXAMPLES = """\
examples:
  responder serve --trace run.jsonl busy.yaml      then let the client call, and stop with Ctrl-C
  responder judge run.jsonl
  responder judge run.jsonl --strict               what it SHOULD have done counts, too
  responder judge run.jsonl --all                  also the rules that it kept, and those that nothing was said about
  responder judge run.jsonl --json
  responder rules refusal-is-acknowledged          more about a rule of the report, with the words of its RFC
  responder ladder run.jsonl --numbers             the messages by the numbers of the report

--json prints one object:
  {"summary": {"calls": N, "messages": N, "passed": N, "must_broken": N, "should_broken": N, "may_broken": N,
               "not_exercised": N},
   "rules": [{"id": ..., "level": "MUST", "rfc": ..., "says": ..., "verdict": "pass" | "fail" | "not-exercised",
              "occasions": N, "findings": [{"call_id": ..., "expected": ..., "actual": ..., "messages": [1, 3]}]}]}
Findings are the occasions on which a rule was broken. In the trace of a sweep each has its "case", too, and messages
are numbered within that. The same trace always gives the same bytes.

Exits with 0 where no MUST was broken, with 1 where one was (with --strict also a SHOULD), with 2 for what is no trace.
"""


def configure(parser: ArgumentParser) -> None:
    """Add its arguments."""
    parser.epilog = _EXAMPLES
    parser.add_argument("trace", metavar="TRACE", help="a file that `--trace` of serve or sweep wrote")
    parser.add_argument("--strict", action="store_true", help="a SHOULD that was broken fails, too")
    parser.add_argument("--all", action="store_true", help="list the rules that were kept and not exercised, too")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: Namespace) -> int:
    """Judge it; 1 where the client did wrong, 2 where there is nothing to judge."""
    from responder.cli.terminal import terminal_of
    from responder.observe.json_lines import encode
    from responder.observe.report.judgement import as_dict, lines
    from responder.observe.trace import read_trace

    report = report_on(arguments, read_trace(arguments.trace), None)
    if not any(result.seen for result in report.results):
        print(f"responder judge: {arguments.trace}: no message in this run", file=sys.stderr)
        return Exit.USAGE
    if arguments.json:
        print(encode(as_dict(report)))
    else:
        terminal = terminal_of(sys.stdout)
        for line in lines(report, everything=arguments.all, width=terminal.width, ascii_only=terminal.ascii_only):
            print(line)
    return Exit.FAIL if any(result.failures for result in report.results) else Exit.PASS
