"""A sandbox FTP or FTPS server on loopback, with books of its own and a switchboard of faults.

It stands in for an agency's upload server in rehearsals and tests. It listens on 127.0.0.1 only,
keeps its files under one folder, and writes a file into its books before it says 226.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import threading
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from channels.transport.sandbox_certificate import make_certificate
from publisher.channel import Landed
from publisher.errors import ConfigError


class FtpSandboxServer:
    """One account of one imagined agency. ``folder`` holds the uploads, beside it the books.

    Faults and their options (each also takes ``times``, how often it strikes; always by default):

    - ``wrong_password``: every login is refused with 530
    - ``too_many`` (connections=1): further connections get 421
    - ``disk_full`` (after=0): 552 once a transfer has brought that many bytes
    - ``refuse_450``, ``refuse_550``: uploads are refused with that code
    - ``drop_mid_file`` (after=0): data and control connection are cut after that many bytes
    - ``drop_after_commit``: the file is taken in, then control is cut before the 226
    - ``silent_after_commit``: the file is taken in, and the 226 never comes
    - ``vanish``: a file leaves the listing as soon as it is taken in
    - ``slow`` (rate=65536): bytes per second of each transfer
    - ``no_rest``, ``no_appe``, ``no_mlsd``, ``no_size``, ``no_pasv``: an unknown command (502)
    - ``nat`` (address="192.0.2.1"): PASV tells an address that nobody reaches from outside
    - ``delete_partial``: what an aborted upload leaves is deleted
    """

    faults: ClassVar[tuple[str, ...]] = (
        "wrong_password",
        "too_many",
        "disk_full",
        "refuse_450",
        "refuse_550",
        "drop_mid_file",
        "drop_after_commit",
        "silent_after_commit",
        "vanish",
        "slow",
        "no_rest",
        "no_appe",
        "no_mlsd",
        "no_size",
        "no_pasv",
        "nat",
        "delete_partial",
    )

    def __init__(self, folder: Path, username: str, password: str, tls: bool = False) -> None:
        self.folder = folder
        self.username = username
        self.password = password
        self.tls = tls
        self._beside = folder.parent / f"{folder.name}.sandbox"
        self._faults: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._server: Any = None

    # Life

    def start(self) -> tuple[str, int, Path | None]:
        """Listen; return host, port and, with TLS, the file of the authority to trust.

        Raises ConfigError when the extra ``sandbox`` is not installed.
        """
        try:
            from channels.transport import ftp_server_handlers as handlers
        except ImportError as error:
            raise ConfigError(
                "the FTP sandbox needs the extra packages of storefront-publisher[sandbox]",
                remedy='pip install "storefront-publisher[sandbox]"',
                detail=str(error),
            ) from error
        self.folder.mkdir(parents=True, exist_ok=True)
        self._beside.mkdir(parents=True, exist_ok=True)
        made = make_certificate(self._beside, dt.datetime.now(dt.UTC)) if self.tls else None
        self._server = handlers.make_server(self, made.chain if made else None)
        self._stop.clear()
        self._thread = threading.Thread(target=self._serve, name="ftp-sandbox", daemon=True)
        self._thread.start()
        host, port = self._server.address[:2]
        return host, port, made.ca_file if made else None

    def stop(self) -> None:
        """Stop listening and cut off who is there. Safe to call twice."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._stop.set()
            thread.join(10)

    def _serve(self) -> None:
        server = self._server
        try:
            while not self._stop.is_set():
                server.serve_forever(timeout=0.05, blocking=False, handle_exit=False)
        finally:
            server.close_all()

    # Faults

    def fault(self, name: str, **options: Any) -> None:
        """Switch a fault on. Raises ValueError for a name that is not in ``faults``."""
        if name not in self.faults:
            raise ValueError(f"there is no fault {name!r}; there are {', '.join(self.faults)}")
        with self._lock:
            self._faults[name] = dict(options)

    def clear_faults(self) -> None:
        """Switch all faults off."""
        with self._lock:
            self._faults.clear()

    def options(self, name: str) -> dict[str, Any] | None:
        """The options of a fault that is on, else None. Does not count as a strike."""
        with self._lock:
            return self._faults.get(name)

    def strikes(self, name: str) -> dict[str, Any] | None:
        """The same, and takes one off ``times``; a fault that is used up is off."""
        with self._lock:
            options = self._faults.get(name)
            if options is not None and "times" in options:
                options["times"] -= 1
                if options["times"] <= 0:
                    del self._faults[name]
            return options

    # Books

    def books(self) -> list[dict[str, Any]]:
        """Every event in order: ``completed``, ``partial``, ``renamed`` and ``deleted``.

        The first two have name, size in bytes, sha256 of the whole file and time.
        """
        path = self._beside / "books.jsonl"
        if not path.exists():
            return []
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()]

    def landed(self) -> Sequence[Landed]:
        """What was taken in, by its present name; ``count`` says how often.

        What was deleted later stays, and what only came in part is not there.
        """
        last: dict[str, dict[str, Any]] = {}
        count: Counter[str] = Counter()
        for entry in self.books():
            if entry["event"] == "completed":
                last[entry["name"]] = entry
                count[entry["name"]] += 1
            elif entry["event"] == "renamed" and entry["old"] in last:
                last[entry["name"]] = last.pop(entry["old"])
                count[entry["name"]] += count.pop(entry["old"])
        return [
            Landed(name, entry["sha256"], entry["size"], count[name])
            for name, entry in last.items()
        ]

    def record(self, event: str, name: str, **more: Any) -> None:
        """Append one line, on disk before this returns."""
        time = dt.datetime.now(dt.UTC).isoformat()
        line = json.dumps({"event": event, "name": name, "time": time, **more}, ensure_ascii=False)
        with self._lock, (self._beside / "books.jsonl").open("a", encoding="utf-8") as book:
            book.write(line + "\n")
            book.flush()
            os.fsync(book.fileno())

    def take_in(self, path: Path) -> None:
        """Book a file that came whole, and let it vanish if that fault is on."""
        self.record("completed", self._name(path), **self._facts(path))
        if self.strikes("vanish") is not None:
            taken = self._beside / "taken"
            taken.mkdir(exist_ok=True)
            path.rename(taken / f"{len(list(taken.iterdir()))}-{path.name}")

    def note_partial(self, path: Path) -> None:
        """Book a file that was cut short."""
        if path.exists():
            self.record("partial", self._name(path), **self._facts(path))
            if self.strikes("delete_partial") is not None:
                path.unlink()

    def _name(self, path: Path) -> str:
        return str(path.relative_to(self.folder.resolve()))

    def _facts(self, path: Path) -> dict[str, Any]:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return {"size": path.stat().st_size, "sha256": digest}
