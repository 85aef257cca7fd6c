"""The journal of feedback: what was acknowledged is on the disk, and reaches the inbox once.

What belongs here: appending lines to a file beside the inbox's deliveries, one flush for all that came meanwhile, and
handing the file over by giving it the name of a delivery. Landing does the rest, as with any file.

While it is written the file has a name that nobody lands, and its writer a lock on it. One without a lock was left by a
process that was killed: its last line, if torn, was never acknowledged and is cut off, and the file is handed over.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from recsys_assets.storage import atomic
from recsys_assets.storage.private import OWN_FILE, private_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

STEM = "feedback-"
"""What the names of delivered files begin with: ``feedback-20171031T120000-<chance>.jsonl``."""
_OPEN = ".feedback-*.part"


class Journal:
    """One process's journal; all but `append` is for the server's start and end.

    Parameters
    ----------
    inbox : Path
        Folder of deliveries; made where it is missing.
    seconds : float
        Age at which a file with lines is handed over.
    max_bytes : int
        Size at which it is.
    """

    def __init__(self, inbox: Path, seconds: float = 60.0, max_bytes: int = 64 << 20) -> None:
        self.inbox, self.seconds, self.max_bytes = inbox, seconds, max_bytes
        self._waiting: list[tuple[Sequence[tuple[str, bytes]], asyncio.Future[int]]] = []
        self._writer: asyncio.Task[None] | None = None
        self._something = asyncio.Event()
        self._open: tuple[Path, int] | None = None
        self._since, self._size = 0.0, 0
        self._ids: set[str] = set()

    async def start(self) -> None:
        """Hand over what killed processes left, and begin to write."""
        await asyncio.to_thread(self._recover)
        self._writer = asyncio.create_task(self._write())

    async def stop(self) -> None:
        """Write what waits, and hand the file over."""
        if self._writer is not None:
            self._writer.cancel()
            with suppress(asyncio.CancelledError):
                await self._writer
            await asyncio.to_thread(self._flush)
            await asyncio.to_thread(self._hand_over)

    async def append(self, events: Sequence[tuple[str, bytes]]) -> int:
        """Write events; returns when the disk has them, with the number of those that the file did not have yet.

        Parameters
        ----------
        events
            (event_id, line without its end) of each.

        Raises
        ------
        OSError
            When the disk refuses; then none of them is written for good.
        """
        done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.append((events, done))
        self._something.set()
        return await done

    async def _write(self) -> None:
        """Write all that waits, flush once, answer, again; a file that is old or large is handed over between."""
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._something.wait(), 0.5)
            self._something.clear()
            # A flush that was begun ends, also when the server stops meanwhile.
            await asyncio.shield(asyncio.to_thread(self._flush_and_turn))

    def _flush_and_turn(self) -> None:
        self._flush()
        if self._open and (time.monotonic() - self._since > self.seconds or self._size > self.max_bytes):
            self._hand_over()

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        try:
            counts, lines, ids = list[int](), list[bytes](), set[str]()
            for events, _ in waiting:
                new = {event_id: line for event_id, line in events if event_id not in self._ids | ids}
                ids |= new.keys()
                lines += new.values()
                counts.append(len(new))
            if lines:
                self._put(b"".join(line + b"\n" for line in lines))
            self._ids |= ids
        except OSError as error:
            for _, done in waiting:
                done.get_loop().call_soon_threadsafe(_settle, done, error)
        else:
            for count, (_, done) in zip(counts, waiting, strict=True):
                done.get_loop().call_soon_threadsafe(_settle, done, count)

    def _put(self, content: bytes) -> None:
        """Append to the file, which is made first where there is none, until the disk has it."""
        if self._open is None:
            path = private_folder(self.inbox) / f".{STEM}{uuid4().hex}.part"
            unlocked = path.with_suffix(".new")
            descriptor = os.open(unlocked, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND, OWN_FILE)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            # It is locked before it has the name under which another server would look for what was left.
            atomic.rename(unlocked, path)
            self._open, self._size, self._since = (path, descriptor), 0, time.monotonic()
        _, descriptor = self._open
        try:
            left = memoryview(content)
            while left:
                left = left[os.write(descriptor, left) :]
            os.fdatasync(descriptor)
        except OSError:
            os.ftruncate(descriptor, self._size)  # What was not acknowledged must not land.
            raise
        self._size += len(content)

    def _hand_over(self) -> None:
        """Give the file the name of a delivery."""
        if self._open is None:
            return
        path, descriptor = self._open
        _deliver(path, self._size)
        os.close(descriptor)
        self._open = None
        self._ids = set()

    def _recover(self) -> None:
        for path in self.inbox.glob(_OPEN):
            with suppress(FileNotFoundError):
                descriptor = os.open(path, os.O_RDWR)
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    size = path.read_bytes().rfind(b"\n") + 1
                    os.ftruncate(descriptor, size)
                    os.fsync(descriptor)
                    _deliver(path, size)
                except BlockingIOError:
                    pass  # Another server writes it.
                finally:
                    os.close(descriptor)


def _deliver(path: Path, size: int) -> None:
    """Rename a file of whole lines to a delivery's name; an empty one goes."""
    if size:
        name = f"{STEM}{datetime.now(UTC):%Y%m%dT%H%M%S}-{path.stem.removeprefix('.' + STEM)[:12]}.jsonl"
        atomic.rename(path, path.with_name(name))
    else:
        path.unlink()


def _settle(done: asyncio.Future[int], outcome: int | OSError) -> None:
    if done.cancelled():
        return
    if isinstance(outcome, OSError):
        done.set_exception(outcome)
    else:
        done.set_result(outcome)
