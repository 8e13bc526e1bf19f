"""The FTP servers that several test modules share: three kinds, plain and encrypted."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from servers import Served, serve


@pytest.fixture(
    scope="module",
    params=[(kind, tls) for kind in ("vsftpd", "proftpd", "sandbox") for tls in (False, True)],
    ids=lambda param: f"{param[0]}-{'ftps' if param[1] else 'ftp'}",
)
def ftp_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """One server for all tests of a module."""
    kind, tls = request.param
    with serve(kind, tmp_path_factory.mktemp(kind), tls=tls) as running:
        yield running


@pytest.fixture
def served(ftp_server: Served) -> Served:
    """The same server with an empty folder."""
    for file in ftp_server.folder.iterdir():
        file.unlink() if file.is_file() else file.rmdir()
    return ftp_server
