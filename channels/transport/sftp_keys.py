"""Which host key an SFTP server may show, pinned in the settings or recorded in known_hosts; and our own key.

It decides and explains. It never connects, and it never records a key by itself: trust on first
use is left to a person who compares the fingerprint.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import asyncssh

from channels.transport.sftp_line import SftpEndpoint
from channels.transport.sftp_refusals import unusable_key
from publisher.errors import AuthFailed

KINDS: tuple[tuple[str, ...], ...] = (
    ("ssh-ed25519",),
    ("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"),
    ("rsa-sha2-512", "rsa-sha2-256"),
)
"""Signature algorithms by kind of key, best first. SHA-1 signatures are left out, as in OpenSSH 8.8."""


class HostKeys:
    """The keys we trust for one host. ``shown`` remembers what the server showed when it was turned down."""

    def __init__(
        self, host: str, port: int, pinned: str, known_hosts: tuple[Path, ...], *, check: bool
    ) -> None:
        """Raises AuthFailed when the pinned key or a known_hosts file cannot be read."""
        self.host, self.port, self.check = host, port, check
        self.fingerprint = pinned.strip() if pinned.strip().startswith("SHA256:") else ""
        self.key = None if self.fingerprint or not pinned.strip() else self._pinned_key(pinned)
        self.shown: asyncssh.SSHKey | None = None
        self.known = self._read(known_hosts)
        self.recorded = tuple(self._recorded())

    def accept(self, key: asyncssh.SSHKey) -> bool:
        """Whether this key may be trusted; remembers it when not. A pin overrules the files."""
        trusted = (
            key.get_fingerprint() == self.fingerprint
            if self.fingerprint
            else key == self.key
            if self.key is not None
            else key in self.recorded
        )
        if not trusted:
            self.shown = key
        return trusted

    @property
    def trusted(self) -> tuple[asyncssh.SSHKey, ...]:
        """The keys that ``accept`` takes, as far as they are known in full: not from a fingerprint."""
        if self.fingerprint:
            return ()
        return (self.key,) if self.key is not None else self.recorded

    def attempts(self) -> Iterator[list[str]]:
        """Signature algorithms to offer, in the order of trying.

        A fingerprint does not say which of the server's keys it belongs to, so each kind gets its turn.
        """
        kinds = sorted(KINDS, key=lambda kind: not self._knows(kind))
        yield [name for kind in kinds for name in kind]
        if self.fingerprint:
            for kind in KINDS:
                if self.shown is None or self.shown.get_algorithm() not in _key_types(kind):
                    yield list(kind)

    def refusal(self) -> AuthFailed:
        """What to tell the seller about the key that was turned down."""
        where = f"{self.host}:{self.port}"
        shown = self.shown.get_fingerprint() if self.shown is not None else "no key we can check"
        kind = self.shown.get_algorithm() if self.shown is not None else ""
        pin = (
            f"Compare {shown} with the fingerprint the site publishes. "
            f"If it is right, set <ACCOUNT>_HOST_KEY={shown}"
        )
        if self.fingerprint or self.key is not None:
            return AuthFailed(
                f"{where} shows another host key than the pinned one: {shown} ({kind})", remedy=pin
            )
        if self.recorded:
            return AuthFailed(
                f"The host key of {where} has changed: it shows {shown} ({kind}), "
                "another one is recorded",
                remedy=f"Do not go on before the site confirms the change. {pin}",
            )
        return AuthFailed(f"The host key of {where} is not known yet: {shown} ({kind})", remedy=pin)

    def _knows(self, kind: tuple[str, ...]) -> bool:
        keys = (self.key,) if self.key is not None else self.recorded
        return any(key.get_algorithm() in _key_types(kind) for key in keys)

    def _recorded(self) -> Iterator[asyncssh.SSHKey]:
        port = None if self.port == 22 else self.port
        found = self.known.match(self.host, "", port)
        revoked = set(found[2])
        yield from (key for key in found[0] if key not in revoked)

    @staticmethod
    def _pinned_key(line: str) -> asyncssh.SSHKey:
        # The line of a known_hosts file begins with host names, which are of no interest here.
        words = line.split()
        start = next((n for n, word in enumerate(words) if word.startswith(("ssh-", "ecdsa-"))), 0)
        try:
            return asyncssh.import_public_key(" ".join(words[start:]))
        except asyncssh.KeyImportError as error:
            raise AuthFailed(
                "The pinned host key cannot be read",
                remedy="Set <ACCOUNT>_HOST_KEY to SHA256:... or to an OpenSSH public key line.",
                detail=str(error),
            ) from error

    @staticmethod
    def _read(paths: tuple[Path, ...]) -> asyncssh.SSHKnownHosts:
        texts = []
        for path in paths:
            try:
                text = path.expanduser().read_text(encoding="utf-8", errors="replace")
                asyncssh.import_known_hosts(text)
            except FileNotFoundError:
                continue
            except (OSError, ValueError) as error:
                raise AuthFailed(
                    f"{path} cannot be used as a known_hosts file",
                    remedy="Correct or remove the line that it stumbles over.",
                    detail=str(error),
                ) from error
            texts.append(text)
        return asyncssh.import_known_hosts("\n".join(texts))


def algorithms_of(keys: tuple[asyncssh.SSHKey, ...]) -> list[str]:
    """The signature algorithms to ask a server for when only these keys will do, best first."""
    types = {key.get_algorithm() for key in keys}
    return [name for kind in KINDS if types & set(_key_types(kind)) for name in kind]


def client_keys(end: SftpEndpoint) -> list[asyncssh.SSHKey] | None:
    """The private key to log in with; None for a login by password. Raises AuthFailed."""
    if end.key_file is None:
        return None
    phrase = end.key_passphrase.get_secret_value() if end.key_passphrase else None
    try:
        return [asyncssh.read_private_key(end.key_file.expanduser(), phrase)]
    except (OSError, asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
        raise unusable_key(end, type(error).__name__) from None


def _key_types(kind: tuple[str, ...]) -> tuple[str, ...]:
    return ("ssh-rsa",) if kind[0].startswith("rsa") else kind
