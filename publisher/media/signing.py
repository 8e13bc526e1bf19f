"""Signs renditions with the seller's own certificate, last of all and offline, as C2PA content credentials.

The signature says how the picture came to be (``c2pa.created`` with its digital source type), or, for a master
that carries whole credentials, that it was opened and edited. No time stamp is fetched, so a signature is
worth something for as long as the certificate. The key never gets into an error, a log or a cache key.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import os
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from publisher import __version__
from publisher.errors import ConfigError, PublisherError, Rejected
from publisher.media.claims import Claim
from publisher.media.credentials import (
    MEDIA_TYPES,
    carries_credentials,
    library,
    offline,
    read_credentials,
)
from publisher.media.metadata.read import read_metadata, sniff

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

SIGN_VERSION = 1
"""Part of every cache key: raise it when the same rendition is signed with other words."""


@dataclasses.dataclass(frozen=True, slots=True)
class Signatory:
    """The seller's certificates (PEM, own one first) and private key (PEM), and the algorithm for them."""

    chain: bytes
    key: bytes = dataclasses.field(repr=False)
    algorithm: str

    @property
    def mark(self) -> str:
        """Which certificate it is, for a cache key."""
        return hashlib.sha256(self.chain).hexdigest()


def signatory(
    certificates: Path, key: Path, *, now: dt.datetime, passphrase: str | None = None
) -> Signatory:
    """The signatory of two PEM files. Raises ``ConfigError`` with everything that is wrong with them."""
    library()
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    try:
        chain = x509.load_pem_x509_certificates(certificates.read_bytes())
    except (OSError, ValueError) as error:
        raise _unusable(f"{certificates.name} holds no certificates", error) from error
    try:
        secret = serialization.load_pem_private_key(
            key.read_bytes(), passphrase.encode() if passphrase else None
        )
    except (OSError, ValueError, TypeError):
        # The library's text might show what was in the file.
        raise _unusable(f"{key.name} holds no private key that this passphrase opens") from None
    own = chain[0]
    problems = _problems(own, now)
    if _public(secret.public_key()) != _public(own.public_key()):
        problems.append(f"the key in {key.name} is not that of the first certificate")
    algorithm = _algorithm(secret)
    if not algorithm:
        problems.append("the key is of a kind that C2PA does not know: use P-256 or Ed25519")
    if problems:
        raise ConfigError(
            f"The certificate for content credentials cannot be used: {'; '.join(problems)}.",
            remedy="Correct PUBLISHER_C2PA_CERTIFICATE and PUBLISHER_C2PA_KEY.",
            problems=tuple(problems),
        )
    pem = b"".join(c.public_bytes(serialization.Encoding.PEM) for c in chain)
    plain = secret.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return Signatory(pem, plain, algorithm)


def sign(
    signed_by: Signatory, claim: Claim, rendition: Path, master: Path | None, target: Path
) -> None:
    """Write ``target``: ``rendition`` with credentials, read back. Meant for a worker process.

    ``master`` becomes the source of an edit when it carries whole credentials itself. Raises ``Rejected`` when
    the file cannot be signed or the signature does not hold, ``OSError`` from the disk.
    """
    parent = _whole(master)
    # What the rendition says of itself is what the signature must say, too.
    stated = read_metadata(rendition).digital_source_type
    claim = dataclasses.replace(claim, digital_source_type=stated or claim.digital_source_type)
    part = target.with_name(f".{os.getpid()}-{uuid.uuid4().hex[:8]}.part")
    try:
        _signed(signed_by, _manifest(claim, parent), rendition, parent, part)
        found = read_credentials(part)
        if found is None or found.state == "invalid":
            raise Rejected(
                f"{rendition.name}: the signature does not hold.",
                detail=", ".join(found.problems) if found else "no credentials",
            )
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _signed(
    signed_by: Signatory,
    manifest: Mapping[str, Any],
    rendition: Path,
    parent: Path | None,
    target: Path,
) -> None:
    c2pa = library()
    context = c2pa.Context.from_dict(offline())
    format_ = MEDIA_TYPES[_container(rendition)]
    try:
        info = c2pa.C2paSignerInfo(
            alg=signed_by.algorithm,
            sign_cert=signed_by.chain,
            private_key=signed_by.key,
            ta_url=None,
        )
        with (
            c2pa.Signer.from_info(info) as signer,
            c2pa.Builder(dict(manifest), context=context) as builder,
            rendition.open("rb") as source,
            target.open("w+b") as sink,
        ):
            if parent is not None:
                with parent.open("rb") as earlier:
                    builder.add_ingredient(_INGREDIENT, MEDIA_TYPES[_container(parent)], earlier)
            builder.sign(signer, format_, source, sink)
    except c2pa.C2paError as error:
        raise Rejected(
            f"{rendition.name}: the rendition cannot be signed.", detail=str(error)[:500]
        ) from None


_INGREDIENT = {"title": "master", "relationship": "parentOf", "label": "master"}


def _manifest(claim: Claim, parent: Path | None) -> dict[str, Any]:
    made: dict[str, Any] = {"action": "c2pa.created"}
    if claim.digital_source_type:
        made["digitalSourceType"] = claim.digital_source_type
    if claim.agent:
        made["softwareAgent"] = {"name": claim.agent}
        if claim.agent_version:
            made["softwareAgent"]["version"] = claim.agent_version
    actions = [made]
    if parent is not None:
        opened = {"action": "c2pa.opened", "parameters": {"ingredientIds": ["master"]}}
        actions = [opened, {"action": "c2pa.resized"}, {"action": "c2pa.converted"}]
    return {
        "claim_generator_info": [{"name": "storefront-publisher", "version": __version__}],
        "title": claim.title,
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": actions}}],
    }


def _whole(master: Path | None) -> Path | None:
    """The master when its own credentials may be passed on: unbroken, and with nothing private in them."""
    if master is None or not carries_credentials(master):
        return None
    try:
        found = read_credentials(master)
    except PublisherError:
        return None
    return master if found is not None and found.state != "invalid" and not found.private else None


def _container(path: Path) -> str:
    with path.open("rb") as file:
        return sniff(file)


def _problems(own: Certificate, now: dt.datetime) -> list[str]:
    """Why C2PA (section 14.5) would refuse the certificate."""
    from cryptography import x509

    problems = []
    if own.issuer == own.subject:
        problems.append("it is self-signed, which C2PA refuses")
    if not own.not_valid_before_utc <= now <= own.not_valid_after_utc:
        problems.append(f"it is valid until {own.not_valid_after_utc:%Y-%m-%d} only")
    try:
        usage = own.extensions.get_extension_for_class(x509.KeyUsage).value
        if not usage.digital_signature:
            problems.append("it may not be used for digital signatures")
    except x509.ExtensionNotFound:
        problems.append("it does not say that it may be used for digital signatures")
    return problems


def _algorithm(key: Any) -> str:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if isinstance(key, rsa.RSAPrivateKey):
        return "ps256"
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}.get(
            key.curve.name, ""
        )
    return ""


def _public(key: Any) -> bytes:
    from cryptography.hazmat.primitives import serialization

    found: bytes = key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return found


def _unusable(reason: str, error: Exception | None = None) -> ConfigError:
    return ConfigError(
        f"The certificate for content credentials cannot be used: {reason}.",
        remedy="Correct PUBLISHER_C2PA_CERTIFICATE and PUBLISHER_C2PA_KEY.",
        detail=repr(error) if error is not None else "",
    )
