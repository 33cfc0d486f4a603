"""The generated parts of these documents, and the JSON Schema of the package, made of the tables of the code.

    python docs/generate.py            write them
    python docs/generate.py --check    say which are out of date; exit code 1 if any is

A part stands between `<!-- generated: NAME -->` and `<!-- end: NAME -->`; the rest of a document is written by hand.
"""

from __future__ import annotations

import ast
import re
import sys
from argparse import ArgumentParser, _HelpAction
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib import import_module
from itertools import groupby
from pathlib import Path

import responder
from responder.cli.command_line import COMMANDS
from responder.cli.exit_codes import MEANINGS
from responder.control.responder import PATIENCE
from responder.observe.rules import catalogue
from responder.observe.rules.quotations import QUOTATIONS
from responder.observe.rules.rule import Rule
from responder.observe.rules.violations import violations
from responder.registry import Registry
from responder.registry.code import Code
from responder.registry.rules import HeaderRule
from responder.scenario import schema, shipped
from responder.scenario.language import STEP, TABLE, Key
from responder.sip.corruption import CATALOGUE
from responder.sweep.exercises import EXERCISES, how_to_exercise
from responder.transaction.fsm import MACHINES, diagram
from responder.uas.inspection import CHECKS

FOLDER = Path(__file__).resolve().parent
_part = re.compile(r"(<!-- generated: (?P<name>[^\n]+?) -->\n).*?(<!-- end: (?P=name) -->)", re.DOTALL)
_begun = re.compile(r"<!-- generated: ([^\n]+?) -->")


# Markdown


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; bars in cells are taken care of."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |\n" for cells in lines)


def code(text: str) -> str:
    """Text in a code span."""
    return f"`{text}`" if text else ""


# the language


def _key(key: Key) -> list[str]:
    if key.where == STEP:
        example = f"- {key.name}: {key.example}" if key.example else f"- {key.name}"
    else:
        example = f"{key.name}: {key.example}"
    required = " Required." if key.required else ""
    return [code(key.name), key.type.says, key.description + required, code(example)]


def keys(where: str) -> str:
    """What may stand in one place of a scenario file."""
    rows = [_key(key) for key in TABLE if key.where == where]
    return table(("key", "takes", "means", "example"), rows)


def checks() -> str:
    """The checks of the UAS that a rule can turn off."""
    return table(("name", "checks that"), [[code(name), text] for name, text in CHECKS.items()])


def corruptions() -> str:
    """What `corrupt` knows."""
    rows = [[code(name), entry.description, entry.duty] for name, entry in CATALOGUE.items()]
    return table(("name", "on the wire", "a client that gets such a response"), rows)


# the registry


def _headers(code_: Code, level: str, method: str | None = None) -> str:
    """The headers that a code has at one level, a line each: method, name, condition."""
    lines = []
    for rule in code_.headers:
        if rule.level == level and (method is None or rule.fits(method)):
            lines.append(_header(rule, code_, named=method is not None))
    return "<br>".join(dict.fromkeys(lines))


def _header(rule: HeaderRule, code_: Code, *, named: bool) -> str:
    methods = "" if named or rule.methods in ((), code_.methods) else f"{', '.join(rule.methods)}: "
    when = f" if {rule.when}" if rule.when else ""
    return f"{methods}`{rule.name}`{when}"


def _methods(code_: Code) -> str:
    if code_.methods:
        return ", ".join(code_.methods)
    return f"any but {', '.join(code_.not_methods)}" if code_.not_methods else "any"


def codes(first_digit: int) -> str:
    """The codes of one class."""
    rows = []
    for row in Registry.standard().codes:
        if row.status // 100 == first_digit:
            mark = "" if row.iana == "registered" else f" ({row.iana})"
            by_method = row.status == 200
            must = "by method, see below" if by_method else _headers(row, "MUST")
            should = "" if by_method else _headers(row, "SHOULD")
            rows.append([str(row.status), row.phrase + mark, row.reference, _methods(row), must, should])
    return table(("code", "phrase", "defined in", "answers", "MUST have", "SHOULD have"), rows)


def ok_by_method() -> str:
    """What 200 has, by the method that it answers."""
    row = Registry.standard().get(200)
    methods = dict.fromkeys(method for rule in row.headers if rule.level != "MAY" for method in rule.methods)
    return table(
        ("200 to", "MUST have", "SHOULD have"),
        [[method, _headers(row, "MUST", method), _headers(row, "SHOULD", method)] for method in methods],
    )


# the rules for clients


def _areas() -> Iterator[tuple[str, list[Rule]]]:
    """The groups of rules, each with its rules."""
    for area, found in groupby(catalogue.rules(), key=lambda rule: rule.area):
        yield area, list(found)


def _about(area: str) -> str:
    """What a group of rules is about."""
    return " ".join((import_module(f"responder.observe.rules.{area}").__doc__ or "").partition("\n\n")[0].split())


def _title(area: str) -> str:
    return area.replace("_", " ").capitalize()


def client_rules() -> str:
    """Every rule in a line, a table for each group of them."""
    parts = []
    for area, found in _areas():
        page = f"rules/{area.replace('_', '-')}.md"
        rows = [[f"[`{rule.id}`]({page}#{rule.id})", rule.level, rule.cited, rule.says] for rule in found]
        head = f"### {_title(area)}\n\n{_about(area)} [With the words of the RFCs, and examples]({page}).\n\n"
        parts.append(head + table(("rule", "level", "by", "a client that keeps it"), rows))
    return "\n".join(parts)


def rules_of(area: str) -> str:
    """The rules of one group: the duty, what the RFC says, how it is exercised, and an example of a violation."""
    rules = next(found for name, found in _areas() if name == area)
    return f"{_about(area)}\n\n" + "\n".join(map(_rule, rules))


def _rule(rule: Rule) -> str:
    parts = [f"## {rule.id}", f"**{rule.level}**, {', '.join(map(_section, rule.sections))}", _literal(rule.says)]
    quotation = QUOTATIONS.get(rule.id)
    if quotation:
        parts.append(f"> {_literal(quotation.text)}\n>\n> {quotation.section}")
    hint = how_to_exercise(rule.id)
    if rule.id in EXERCISES:
        options, _, client = hint.partition(", ")
        parts.append(f"Exercised by {code(f'responder sweep {options}')}{client and ', '}{client}.")
    elif hint:
        parts.append(f"No sweep exercises it: {hint}.")
    shown = "\n".join(violations()[rule.id])
    return "\n\n".join([*parts, f"Broken by a client of which this is said:\n\n```text\n{shown}\n```\n"])


def _section(section: str) -> str:
    """A section with a link to where it stands."""
    document, _, number = section.rpartition(" ")
    return f"[{section}](https://www.rfc-editor.org/rfc/{document.lower().replace(' ', '')}#section-{number})"


def _literal(text: str) -> str:
    """Prose in which no character is a sign of Markdown."""
    return re.sub(r"([\\`*_<>\[\]|])", r"\\\1", text)


# the command line


def _parser(name: str) -> ArgumentParser:
    parser = ArgumentParser(prog=f"responder {name}")
    module: object = import_module(f"responder.cli.{COMMANDS[name].module}")
    configure: Callable[[ArgumentParser], None] = module.configure  # type: ignore[attr-defined]
    configure(parser)
    return parser


def command(name: str) -> str:
    """The options of one command, and the end of its help."""
    parser = _parser(name)
    parts = [COMMANDS[name].summary[0].upper() + COMMANDS[name].summary[1:] + ".\n"]
    for group in parser._action_groups:
        rows = []
        for action in group._group_actions:
            if isinstance(action, _HelpAction):
                continue
            value = "" if action.nargs == 0 or not action.metavar else f" {action.metavar}"
            written = [option + value for option in action.option_strings] or [str(action.metavar)]
            rows.append([", ".join(map(code, written)), action.help or ""])
        if rows:
            title = {"positional arguments": "arguments"}.get(group.title or "", group.title or "")
            parts.append(table((title, ""), rows))
    parts.append(f"```text\n{(parser.epilog or '').strip()}\n```\n")
    return "\n".join(parts)


def commands() -> str:
    """The commands, a line each."""
    return table(("command", ""), [[f"[`{name}`](#{name})", entry.summary] for name, entry in COMMANDS.items()])


def exit_codes() -> str:
    """What `responder` returns to the shell."""
    rows = [line.split(maxsplit=1) for line in MEANINGS.splitlines()[1:]]
    return table(("exit code", ""), rows)


# machines and flows


def machine(name: str) -> str:
    """One transaction state machine."""
    return f"```mermaid\n{diagram(MACHINES[name])}\n```\n"


def _comment(file: Path) -> str:
    """The comment that a scenario opens with."""
    lines = []
    for line in file.read_text("utf-8").splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.removeprefix("#").strip())
    return " ".join(lines)


def flows(prefix: str = "") -> str:
    """The shipped flows whose names begin so, with the comments that they open with; those of no RFC without it."""
    rows = [
        [f"[{file.stem}](../scenarios/{file.name})", _comment(file)]
        for file in sorted(shipped.folder().glob(f"{prefix}*.yaml"), key=lambda file: file.stem)
        if prefix or not file.stem.startswith(OF_RFCS)
    ]
    return table(("flow", "what it is for"), rows)


def scenario(name: str) -> str:
    """A shipped flow, and how to run it."""
    text = (shipped.folder() / f"{name}.yaml").read_text("utf-8")
    return f"```yaml\n{text}```\n\nDial `sip:{name}@127.0.0.1`, or `responder serve {name}`.\n"


def contents(document: str) -> str:
    """The headings of a document as links, recipes below their topic."""
    lines = []
    for marks, title in re.findall(r"^(##|###) (.+)$", (FOLDER / document).read_text("utf-8"), re.MULTILINE):
        anchor = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        lines.append(f"{'  ' * (len(marks) - 2)}- [{title}](#{anchor})\n")
    return "".join(lines)


# the Python API


def api(name: str) -> str:
    """A public class: its docstring, and every public member with its own."""
    home = getattr(responder, name).__module__
    tree = ast.parse(Path(str(import_module(home).__file__)).read_text("utf-8"))
    node = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name)
    members = "".join(
        f"- {code(member)}: {text}\n" for member, text in _members(node) if not text.startswith("As `Responder.")
    )
    return f"{ast.get_docstring(node)}\n\n{members}"


def _members(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    """Signature or name of each public member, and its docstring in one line."""
    for member, behind in zip(node.body, [*node.body[1:], None], strict=True):
        if isinstance(member, ast.FunctionDef | ast.AsyncFunctionDef) and not member.name.startswith("_"):
            if any(isinstance(one, ast.Name) and "property" in one.id for one in member.decorator_list):
                signature = member.name
            else:
                given = "await " if isinstance(member, ast.AsyncFunctionDef) else ""
                signature = f"{given}{member.name}({_arguments(member.args)})"
            yield signature, " ".join((ast.get_docstring(member) or "").split())
        elif isinstance(member, ast.AnnAssign) and isinstance(member.target, ast.Name):
            assert isinstance(behind, ast.Expr)
            assert isinstance(behind.value, ast.Constant)
            yield member.target.id, " ".join(str(behind.value.value).split())


def _arguments(arguments: ast.arguments) -> str:
    """The arguments without `self` and without types."""
    for argument in (*arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg):
        if argument is not None:
            argument.annotation = None
    arguments.args = arguments.args[1:]
    return ast.unparse(arguments).replace("PATIENCE", f"{PATIENCE:g}")


OF_RFCS = ("rfc3665-", "rfc5359-", "rfc5407-")
"""What the names of flows begin with that are call flows of an RFC."""

PARTS: dict[str, Callable[[], str]] = {
    **{f"keys of {where}": lambda where=where: keys(where) for where in dict.fromkeys(key.where for key in TABLE)},  # type: ignore[misc]
    "checks": checks,
    "corruptions": corruptions,
    **{f"codes {digit}xx": lambda digit=digit: codes(digit) for digit in range(1, 7)},  # type: ignore[misc]
    "200 by method": ok_by_method,
    "client rules": client_rules,
    **{f"rules of {area}": lambda area=area: rules_of(area) for area, _ in _areas()},  # type: ignore[misc]
    "commands": commands,
    **{f"command {name}": lambda name=name: command(name) for name in COMMANDS},  # type: ignore[misc]
    "exit codes": exit_codes,
    **{name: lambda name=name: machine(name) for name in MACHINES},  # type: ignore[misc]
    "flows": flows,
    **{f"flows of {prefix[:-1]}": lambda prefix=prefix: flows(prefix) for prefix in OF_RFCS},  # type: ignore[misc]
    **{f"API {name}": lambda name=name: api(name) for name in ("Responder", "BackgroundResponder", "Call", "Message")},  # type: ignore[misc]
    "contents of the cookbook": lambda: contents("cookbook.md"),
}
"""What makes each part, by its name; `scenario NAME` makes any flow."""


def part(name: str) -> str:
    """One part; KeyError where nothing makes it."""
    kind, _, flow = name.partition(" ")
    if kind == "scenario" and flow in shipped.names():
        return scenario(flow)
    return PARTS[name]()


def regenerated(text: str) -> str:
    """A document with its generated parts made anew; KeyError for a part that nothing makes."""
    return _part.sub(lambda found: f"{found[1]}{part(found['name'])}{found[3]}", text)


def parts_of(text: str) -> list[str]:
    """The names of the generated parts of a document."""
    return _begun.findall(text)


def main() -> int:
    """Write the documents, or compare them."""
    parser = ArgumentParser(description="Write the generated parts of the documents.")
    parser.add_argument("--check", action="store_true", help="write nothing, say what is out of date")
    check = parser.parse_args().check
    stale = []
    for path in sorted(FOLDER.rglob("*.md")):
        text = path.read_text("utf-8")
        new = regenerated(text)
        if new != text:
            stale.append(path.relative_to(FOLDER).as_posix())
            if not check:
                path.write_text(new, "utf-8")
    schema_file = Path(schema.__file__).with_name("scenario.schema.json")
    if not schema_file.is_file() or schema_file.read_text("utf-8") != schema.written():
        stale.append(schema_file.name)
        if not check:
            schema_file.write_text(schema.written(), "utf-8")
    if stale:
        print(f"{'out of date' if check else 'written'}: {', '.join(stale)}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
