"""A small certificate authority for tests: certificates that C2PA accepts, and some that it must refuse."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_USES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)
NOW = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)


def make(
    folder: Path, *, kind: str = "es256", self_signed: bool = False, years: float = 20
) -> tuple[Path, Path, str]:
    """Chain and key as files, and the authority's certificate as PEM. It was issued a month before NOW."""
    authority, own = ec.generate_private_key(ec.SECP256R1()), _key(kind)
    root = _certificate("Test CA", "Test CA", authority.public_key(), authority, 30, authority=True)
    issuer = "Ana Vidal" if self_signed else "Test CA"
    signer = own if self_signed else authority
    leaf = _certificate("Ana Vidal", issuer, own.public_key(), signer, years)
    chain, key = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(_pem(leaf) + (b"" if self_signed else _pem(root)))
    key.write_bytes(
        own.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return chain, key, _pem(root).decode()


def _key(kind):
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    return ec.generate_private_key(ec.SECP256K1() if kind == "unknown" else ec.SECP256R1())


def _certificate(subject, issuer, public, signer, years, *, authority=False):
    start = NOW - dt.timedelta(days=30)
    usage = dict.fromkeys(_USES, False)
    usage["key_cert_sign" if authority else "digital_signature"] = True
    built = (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=365 * years))
        .add_extension(x509.BasicConstraints(authority, None), critical=True)
        .add_extension(x509.KeyUsage(**usage), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )
    if not authority:
        email = [ExtendedKeyUsageOID.EMAIL_PROTECTION]
        known = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
        built = built.add_extension(x509.ExtendedKeyUsage(email), critical=False)
        built = built.add_extension(known, critical=False)
    plain = isinstance(signer, ed25519.Ed25519PrivateKey)
    return built.sign(signer, None if plain else hashes.SHA256())


def _name(text):
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Vidal"),
            x509.NameAttribute(NameOID.COMMON_NAME, text),
        ]
    )


def _pem(certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
