"""What every text passes on its way into the ledger: redaction, then removal of what no database takes.

A server's answer may hold lone surrogates and NUL; neither may cost the record of a write.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from publisher.listing import REMOTE, FieldValue, Remote


class Words:
    """Cleans texts with ``redact``, which takes a text and returns it without secrets."""

    def __init__(self, redact: Callable[[str], str]) -> None:
        self._redact = redact

    def said(self, text: str) -> str:
        """One text."""
        told = self._redact(text).encode("utf-8", "backslashreplace").decode()
        return told.replace("\0", "")

    def all_said(self, texts: Sequence[str]) -> tuple[str, ...]:
        """Several texts."""
        return tuple(self.said(each) for each in texts)

    def fields(self, fields: Mapping[str, FieldValue]) -> dict[str, FieldValue]:
        """The values of listing fields."""
        return {name: self._value(value) for name, value in fields.items()}

    def remote(self, remote: Remote) -> Remote:
        """What is kept of a remote: id, key, status, address, size, and the channel's own facts."""
        facts = {n: self._value(v) for n, v in remote.fields.items() if n.startswith(REMOTE)}
        return Remote(
            self.said(remote.id),
            remote.key,
            remote.status,
            self.said(remote.url),
            facts,
            remote.size,
        )

    def _value(self, value: FieldValue) -> FieldValue:
        if isinstance(value, str):
            return self.said(value)
        return self.all_said(value) if isinstance(value, tuple) else value
