"""A client as a process: started in a process group of its own, watched, ended, and what it printed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
from collections.abc import Mapping, Sequence
from typing import Final

LONGEST_OUTPUT: Final = 32 * 1024
"""Bytes of what a client prints that are kept: the last ones."""
GRACE: Final = 1.0
"""Seconds between SIGTERM and SIGKILL."""
_CHUNK: Final = 64 * 1024
_LAST_WORDS: Final = 4
"""Chunks that are read after its end: as many as a pipe holds, and no more where somebody escaped and writes on."""

_control = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[@-Z\\-_]|[^\n\t -\U0010ffff]|[\x7f-\x9f]")


class Client:
    """A running client. `OSError` from `start` where it cannot be had."""

    def __init__(self, process: asyncio.subprocess.Process, output: int) -> None:
        self._process = process
        self._output = output
        self._kept = bytearray()
        os.set_blocking(output, False)
        asyncio.get_running_loop().add_reader(output, self._read)

    @classmethod
    async def start(cls, words: Sequence[str], variables: Mapping[str, str]) -> Client:
        """Run these words, with these variables beside those of this process."""
        ours, theirs = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                *words,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=theirs,
                stderr=theirs,
                env={**os.environ, **variables},
                start_new_session=True,
            )
        except BaseException:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
        return cls(process, ours)

    async def exit(self) -> int:
        """Wait until it exits: its exit status, the number of a signal below zero."""
        return await self._process.wait()

    async def end(self) -> int:
        """See to it that nothing of it is left, and give its exit status: SIGTERM, and SIGKILL a second later."""
        try:
            if self._process.returncode is None:
                self._signal(signal.SIGTERM)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(GRACE):
                        await self._process.wait()
        finally:
            self._signal(signal.SIGKILL)
            status = await self._process.wait()
            self._close()
        return status

    @property
    def output(self) -> str:
        """The last of what it printed on either stream, without what moves a cursor or changes colours."""
        text = self._kept.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
        return _control.sub("", text)

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    def _read(self) -> bool:
        """Take in what is there; False where that is nothing."""
        try:
            data = os.read(self._output, _CHUNK)
        except BlockingIOError:
            return False
        if not data:
            asyncio.get_running_loop().remove_reader(self._output)
        self._kept += data
        del self._kept[:-LONGEST_OUTPUT]
        return bool(data)

    def _close(self) -> None:
        if self._output < 0:
            return
        for _ in range(_LAST_WORDS):
            if not self._read():
                break
        asyncio.get_running_loop().remove_reader(self._output)
        os.close(self._output)
        self._output = -1
