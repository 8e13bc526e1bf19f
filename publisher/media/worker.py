"""The process that meets the files: reads jobs from its standard input, answers on its standard output.

It limits its own memory first, imports the image library second, and ends when its parent does. Each job
says how much memory it may use; a job that wants more ends as an error, or at worst with this process.
"""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import re
import signal
import struct
import sys
from pathlib import Path
from typing import IO

READY = struct.pack("<I", 0)
"""What the process writes when it can take jobs: an empty answer."""

_STATUS = Path("/proc/self/status")
_DATA = re.compile(r"^VmData:\s+(\d+) kB", re.MULTILINE)


def limit(memory: int) -> None:
    """At most ``memory`` bytes of address space and no core dumps, where the system can do that."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


def allow(memory: int) -> None:
    """At most ``memory`` bytes more than now, where the system can tell; mapped files do not count."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        used = _DATA.search(_STATUS.read_text())
        if used is not None:
            most = int(used[1]) * 1024 + memory
            resource.setrlimit(resource.RLIMIT_DATA, (most, resource.RLIM_INFINITY))


def serve(jobs: IO[bytes], answers: IO[bytes]) -> None:
    """Say that we are there, then answer jobs until the input ends."""
    from publisher.media import vips
    from publisher.media.jobs import perform

    with contextlib.suppress(Exception):  # a missing library is told by the first job, as its error
        vips.load()
    answers.write(READY)
    answers.flush()
    while len(head := jobs.read(4)) == 4:
        (length,) = struct.unpack("<I", head)
        memory, kind, arguments = pickle.loads(jobs.read(length))  # noqa: S301  (written by our parent)
        allow(memory)
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
