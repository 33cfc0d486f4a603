"""`sipp` as the caller: started on a CPU of its own, bounded in time, its statistics read."""

from __future__ import annotations

import csv
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from processes import BenchmarkError, cpus, free_port


@dataclass(frozen=True)
class Result:
    """What sipp counted."""

    calls: int
    failed: int
    resent: int
    seconds: float


def call(
    port: int,
    xml: str,
    *,
    transport: str,
    calls: int,
    rate: int,
    at_once: int,
    seconds: float,
    watch: Callable[[float], None] | None = None,
) -> Result:
    """Make `calls` calls at `rate` a second, at most `at_once` open.

    `watch` is called every 100 ms with the seconds passed; after `seconds` sipp gives up.
    """
    with tempfile.TemporaryDirectory() as folder:
        flow, counts = Path(folder, "flow.xml"), Path(folder, "counts.csv")
        flow.write_text(xml)
        command = ["sipp", f"127.0.0.1:{port}", "-sf", str(flow), "-i", "127.0.0.1", "-p", str(free_port())]
        command += ["-t", "t1" if transport == "tcp" else "u1", "-m", str(calls), "-r", str(rate), "-l", str(at_once)]
        command += ["-timer_resol", "1", "-nostdin", "-buff_size", "4000000", "-timeout", str(round(seconds))]
        command += ["-trace_stat", "-stf", str(counts), "-fd", "1"]
        started = time.monotonic()
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            preexec_fn=lambda: os.sched_setaffinity(0, cpus()[1]),
        )
        try:
            while process.poll() is None:
                time.sleep(0.1)
                passed = time.monotonic() - started
                if watch is not None:
                    watch(passed)
                if passed > seconds + 10:
                    raise BenchmarkError(f"sipp did not end within {seconds + 10:g} s")
            _, said = process.communicate()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        if not counts.exists():
            raise BenchmarkError(f"sipp: {said.decode(errors='replace').strip()[-200:] or process.returncode}")
        with counts.open() as file:
            last = list(csv.DictReader(file, delimiter=";"))[-1]
        return Result(
            calls=int(last["SuccessfulCall(C)"]),
            failed=int(last["FailedCall(C)"]) + calls - int(last["TotalCallCreated"]),
            resent=int(last["Retransmissions(C)"]),
            seconds=time.monotonic() - started,
        )
