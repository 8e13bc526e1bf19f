"""The one background thread in which every SFTP connection of the process lives.

A shared loop answers keepalives while the lanes render or wait, and its packets do not fight over
the interpreter lock the way one loop per connection would. It never runs a caller's callback:
those stay in the caller's thread.
"""

from __future__ import annotations

import asyncio
import threading

_lock = threading.Lock()
_shared: asyncio.AbstractEventLoop | None = None


def shared_loop() -> asyncio.AbstractEventLoop:
    """The running loop, started on first use. The thread is a daemon and ends with the process."""
    global _shared
    with _lock:
        if _shared is None or _shared.is_closed():
            _shared = asyncio.new_event_loop()
            threading.Thread(target=_shared.run_forever, name="sftp-loop", daemon=True).start()
        return _shared
