"""Workers get a core each while all are busy, and all cores otherwise: as the system itself tells it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from publisher.media.affinity import Cores, Threads, allowed

pytestmark = pytest.mark.skipif(
    len(allowed()) < 2, reason="this machine has one core, or cannot tell how many it has"
)

_BUSY = """
import threading, sys
wait = threading.Event().wait
for _ in range(3):
    threading.Thread(target=wait, daemon=True).start()
print("there", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def processes() -> Iterator[list[int]]:
    """As many processes with four threads as there are cores, and one more."""
    running = [
        subprocess.Popen(
            [sys.executable, "-c", _BUSY], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for _ in range(len(allowed()) + 1)
    ]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == b"there\n"
    yield [process.pid for process in running]
    for process in running:
        process.communicate()


def cores_of(process: int) -> set[frozenset[int]]:
    """What the system says of each thread of ``process``."""
    threads = [int(each.name) for each in Path("/proc", str(process), "task").iterdir()]
    assert len(threads) >= 4
    return {frozenset(os.sched_getaffinity(thread)) for thread in threads}


def test_each_busy_worker_has_a_core_of_its_own_and_the_last_one_gets_all(
    processes: list[int],
) -> None:
    count = len(allowed())
    cores = Cores(count)
    workers = [Threads(process) for process in processes[:count]]
    uses = [cores.used_by(worker) for worker in workers]
    for number, use in enumerate(uses[:-1]):
        use.__enter__()
        assert cores_of(processes[number]) == {allowed()}
    uses[-1].__enter__()
    own = [cores_of(process) for process in processes[:count]]
    assert all(len(each) == 1 for each in own)
    assert {next(iter(each)) for each in own} == {frozenset({core}) for core in allowed()}

    for use in uses[1:]:
        use.__exit__(None, None, None)
    uses[0].__exit__(None, None, None)
    with cores.used_by(workers[0]):
        assert cores_of(processes[0]) == {allowed()}


def test_a_worker_goes_back_to_the_core_that_it_had(processes: list[int]) -> None:
    count = len(allowed())
    cores = Cores(count)
    workers = [Threads(process) for process in processes[:count]]
    uses = [cores.used_by(worker) for worker in workers]
    for use in uses:
        use.__enter__()
    before = cores_of(processes[0])
    uses[0].__exit__(None, None, None)
    with cores.used_by(workers[0]):
        assert cores_of(processes[0]) == before


@pytest.mark.parametrize("more", [-1, 1])
def test_with_another_number_of_workers_than_cores_nobody_is_held(
    processes: list[int], more: int
) -> None:
    count = len(allowed()) + more
    cores = Cores(count)
    uses = [cores.used_by(Threads(process)) for process in processes[:count]]
    for use in uses:
        use.__enter__()
    assert all(cores_of(process) == {allowed()} for process in processes[:count])
    for use in uses:
        use.__exit__(None, None, None)


def test_a_process_that_has_gone_is_no_error() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    Threads(process.pid).keep_to(min(allowed()), allowed())
