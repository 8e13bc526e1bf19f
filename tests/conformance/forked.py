"""A process that serves orders, each in a forked child that may end itself: started by a test, and the loop inside.

The parent of the children starts no thread, so that a fork is a clean copy of a program that has just begun.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

_Order = TypeVar("_Order")

ROOT = Path(__file__).parents[2]


@contextmanager
def forking(script: Path, places: Sequence[Path]) -> Iterator[subprocess.Popen[str]]:
    """The running ``script``, which imports from the project and from ``places`` and knows nothing else of us."""
    with subprocess.Popen(
        [sys.executable, str(script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={
            "PYTHONPATH": os.pathsep.join(map(str, (ROOT, *places))),
            "PATH": "/usr/bin:/bin",
            "HOME": "/nowhere",
        },
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


def serve(
    order: Callable[..., _Order], publish: Callable[[_Order], object], *, numbered: bool = False
) -> None:
    """Answer every line of the input, one ``order`` as JSON, with the wait status of its child; until it ends.

    ``numbered`` tells the child's number first, on a line of its own, for somebody who kills it from outside.
    """
    for line in sys.stdin:
        asked = order(**json.loads(line))
        child = os.fork()
        if child == 0:
            publish(asked)
            os._exit(0)
        if numbered:
            sys.stdout.write(f"{child}\n")
            sys.stdout.flush()
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{status}\n")
        sys.stdout.flush()
