"""The examination: a client with each fault goes through its cases, and a rule that cites the right section names it.

    python tests/lab/examine.py                       every fault; prints what was missed
    python tests/lab/examine.py 'prack-*' --jobs 8    some of them
    python tests/lab/examine.py --anywhere 'prack-*'  through every code to INVITE, not only where they should show
    python tests/lab/examine.py --right --methods INVITE,BYE --variants plain,lossy

The client is a process of its own and shares nothing with the responder; the sweep is the one that `responder sweep`
makes, in this process.
"""

from __future__ import annotations

import argparse
import asyncio
import fnmatch
import json
import re
import shlex
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

from responder.observe.report.result import Result
from responder.observe.rules.rule import MUST, SHOULD
from responder.sweep.attempt import Terms
from responder.sweep.command import Command
from responder.sweep.selection import Selection, codes_of, methods_of, transports_of, variants_of
from responder.sweep.sweeping import sweep

sys.path.insert(0, str(Path(__file__).parents[1]))

from lab.misdeeds import TABLE, Fault, Where

T = TypeVar("T")
R = TypeVar("R")
CLIENT = Path(__file__).with_name("client.py")


@dataclass(frozen=True)
class Named:
    """A rule that was broken."""

    rule: str
    rfc: str
    level: str
    actual: str
    case: str

    @property
    def sections(self) -> frozenset[str]:
        """What it cites, each as `RFC 3261 17.1.1.3`."""
        found, rfc = set(), ""
        for number, section in re.findall(r"RFC (\d+)|(\d+(?:\.\d+)*)", self.rfc):
            rfc = f"RFC {number}" if number else rfc
            found.add(f"{rfc} {section}".strip())
        return frozenset(found)


@dataclass(frozen=True)
class Examined:
    """What came of a fault."""

    fault: Fault
    named: tuple[Named, ...]

    @property
    def found(self) -> bool:
        """A broken rule cites an acceptable section."""
        return any(one.sections & set(self.fault.rfc) for one in self.named)

    def __str__(self) -> str:
        fault = self.fault
        cases = ", ".join(
            f"{where.code} {where.method} {where.variant} {where.transport}{where.options and ' ' + where.options}"
            for where in fault.shows
        )
        lines = [f"{'found' if self.found else 'MISSED'} {fault.name}: {fault.says} [{', '.join(fault.rfc)}] ({cases})"]
        lines += [f"    {one.level} {one.rule} [{one.rfc}] {one.case}: {one.actual[:160]}" for one in self.named]
        return "\n".join(lines)


def command_of(where: Where, *options: str) -> str:
    """The client as `--exec` takes it."""
    words = [sys.executable, str(CLIENT), "{uri}", "--method", "{method}", "--transport", "{transport}"]
    return " ".join([*words, *(f"'{word}'" for word in [*shlex.split(where.options), *options])])


async def swept(client: str, where: Where, jobs: int = 1) -> Sequence[Result]:
    """What a sweep of this selection makes of a client."""
    selection = Selection(
        codes=codes_of(where.code),
        methods=methods_of(where.method),
        variants=variants_of(where.variant),
        transports=transports_of([where.transport]),
    )
    cases, _ = selection.cases()
    if not cases:
        raise ValueError(f"no sweep has such a case: {where}")
    terms = Terms(timeout=75.0 if "session-timer" in where.variant else 25.0)
    return (await sweep(cases, Command(client), terms, jobs=jobs)).results


def broken_in(results: Iterable[Result]) -> tuple[Named, ...]:
    """The rules that were broken, with the first occasion of each."""
    return tuple(
        Named(
            judged.rule.id,
            judged.rule.rfc,
            judged.rule.level,
            judged.failures[0][1].actual,
            f"{result.case.code}/{result.case.method}/{result.case.variant}/{result.case.transport}",
        )
        for result in results
        for judged in result.broken
    )


async def examine(fault: Fault, *more: str, anywhere: bool = False) -> Examined:
    """Through its cases, until it is found."""
    named: tuple[Named, ...] = ()
    for where in (Where("all"), *fault.shows) if anywhere else fault.shows:
        named += broken_in(await swept(command_of(where, "--fault", fault.name, *more), where))
        if Examined(fault, named).found:
            break
    return Examined(fault, named)


async def side_by_side(work: Callable[[T], Awaitable[R]], of: Sequence[T], jobs: int) -> list[R]:
    """So many at a time; what comes of them in order."""
    gate = asyncio.Semaphore(jobs)

    async def one(what: T) -> R:
        async with gate:
            return await work(what)

    return await asyncio.gather(*map(one, of))


def options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=["*"], help="faults, with * and ?")
    parser.add_argument("--jobs", type=int, default=8)
    parser.add_argument("--anywhere", action="store_true", help="each fault through all codes to INVITE, too")
    parser.add_argument("--json", metavar="FILE", help="write what came of it")
    parser.add_argument("-v", "--verbose", action="store_true", help="what was found, too")
    parser.add_argument("--right", action="store_true", help="the right client instead, through the selection below")
    parser.add_argument("--codes", default="all")
    parser.add_argument("--methods", default="INVITE")
    parser.add_argument("--variants", default="plain")
    parser.add_argument("--transport", default="udp,tcp")
    parser.add_argument("--options", default="", help="more for the client")
    return parser.parse_args()


def main() -> int:
    """Examine, and print what was missed."""
    chosen, began = options(), time.monotonic()
    if chosen.right:
        where = Where(chosen.codes, chosen.methods, chosen.variants, chosen.transport, chosen.options)
        results = asyncio.run(swept(command_of(where), where, chosen.jobs))
        alarms = [one for one in broken_in(results) if one.level in (MUST, SHOULD)]
        for alarm in alarms:
            print(f"{alarm.case:34} {alarm.level:6} {alarm.rule}  [{alarm.rfc}]\n    {alarm.actual}")
        print(f"{len(results)} cases, {len(alarms)} alarms in {time.monotonic() - began:.0f} s")
        return 1 if alarms else 0
    wanted = [fault for fault in TABLE if any(fnmatch.fnmatch(fault.name, name) for name in chosen.names)]

    async def one(fault: Fault) -> Examined:
        examined = await examine(fault, *shlex.split(chosen.options), anywhere=chosen.anywhere)
        if chosen.verbose or not examined.found:
            print(examined, flush=True)
        return examined

    examined = asyncio.run(side_by_side(one, wanted, chosen.jobs))
    found = sum(one.found for one in examined)
    print(f"{found} of {len(examined)} found ({found / max(1, len(examined)):.1%}) in {time.monotonic() - began:.0f} s")
    if chosen.json:
        rows = [{**asdict(one), "found": one.found} for one in examined]
        Path(chosen.json).write_text(json.dumps(rows, indent=1))
    return 0 if found == len(examined) else 1


if __name__ == "__main__":
    raise SystemExit(main())
