"""llmstack as a program of its own, awaited: what a server that answers several at once calls.

A run of its own ends when its caller gives up or its time is over, and leaves nothing in memory for the next one. `-P`
keeps the working folder off Python's path: it may be a repository that somebody else wrote. Needs anyio, which comes
with the extra `mcp`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from subprocess import DEVNULL

import anyio
from anyio.abc import ByteReceiveStream
from msgspec import Struct


class Printed(Struct, frozen=True):
    """What a run printed, on stdout and on stderr, and its exit code."""

    out: bytes
    err: bytes
    code: int


async def run_itself(arguments: Sequence[str], *, seconds: float, most: int) -> Printed:
    """One run of llmstack with nothing on its stdin; of each stream `most` bytes are kept, and the rest is dropped.

    Raises TimeoutError after `seconds`. Nothing of it is left in any case.
    """
    texts: dict[str, bytes] = {}

    async def keep(name: str, stream: ByteReceiveStream | None) -> None:
        assert stream is not None
        texts[name] = await _read(stream, most)

    command = [sys.executable, "-P", "-m", "llmstack.cli", *arguments]
    with anyio.fail_after(seconds):
        async with await anyio.open_process(command, stdin=DEVNULL) as process:
            async with anyio.create_task_group() as both:
                both.start_soon(keep, "out", process.stdout)
                both.start_soon(keep, "err", process.stderr)
            return Printed(texts["out"], texts["err"], await process.wait())


async def _read(stream: ByteReceiveStream, most: int) -> bytes:
    pieces, room = [], most
    async for piece in stream:
        pieces.append(piece[:room])
        room -= len(pieces[-1])
    return b"".join(pieces)
