"""A pool of worker processes that meet image files: a memory budget, a deadline per job, one culprit per crash.

Each worker does one job at a time for one caller, so that a decoder that crashes or hangs fails that picture
alone. Workers start when first needed and are replaced after a number of jobs. Jobs go out as pickles, which
we wrote; answers come back as JSON, because the process that met the file is not trusted.
"""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import signal
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, LifoQueue
from typing import IO, Any

from publisher.errors import ConfigError, PublisherError, Rejected, Transient
from publisher.media.affinity import Cores, Threads
from publisher.media.budget import MemoryBudget

JOBS_PER_WORKER = 200
MEMORY_MAX = 4 * 1024**3
"""Bytes that all workers together may use where nobody says otherwise, at most half of the machine's."""
NEED = 192 * 1024**2
"""Bytes that an ordinary job may use: pictures flow through, they are not held."""

_BASE = 96 * 1024**2
"""Bytes of a worker that has nothing to do."""
_SPACE = 2 * 1024**3
"""Address space beyond the budget: libraries, mapped files, reserved and untouched."""
_START_SECONDS = 60.0
_ANSWER_MAX = 16 * 1024 * 1024
_MODULE = "publisher.media.worker"
_ROOT = Path(__file__).resolve().parents[2]
_ADVICE = "Open the master, look at it, and export it again."

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Made:
    """What a worker made: size in pixels and bytes, and the checksums of the file."""

    width: int
    height: int
    size: int
    sha256: str
    crc32: int | None = None


def memory_for_workers() -> int:
    """Bytes for all workers: half of the machine's memory, at most ``MEMORY_MAX``."""
    try:
        return min(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2, MEMORY_MAX)
    except (AttributeError, OSError, ValueError):
        return MEMORY_MAX


class DecoderPool:
    """Up to ``workers`` processes that use about ``memory`` bytes together. Thread-safe."""

    def __init__(self, workers: int | None = None, *, memory: int | None = None) -> None:
        count = workers or os.cpu_count() or 1
        total = memory or memory_for_workers()
        self._space = total + _SPACE
        self._budget = MemoryBudget(max(total - count * _BASE, total // 4))
        self._idle: LifoQueue[_Worker | None] = LifoQueue()
        self._cores = Cores(count)
        self._closed = False
        for _ in range(count):
            self._idle.put(None)

    def run(
        self, kind: str, arguments: tuple[Any, ...], *, name: str, seconds: float, need: int = NEED
    ) -> Made:
        """Do one job that makes one file, and wait for it. Raises like ``ask``."""
        return made_of(self.ask(kind, arguments, name=name, seconds=seconds, need=need))

    def ask(
        self, kind: str, arguments: tuple[Any, ...], *, name: str, seconds: float, need: int = NEED
    ) -> Answer:
        """Do one job and wait for its answer. ``name`` is the picture, for sentences.

        ``need`` is how many bytes of memory it is expected to use; a job that wants more is done once more
        when it can have the whole budget. Raises ``Rejected`` when the worker dies, runs out of memory or
        takes over ``seconds``; otherwise what the job raised.
        """
        worker = self._idle.get()
        try:
            for wanted in (min(need, self._budget.total), self._budget.total):
                with self._budget.taken(wanted) as granted:
                    if self._closed:
                        raise Transient("The image workers were closed.")
                    if worker is None or not worker.usable:
                        worker = _begun(worker, self._space)
                    with self._cores.used_by(worker.threads):
                        answer = worker.run(kind, (granted, kind, arguments), name, seconds)
                if not answer.get("memory") or granted >= self._budget.total:
                    break
            if "error" in answer:
                raise _restored(answer)
            return answer
        finally:
            if worker is not None and (self._closed or not worker.usable):
                worker.close()
                worker = None
            self._idle.put(worker)

    def close(self) -> None:
        """Stop the idle workers now, and the busy ones after their job. Safe to call twice."""
        self._closed = True
        idle: list[_Worker | None] = []
        with contextlib.suppress(Empty):
            while True:
                idle.append(self._idle.get_nowait())
        for worker in idle:
            if worker is not None:
                worker.close()
            self._idle.put(None)


def _begun(former: _Worker | None, space: int) -> _Worker:
    """A process that takes jobs. One that dies while it starts is nobody's fault: there is a second try."""
    if former is not None:
        former.close()
    for attempt in (1, 2):
        worker = _Worker(space)
        try:
            worker.wait_until_ready()
            break
        except Transient:
            worker.close()
            if attempt == 2:
                raise
    return worker


class _Worker:
    """One process. Not thread-safe: the pool gives it to one caller at a time."""

    def __init__(self, space: int) -> None:
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  (lives as long as the process)
        self._jobs = 0
        paths = [str(_ROOT), os.environ.get("PYTHONPATH", "")]
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(p for p in paths if p),
            "VIPS_CONCURRENCY": "1",
            # Fewer allocator arenas: half the memory in long runs.
            "MALLOC_ARENA_MAX": "2",
        }
        try:
            self._process = subprocess.Popen(  # noqa: S603  (our own module)
                [sys.executable, "-m", _MODULE, str(space)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                env=environment,
            )
        except OSError as error:
            self._log.close()
            raise Transient("An image worker could not be started.", detail=repr(error)) from error
        self.threads = Threads(self._process.pid)

    @property
    def usable(self) -> bool:
        """Whether the process can take one more job."""
        return self._process.poll() is None and self._jobs < JOBS_PER_WORKER

    def run(self, kind: str, job: tuple[Any, ...], name: str, seconds: float) -> Answer:
        """The answer to ``job``; a process that dies of it is an answer as well."""
        self._jobs += 1
        with self._deadline(seconds) as expired:
            try:
                return self._exchange(pickle.dumps(job))
            except (OSError, EOFError, ValueError) as error:
                self._process.kill()
                status = self._process.wait()
                after = f" after {seconds:.0f} seconds" if expired.is_set() else ""
                return {
                    "error": "Rejected",
                    "sentence": f"{name}: the decoder gave up on this file{after}.",
                    "remedy": _ADVICE,
                    "detail": f"{kind}: {error!r}, exit status {status}: {self._tail()}",
                    # Some libraries abort when they get no memory.
                    "memory": status in (-signal.SIGABRT, -signal.SIGTRAP),
                }

    def wait_until_ready(self) -> None:
        """Wait until the process says that it is there; starting is not on a picture's time.

        Raises ``Transient`` when it does not.
        """
        with self._deadline(_START_SECONDS):
            try:
                self._read()
            except (OSError, EOFError, ValueError) as error:
                self._process.kill()
                self._process.wait()
                raise Transient(
                    "An image worker could not be started.", detail=f"{error!r}: {self._tail()}"
                ) from error

    @contextlib.contextmanager
    def _deadline(self, seconds: float) -> Iterator[threading.Event]:
        expired = threading.Event()

        def expire() -> None:
            expired.set()
            self._process.kill()

        timer = threading.Timer(seconds, expire)
        timer.daemon = True
        timer.start()
        try:
            yield expired
        finally:
            timer.cancel()

    def _exchange(self, job: bytes) -> Answer:
        assert self._process.stdin is not None
        self._process.stdin.write(struct.pack("<I", len(job)) + job)
        self._process.stdin.flush()
        answer = json.loads(self._read())
        if not isinstance(answer, dict):
            raise ValueError("the answer is no object")  # noqa: TRY004  (a broken peer, not a bug here)
        return answer

    def _read(self) -> bytes:
        """One framed answer."""
        assert self._process.stdout is not None
        head = self._process.stdout.read(4)
        if len(head) < 4:
            raise EOFError("no answer")
        (length,) = struct.unpack("<I", head)
        if length > _ANSWER_MAX:
            raise ValueError("the answer is too long")
        body = self._process.stdout.read(length)
        if len(body) < length:
            raise EOFError("half an answer")
        return body

    def _tail(self) -> str:
        with contextlib.suppress(OSError, ValueError):
            self._log.seek(max(self._log.seek(0, 2) - 1000, 0))
            return self._log.read().decode("utf-8", "replace").strip()
        return ""

    def close(self) -> None:
        """Let the process end by itself; kill it when it does not."""
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError, ValueError):
                if pipe is not None:
                    pipe.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()


_ERRORS: dict[str, type[PublisherError]] = {
    "Rejected": Rejected,
    "Transient": Transient,
    "ConfigError": ConfigError,
}


def made_of(answer: Answer) -> Made:
    """What an answer says was made. Raises the error that it tells."""
    found = outcome_of(answer)
    if isinstance(found, PublisherError):
        raise found
    return found


def outcome_of(answer: Answer) -> Made | PublisherError:
    """What an answer says was made, or the error that it tells."""
    return _restored(answer) if "error" in answer else Made(**answer)


def _restored(answer: Answer) -> PublisherError:
    kind = _ERRORS.get(str(answer["error"]), Rejected)
    return kind(
        str(answer.get("sentence", "")),
        remedy=str(answer.get("remedy", "")),
        detail=str(answer.get("detail", "")),
    )
