"""Clients as processes: how they end, and what is kept of what they print."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from responder.sweep.client import LONGEST_OUTPUT, Client

PATIENCE = 10.0


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that only waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def python(program: str, **variables: str) -> Client:
    return await Client.start([sys.executable, "-c", program], variables)


async def printed(client: Client, text: str) -> None:
    """Wait until it has printed this."""
    end = time.monotonic() + PATIENCE
    while text not in client.output:
        assert time.monotonic() < end, client.output
        await asyncio.sleep(0.01)


async def test_its_exit_status_and_both_streams() -> None:
    client = await python("import os, sys; print(os.environ['X']); sys.stderr.write('two\\n'); sys.exit(3)", X="one")
    assert await client.exit() == 3
    assert await client.end() == 3
    assert sorted(client.output.split()) == ["one", "two"]


async def test_it_has_no_stdin_and_a_group_of_its_own() -> None:
    client = await python("import os, sys; print([sys.stdin.read(), os.getpgid(0) == os.getpid()])")
    await client.exit()
    await client.end()
    assert client.output == "['', True]\n"


async def test_the_last_of_its_output_is_kept() -> None:
    client = await python(f"import sys; sys.stdout.write('a' * {3 * LONGEST_OUTPUT} + 'end')")
    await client.exit()
    await client.end()
    assert client.output == "a" * (LONGEST_OUTPUT - 3) + "end"


async def test_what_moves_a_cursor_is_left_out() -> None:
    client = await python(r"import os; os.write(1, b'\x1b[2J\x1b[1;31mred\x1b[0m\r\nnext\rline\x07 \xff\n')")
    await client.exit()
    await client.end()
    assert client.output == "red\nnext\nline \ufffd\n"


async def test_sigterm_ends_it() -> None:
    client = await python("import time; print('up', flush=True); time.sleep(60)")
    await printed(client, "up")
    assert await client.end() == -signal.SIGTERM


async def test_sigkill_ends_what_does_not_listen_and_its_children() -> None:
    client = await python(
        "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = os.fork()\nif child: print('child', child, flush=True)\ntime.sleep(60)"
    )
    await printed(client, "\n")
    child = int(client.output.split()[1])
    assert is_alive(child)
    assert await client.end() == -signal.SIGKILL
    end = time.monotonic() + PATIENCE
    while is_alive(child):
        assert time.monotonic() < end
        await asyncio.sleep(0.01)


async def test_a_child_that_outlives_it_ends_with_it() -> None:
    client = await python(
        "import os, time\nchild = os.fork()\nif not child: time.sleep(60)\nelse: print(child, flush=True)"
    )
    assert await client.exit() == 0
    await printed(client, "\n")
    await client.end()
    child, end = int(client.output), time.monotonic() + PATIENCE
    while is_alive(child):
        assert time.monotonic() < end
        await asyncio.sleep(0.01)


async def test_what_cannot_be_started_leaves_no_file_open() -> None:
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(FileNotFoundError):
        await Client.start(["/no/such/program"], {})
    assert len(os.listdir("/proc/self/fd")) == before
