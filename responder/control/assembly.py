"""An engine with everything that one run of it needs, as `responder serve` and the Python API put it together."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from responder.engine import Engine
from responder.errors import ParseError
from responder.net.media_addresses import Media
from responder.net.server import epoch
from responder.observe.clock import Clock
from responder.registry import Capabilities, Registry
from responder.scenario.plan import Plan
from responder.scenario.playbook import Playbook
from responder.sip.uri import Uri
from responder.transaction.timers import TimerValues
from responder.uas.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What a run is told beside its scenarios; it goes before what they say of the whole run."""

    dial: bool = True
    """Whether the dialled user is a code or a script."""
    seed: int | None = None
    """Where tags, branches, waits and choices are drawn from; None: different every time."""
    timers: Mapping[str, float] = field(default_factory=dict)
    """`t1`, `t2`, `t4` in seconds, as far as they are said."""
    realm: str | None = None
    """Of our challenges."""
    advertise: str | None = None
    """Host (and port) of our Contact instead of the address listened on."""
    media_address: tuple[str, int] | None = None
    """What session descriptions name instead of the address listened on, and its first port (0: any)."""


@dataclass(frozen=True, slots=True)
class Assembly:
    """One run: its engine, the playbook that the engine asks, and how its seconds are read."""

    engine: Engine
    playbook: Playbook
    clock: Clock


def check_advertised(text: str, called: str = "advertise") -> None:
    """ParseError where this cannot stand in a URI as host and port; `called` is how the user knows it."""
    try:
        Uri.parse(f"sip:{text}")
    except ParseError:
        raise ParseError(f"{called} {text}: expected HOST or HOST:PORT, IPv6 in brackets") from None


@contextmanager
def assembled(
    plan: Plan, setup: Setup, hosts: Iterable[str], *, level: int, playbook: Callable[..., Playbook] = Playbook
) -> Iterator[Assembly]:
    """A run for listeners on `hosts`; the ports for its media are held until the end.

    `level` is what the engine reports (`engine.QUIET` and so on), `playbook` what makes the one that picks scripts.
    `TransportError` where no port for media is free.
    """
    start = epoch()
    clock = Clock(epoch=start, start=time.monotonic(), utc_offset=time.localtime().tm_gmtoff)
    settings = settings_of(plan, setup)
    ids = random.Random(setup.seed)
    chooser = playbook(plan, ids=ids, dial=setup.dial, capabilities=settings.capabilities, epoch=start)
    with Media.hold(set(hosts), setup.media_address) as media:
        engine = Engine(
            chooser,
            ids=ids,
            settings=settings,
            registry=Registry.standard().extended(plan.overrides),
            epoch=start,
            media=media.answerer,
            observer=level,
        )
        chooser.use_nonces(engine.nonces)
        yield Assembly(engine, chooser, clock)


def settings_of(plan: Plan, setup: Setup) -> Settings:
    """The settings of a run."""
    return Settings(
        timers=TimerValues(**{**plan.timers, **setup.timers}),
        capabilities=Capabilities(**{**plan.registrar, **({} if setup.realm is None else {"realm": setup.realm})}),
        advertise=setup.advertise,
    )
