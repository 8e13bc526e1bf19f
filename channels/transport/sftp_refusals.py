"""Why no SFTP connection came about, in one sentence each, and what asyncssh and ``ssh`` say for each.

Pure: it is given what went wrong and returns the error to raise. No sentence holds a secret.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from concurrent.futures import TimeoutError as Waited
from typing import NamedTuple

import asyncssh

from channels.transport.sftp_line import SftpEndpoint
from publisher.errors import AuthFailed, NeedsHuman, PublisherError, Throttled, Transient


def denied(end: SftpEndpoint, detail: str) -> PublisherError:
    """The login was refused."""
    return AuthFailed(
        f"{_where(end)} does not accept the user name and password of {end.username!r}",
        remedy="Check <ACCOUNT>_USERNAME and <ACCOUNT>_PASSWORD (or the key file).",
        detail=detail,
    )


def unusable_key(end: SftpEndpoint, detail: str) -> PublisherError:
    """Our own private key is missing, cannot be read, or the passphrase is not its own."""
    return AuthFailed(
        f"The private key {end.key_file} cannot be used",
        remedy="Check <ACCOUNT>_KEY_FILE and <ACCOUNT>_KEY_PASSPHRASE.",
        detail=detail,
    )


def no_encryption(end: SftpEndpoint, detail: str) -> PublisherError:
    """The two sides have no algorithm in common."""
    return NeedsHuman(
        f"{_where(end)} and we have no encryption in common",
        remedy="Ask the site which SSH versions and ciphers it supports.",
        detail=detail,
    )


def no_sftp(end: SftpEndpoint, detail: str) -> PublisherError:
    """The login went well, but SFTP is not to be had."""
    return NeedsHuman(
        f"{_where(end)} lets {end.username!r} log in, but not use SFTP",
        remedy="Ask the site to enable SFTP for this account.",
        detail=detail,
    )


def too_many(end: SftpEndpoint, detail: str) -> PublisherError:
    """Turned away for the number of connections."""
    return Throttled(f"{_where(end)} has too many connections open", after=30.0, detail=detail)


def hung_up(end: SftpEndpoint, detail: str) -> PublisherError:
    """The server ended the connection before the login."""
    return Transient(f"{_where(end)} hung up before the login", detail=detail)


def unknown_host(end: SftpEndpoint, detail: str) -> PublisherError:
    """The name server does not know the host."""
    return Transient(
        f"The host name {end.host} cannot be found",
        remedy="Check <ACCOUNT>_HOST and the network.",
        detail=detail,
    )


def no_answer(end: SftpEndpoint, detail: str) -> PublisherError:
    """Nothing came in time."""
    return Transient(
        f"{_where(end)} did not answer within {end.connect_timeout:g} seconds", detail=detail
    )


def unreachable(end: SftpEndpoint, detail: str) -> PublisherError:
    """No TCP connection."""
    return Transient(f"{_where(end)} cannot be reached", detail=detail)


def fault(end: SftpEndpoint, error: BaseException) -> BaseException:
    """The error behind what asyncssh raised; itself when it is unforeseen."""
    detail = f"{type(error).__name__}: {error}"
    said: PublisherError | None = None
    if isinstance(error, asyncssh.PermissionDenied):
        said = denied(end, detail)
    elif isinstance(error, asyncssh.KeyExchangeFailed):
        said = no_encryption(end, detail)
    elif isinstance(error, asyncssh.ChannelOpenError | asyncssh.SFTPError):
        said = no_sftp(end, detail)
    elif isinstance(error, asyncssh.DisconnectError):
        many = error.code == asyncssh.DISC_TOO_MANY_CONNECTIONS
        said = (too_many if many else hung_up)(end, detail)
    elif isinstance(error, socket.gaierror):
        said = unknown_host(end, detail)
    elif isinstance(error, TimeoutError | Waited):
        said = no_answer(end, detail)
    elif isinstance(error, OSError):
        said = unreachable(end, detail)
    return said or error


class _Saying(NamedTuple):
    words: re.Pattern[str]
    meaning: Callable[[SftpEndpoint, str], PublisherError]


SAYINGS: tuple[_Saying, ...] = tuple(
    _Saying(re.compile(pattern, re.MULTILINE), meaning)
    for pattern, meaning in (
        (r"^Received disconnect from .*:12: ", too_many),
        (r"^Received disconnect from .*:2: Too many authentication failures", denied),
        (r"bad passphrase given", unusable_key),
        (r": Permission denied \([a-z,@.-]*\)\.", denied),
        (r"^subsystem request failed on channel", no_sftp),
        (r"Could not resolve hostname", unknown_host),
        (r"timed out", no_answer),
        (r"^ssh: connect to host ", unreachable),
        (r"^(kex_exchange_identification|banner exchange|ssh_dispatch_run_fatal): .*"
         r"(Connection (closed|reset)|Broken pipe)", hung_up),
        (r"^(Connection (closed|reset) by|Received disconnect from) ", hung_up),
    )
)  # fmt: skip
"""What the client of OpenSSH prints before its exit code of 255, first match first.

The texts are those of sshconnect.c, sshconnect2.c, packet.c, kex.c and clientloop.c, versions 8.5 to 10.0.
"""

NOT_FOR_SSH = re.compile(
    r"^(.*Load key \"|Host key verification failed|.*Bad configuration option|.*Bad SSH2 |No .* host key is known)",
    re.MULTILINE,
)
"""Words that say the ssh program cannot judge or do this; the other line can, or explains it better."""


def explain(end: SftpEndpoint, words: str) -> PublisherError | None:
    """The error behind the words of a failed ``ssh``; None where they do not settle it."""
    if NOT_FOR_SSH.search(words):
        return None
    for saying in SAYINGS:
        if found := saying.words.search(words):
            return saying.meaning(end, f"ssh: {_line_of(words, found.start())}")
    return None


def _line_of(words: str, place: int) -> str:
    line = words[words.rfind("\n", 0, place) + 1 :].split("\n", 1)[0]
    return "".join(sign if sign.isprintable() else " " for sign in line)[:200].strip()


def _where(end: SftpEndpoint) -> str:
    return f"{end.host}:{end.port}"
