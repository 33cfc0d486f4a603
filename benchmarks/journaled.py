#!/usr/bin/env python3
"""`responder serve --quiet --port PORT` with a journal in memory, as for a report at the end: `journaled.py PORT`."""

from __future__ import annotations

import asyncio
import sys

from responder.cli.service import Service
from responder.control.assembly import Setup, assembled
from responder.engine import MESSAGES
from responder.net.address import ListenAddress
from responder.net.gc_policy import settle
from responder.observe.journal import Journal
from responder.scenario.compiler import load


def main() -> None:
    port, *files = sys.argv[1:]
    listen = [ListenAddress(transport, "127.0.0.1", int(port)) for transport in ("udp", "tcp")]
    with assembled(load(files), Setup(), ["127.0.0.1"], level=MESSAGES) as run:
        service = Service(run.engine, listen, observers=[Journal(run.clock)])
        settle()
        asyncio.run(service.run(lambda addresses: None))


if __name__ == "__main__":
    main()
