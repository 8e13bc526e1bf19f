"""The process that meets the files: reads jobs from its standard input, answers on its standard output.

It limits its own memory first, imports the image library second, and ends when its parent does.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import pickle
import signal
import struct
import sys
from pathlib import Path
from typing import IO, Any

from publisher.errors import PublisherError, Rejected


def limit(memory: int) -> None:
    """At most ``memory`` bytes of address space and no core dumps, where the system can do that."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


def perform(kind: str, arguments: tuple[Any, ...]) -> dict[str, Any]:
    """The answer to one job: what was made, or the error as plain data."""
    from publisher.media.checksums import checksums
    from publisher.media.likeness import measure_likeness
    from publisher.media.rendition import (
        finish_image,
        render_image,
        render_pixels,
        render_thumbnail,
    )

    target: Path = arguments[-1]
    name = target.name
    try:
        if kind == "render":
            request, target = arguments
            name = Path(request.master.relative).name
            width, height = render_image(request, target)
        elif kind == "pixels":
            request, target = arguments
            name = Path(request.master.relative).name
            width, height = render_pixels(request, target)
        elif kind == "finish":
            request, pixels, shape, target = arguments
            name = Path(request.master.relative).name
            width, height = finish_image(request, pixels, shape, target)
        elif kind == "likeness":
            master, target = arguments
            name = Path(master.relative).name
            width, height = measure_likeness(master, target)
        else:
            master, side, target = arguments
            name = Path(master.relative).name
            width, height = render_thumbnail(master, side, target)
        return {"width": width, "height": height} | dataclasses.asdict(checksums(target))
    except PublisherError as error:
        return _answer(error)
    except MemoryError as error:
        return _answer(
            Rejected(f"{name}: the picture needs more memory than allowed.", detail=repr(error))
        )
    except Exception as error:  # the run must go on, whatever one file did to a parser
        return _answer(
            Rejected(f"{name}: the file is damaged, no rendition can be made.", detail=repr(error))
        )


def _answer(error: PublisherError) -> dict[str, Any]:
    return {
        "error": type(error).__name__,
        "sentence": error.sentence,
        "remedy": error.remedy,
        "detail": error.detail,
    }


def serve(jobs: IO[bytes], answers: IO[bytes]) -> None:
    """Answer jobs until the input ends."""
    while len(head := jobs.read(4)) == 4:
        (length,) = struct.unpack("<I", head)
        kind, arguments = pickle.loads(jobs.read(length))  # noqa: S301  (written by our parent process)
        body = json.dumps(perform(kind, arguments)).encode()
        answers.write(struct.pack("<I", len(body)) + body)
        answers.flush()


if __name__ == "__main__":
    limit(int(sys.argv[1]))
    # An interrupt is for the parent to act on; this process ends when its input does.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A library that prints must not break the protocol: its standard output goes to standard error.
    channel = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with contextlib.suppress(BrokenPipeError):
        serve(sys.stdin.buffer, channel)
