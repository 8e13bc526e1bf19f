"""Measures masters in worker processes, so that no header can take the run or the plan down.

What a worker dies of becomes the problem of that master, in one sentence, as everything else that is wrong
with a file. Nothing is remembered here.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from publisher.errors import Rejected
from publisher.manifest.item import Master
from publisher.media.jobs import master_of
from publisher.media.limits import MEGAPIXELS_MAX
from publisher.media.pool import DecoderPool

_SECONDS = 8.0
_BYTES_PER_SECOND = 20_000_000


def probed(
    files: Sequence[tuple[str, Path]],
    *,
    megapixels_max: float = MEGAPIXELS_MAX,
    workers: int | None = None,
) -> list[Master]:
    """The facts of each (project name, path), in order. Never raises for a bad file.

    Raises ``ConfigError`` when the image library is missing, ``Transient`` when no process can be started.
    """
    count = min(workers or os.cpu_count() or 1, len(files))
    if not count:
        return []
    pool = DecoderPool(count)
    try:
        with ThreadPoolExecutor(count) as threads:
            return list(
                threads.map(lambda one: _probed(pool, one[0], one[1], megapixels_max), files)
            )
    finally:
        pool.close()


def _probed(pool: DecoderPool, relative: str, path: Path, megapixels_max: float) -> Master:
    try:
        size = path.stat().st_size
    except OSError:
        size = 0  # the worker has a sentence for it
    seconds = _SECONDS + size / _BYTES_PER_SECOND
    try:
        answer = pool.ask("probe", (path, relative, megapixels_max), name=relative, seconds=seconds)
        return master_of(path, relative, answer["facts"])
    except Rejected as error:
        return Master(path, relative, "", size, "", 0, 0, problem=error.sentence)
    except (KeyError, TypeError, ValueError):
        problem = f"{relative} is damaged: nothing can be told about it."
        return Master(path, relative, "", size, "", 0, 0, problem=problem)
