"""A digest of everything that the engine sends in a run of all flows, printed: to be compared between processes."""

from __future__ import annotations

import hashlib

from bench import Bench, Caller

from .flows import RUNS, bench_for


def main() -> None:
    digest = hashlib.sha256()
    for name, run in RUNS.items():
        bench = bench_for(name)
        for number in range(2):
            run(bench, number)
        bench.run(4000.0)
        for one in bench.sent:
            digest.update(one.data)
    bench = Bench()
    # what is worked out by sets: Unsupported, Supported, Allow-Events
    bench.receive(Caller().request("OPTIONS", "Require: e, d, c, b, a", "Proxy-Require: x, y, z"))
    bench.receive(Caller(2).request("SUBSCRIBE", "Event: unknown"))
    bench.receive(Caller(3).invite("Require: one, two, three, four"))
    for one in bench.sent:
        digest.update(one.data)
    print(digest.hexdigest())


if __name__ == "__main__":
    main()
