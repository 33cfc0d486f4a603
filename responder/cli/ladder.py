"""`responder ladder`: the calls of a trace file, drawn or as JSON."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace

from responder.cli.exit_codes import Exit

_EXAMPLES = """\
examples:
  responder serve --trace run.jsonl busy.yaml
  responder ladder run.jsonl                       every call
  responder ladder run.jsonl --call 7 --width 100
  responder ladder run.jsonl --call-id 'a84b4c76e66710@pc33' --json

--json prints one line a call: its number, and the lines of the trace that belong to it.
"""


def configure(parser: ArgumentParser) -> None:
    """Add its arguments."""
    parser.epilog = _EXAMPLES
    parser.add_argument("trace", metavar="TRACE", help="a file that `responder serve --trace` wrote")
    parser.add_argument("--call", metavar="N", type=int, help="only the call of this number (0: what belongs to none)")
    parser.add_argument("--call-id", metavar="ID", help="only calls with this Call-ID")
    parser.add_argument("--width", metavar="COLUMNS", type=int, help="default: the terminal's, else 80")
    parser.add_argument("--numbers", action="store_true", help="number the messages, as `responder judge` does")
    parser.add_argument("--ascii", action="store_true", help="draw with ASCII characters only")
    parser.add_argument("--json", action="store_true", help="one line of JSON a call")


def run(arguments: Namespace) -> int:
    """Draw them; 2 where the file is no trace or no call fits."""
    from responder.cli.terminal import terminal_of
    from responder.observe.json_lines import as_json, encode
    from responder.observe.ladder import ladder, numbered, selected
    from responder.observe.runs import runs
    from responder.observe.trace import read_trace

    terminal = terminal_of(sys.stdout)
    chosen = [
        (number, records, numbered(run.entries) if arguments.numbers else {})
        for run in runs(read_trace(arguments.trace))
        for number, records in selected(run.records, call=arguments.call, call_id=arguments.call_id)
    ]
    count = 0
    for number, records, numbers in chosen:
        if arguments.json:
            print(encode({"event": "ladder", "call": number, "records": [as_json(record) for record in records]}))
        else:
            ascii_only = arguments.ascii or terminal.ascii_only
            text = ladder(records, width=arguments.width or terminal.width, ascii_only=ascii_only, numbers=numbers)
            sys.stdout.write(f"\n{text}" if count else text)
        count += 1
    if not count:
        print(f"responder ladder: {arguments.trace}: {_nothing(arguments)}", file=sys.stderr)
        return Exit.USAGE
    return Exit.PASS


def _nothing(arguments: Namespace) -> str:
    asked = []
    if arguments.call is not None:
        asked.append(f"number {arguments.call}")
    if arguments.call_id is not None:
        asked.append(f"Call-ID '{arguments.call_id}'")
    return f"no call of {' and '.join(asked)}" if asked else "nothing happened in this run"
