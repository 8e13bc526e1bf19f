"""One project for all tests of the shop, and a shop of its own for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from shop_floor import MORNING, Floor, VirtualClock, blank_ledger, open_project

from publisher.workspace import Workspace


@pytest.fixture(scope="session")
def shop_project(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The project, opened once."""
    return open_project(tmp_path_factory.mktemp("shop-project"))


@pytest.fixture(scope="session")
def shop_ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger that knows nothing."""
    return blank_ledger(tmp_path_factory.mktemp("shop-ledger"))


@pytest.fixture
def floor(shop_project: Workspace, shop_ledger: Path, tmp_path: Path) -> Iterator[Floor]:
    """A shop with three items to sell."""
    with Floor(shop_project, tmp_path, VirtualClock(MORNING), shop_ledger) as made:
        yield made


@pytest.fixture
def floor_of(
    shop_project: Workspace, shop_ledger: Path, tmp_path: Path
) -> Iterator[Callable[..., Floor]]:
    """Makes shops with so many items; they close with the test."""
    made: list[Floor] = []

    def build(count: int) -> Floor:
        folder = tmp_path / f"floor{len(made)}"
        floor = Floor(shop_project, folder, VirtualClock(MORNING), shop_ledger, count)
        made.append(floor)
        floor.__enter__()
        return floor

    yield build
    for floor in made:
        floor.__exit__()
