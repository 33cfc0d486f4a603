"""`responder schema`: the JSON Schema of scenario files, for editors, and of reports, for programs that read them."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from responder.cli.exit_codes import Exit

_EXAMPLES = """\
examples:
  responder schema > scenario.schema.json
  # then, as the first line of a scenario:
  # yaml-language-server: $schema=scenario.schema.json
  responder schema --report > report.schema.json
"""


def configure(parser: ArgumentParser) -> None:
    """Add its arguments."""
    parser.epilog = _EXAMPLES
    parser.add_argument("--report", action="store_true", help="that of what `responder report --json FILE` writes")
    parser.add_argument("--json", action="store_true", help="the schema is JSON anyway; on one line with this")


def run(arguments: Namespace) -> int:
    """Print it."""
    import json

    from responder.observe.report.json_report import schema
    from responder.scenario.schema import json_schema

    found = schema() if arguments.report else json_schema()
    print(json.dumps(found, indent=None if arguments.json else 2))
    return Exit.PASS
