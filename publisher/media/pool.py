"""A pool of worker processes that decode images: bounded memory, a deadline per job, one culprit per crash.

Each worker does one job at a time for one caller, so that a decoder that crashes or hangs fails that picture
alone. Workers start when first needed and are replaced after a number of jobs. Jobs go out as pickles, which
we wrote; answers come back as JSON, because the process that met the file is not trusted.
"""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import struct
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, LifoQueue
from typing import IO, Any

from publisher.errors import PublisherError, Rejected, Transient

JOBS_PER_WORKER = 200
_ANSWER_MAX = 1024 * 1024
_MODULE = "publisher.media.worker"
_ROOT = Path(__file__).resolve().parents[2]
_ADVICE = "Open the master, look at it, and export it again."


@dataclass(frozen=True, slots=True)
class Made:
    """What a worker made: size in pixels and bytes, and the checksums of the file."""

    width: int
    height: int
    size: int
    sha256: str
    crc32: int | None = None


class DecoderPool:
    """Up to ``workers`` processes, each limited to ``memory`` bytes of address space. Thread-safe."""

    def __init__(self, workers: int | None = None, *, memory: int = 4 * 1024**3) -> None:
        self._memory = memory
        self._idle: LifoQueue[_Worker | None] = LifoQueue()
        self._closed = False
        for _ in range(workers or os.cpu_count() or 1):
            self._idle.put(None)

    def run(self, kind: str, arguments: tuple[Any, ...], *, name: str, seconds: float) -> Made:
        """Do one job and wait for it. ``name`` is the picture, for sentences.

        Raises ``Rejected`` when the worker dies, runs out of memory or takes over ``seconds``; otherwise
        what the job raised.
        """
        worker = self._idle.get()
        try:
            if self._closed:
                raise Transient("The image workers were closed.")
            if worker is None or not worker.usable:
                worker = _Worker(self._memory)
            return worker.run(kind, arguments, name, seconds)
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


class _Worker:
    """One process. Not thread-safe: the pool gives it to one caller at a time."""

    def __init__(self, memory: int) -> None:
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
                [sys.executable, "-m", _MODULE, str(memory)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                env=environment,
            )
        except OSError as error:
            self._log.close()
            raise Transient("An image worker could not be started.", detail=repr(error)) from error

    @property
    def usable(self) -> bool:
        """Whether the process can take one more job."""
        return self._process.poll() is None and self._jobs < JOBS_PER_WORKER

    def run(self, kind: str, arguments: tuple[Any, ...], name: str, seconds: float) -> Made:
        self._jobs += 1
        expired = threading.Event()

        def expire() -> None:
            expired.set()
            self._process.kill()

        deadline = threading.Timer(seconds, expire)
        deadline.daemon = True
        deadline.start()
        try:
            answer = self._exchange(pickle.dumps((kind, arguments)))
        except (OSError, EOFError, ValueError) as error:
            self._process.kill()
            status = self._process.wait()
            if expired.is_set():
                sentence = f"{name}: the decoder gave up on this file after {seconds:.0f} seconds."
            else:
                sentence = f"{name}: the decoder gave up on this file."
            detail = f"{error!r}, exit status {status}: {self._tail()}"
            raise Rejected(sentence, remedy=_ADVICE, detail=detail) from error
        finally:
            deadline.cancel()
        if "error" in answer:
            raise _restored(answer)
        return Made(**answer)

    def _exchange(self, job: bytes) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(struct.pack("<I", len(job)) + job)
        self._process.stdin.flush()
        head = self._process.stdout.read(4)
        if len(head) < 4:
            raise EOFError("no answer")
        (length,) = struct.unpack("<I", head)
        if length > _ANSWER_MAX:
            raise ValueError("the answer is too long")
        body = self._process.stdout.read(length)
        if len(body) < length:
            raise EOFError("half an answer")
        answer = json.loads(body)
        if not isinstance(answer, dict):
            raise ValueError("the answer is no object")  # noqa: TRY004  (a broken peer, not a bug here)
        return answer

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


_ERRORS: dict[str, type[PublisherError]] = {"Rejected": Rejected, "Transient": Transient}


def _restored(answer: dict[str, Any]) -> PublisherError:
    kind = _ERRORS.get(str(answer["error"]), Rejected)
    return kind(
        str(answer.get("sentence", "")),
        remedy=str(answer.get("remedy", "")),
        detail=str(answer.get("detail", "")),
    )
