"""Content credentials: found in every container, signed and read back, and never passed on broken."""

from __future__ import annotations

import dataclasses
import json
import random
import shutil
import subprocess
import sys
from pathlib import Path

import certificates
import pytest
from media_samples import CONTAINERS, SUFFIX, exiftool, picture

from publisher.errors import ConfigError, Rejected
from publisher.listing import Metadata
from publisher.manifest.model import ProvenanceClass
from publisher.manifest.provenance import DIGITAL_SOURCE_TYPE
from publisher.media.claims import RESERVE, Claim
from publisher.media.credentials import carries_credentials, read_credentials
from publisher.media.metadata.embed import embed
from publisher.media.signing import Signatory, sign, signatory

pytest.importorskip("c2pa", reason="the optional package c2pa-python is not installed")

AI = DIGITAL_SOURCE_TYPE[ProvenanceClass.AI_GENERATED]
CLAIM = Claim("Dünen 冬", AI, "Midjourney", "7")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Signatory, str]:
    chain, key, root = certificates.make(tmp_path_factory.mktemp("certificates"))
    return signatory(chain, key, now=certificates.NOW), root


@pytest.fixture
def signed(authority: tuple[Signatory, str], tmp_path: Path):
    def make(container: str, master: Path | None = None, name: str = "signed") -> Path:
        plain = picture(tmp_path / f"plain{SUFFIX[container]}", 200, 150)
        embed(
            plain, tmp_path / "words", Metadata(title="Dünen 冬", digital_source_type=AI), dpi=300
        )
        target = tmp_path / f"{name}{SUFFIX[container]}"
        sign(authority[0], CLAIM, tmp_path / "words", master, target)
        assert not carries_credentials(plain) and not carries_credentials(tmp_path / "words")
        assert 0 < target.stat().st_size - (tmp_path / "words").stat().st_size < RESERVE
        return target

    return make


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_signature_holds_and_says_how_the_picture_came_to_be(
    container: str, signed, authority: tuple[Signatory, str]
) -> None:
    path = signed(container)
    assert carries_credentials(path)
    found = read_credentials(path)
    assert found is not None
    assert (found.state, found.problems) == ("valid", ())
    assert (found.signer, found.generator) == ("Ana Vidal", "storefront-publisher")
    assert (found.digital_source_type, found.actions) == (AI, ("c2pa.created",))
    trusted = read_credentials(path, anchors=authority[1])
    assert trusted is not None and trusted.state == "trusted"
    # An independent reader still finds the words that were there before the signature.
    tags = exiftool(path)
    assert tags["XMP-iptcExt:DigitalSourceType"] == AI
    assert tags["XMP-dc:Title"] == "Dünen 冬"


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_changed_picture_breaks_the_signature(container: str, signed, tmp_path: Path) -> None:
    data = bytearray(signed(container).read_bytes())
    # A byte of the picture itself, which stands in another place in each container.
    place = {"tiff": 200, "webp": data.find(b"VP8 ") + 100}.get(container, -40)
    data[place] ^= 0x55
    (tmp_path / "broken").write_bytes(data)
    found = read_credentials(tmp_path / "broken")
    assert found is not None and found.state == "invalid"
    assert "assertion.dataHash.mismatch" in found.problems


@pytest.mark.parametrize("container", CONTAINERS)
def test_words_written_afterwards_leave_no_broken_signature(
    container: str, signed, tmp_path: Path
) -> None:
    embed(signed(container), tmp_path / "later", Metadata(title="later"))
    assert not carries_credentials(tmp_path / "later")
    assert read_credentials(tmp_path / "later") is None


def test_a_signed_master_is_named_as_the_source(
    signed, authority: tuple[Signatory, str], tmp_path: Path
) -> None:
    master = signed("png", name="master")
    target = tmp_path / "edited.jpg"
    sign(authority[0], CLAIM, picture(tmp_path / "small.jpg"), master, target)
    found = read_credentials(target)
    assert found is not None
    assert (found.state, found.actions[0]) == ("valid", "c2pa.opened")


def test_broken_credentials_of_a_master_are_not_passed_on(
    signed, authority: tuple[Signatory, str], tmp_path: Path
) -> None:
    data = bytearray(signed("png").read_bytes())
    data[-40] ^= 0x55
    (tmp_path / "broken.png").write_bytes(data)
    target = tmp_path / "again.jpg"
    sign(authority[0], CLAIM, picture(tmp_path / "small.jpg"), tmp_path / "broken.png", target)
    found = read_credentials(target)
    assert found is not None
    assert (found.state, found.actions) == ("valid", ("c2pa.created",))


@pytest.mark.parametrize(
    "more",
    [
        {"assertions": [{"label": "org.example.prompt", "data": {"prompt": "SECRET-DUNES"}}]},
        {"actions": [{"action": "c2pa.created", "parameters": {"prompt": "SECRET-DUNES"}}]},
        {"actions": [{"action": "c2pa.created", "description": "SECRET-DUNES"}]},
    ],
)
def test_what_a_master_s_seal_tells_of_its_maker_is_not_passed_on(
    more: dict[str, list[dict[str, object]]],
    authority: tuple[Signatory, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from publisher.media import signing

    def talkative(claim: Claim, parent: Path | None) -> dict[str, object]:
        actions = [
            {**action, "digitalSourceType": AI}
            for action in more.get("actions", [{"action": "c2pa.created"}])
        ]
        told = [{"label": "c2pa.actions.v2", "data": {"actions": actions}}]
        made_by = [{"name": "generator", "version": "1"}]
        return {
            "title": "master",
            "claim_generator_info": made_by,
            "assertions": [*told, *more.get("assertions", [])],
        }

    master, target = tmp_path / "master.png", tmp_path / "sold.jpg"
    with monkeypatch.context() as patched:
        patched.setattr(signing, "_manifest", talkative)
        sign(authority[0], CLAIM, picture(tmp_path / "plain.png"), None, master)
    assert b"SECRET-DUNES" in master.read_bytes()
    sign(authority[0], CLAIM, picture(tmp_path / "small.jpg"), master, target)
    found = read_credentials(target)
    assert found is not None
    assert (found.state, found.actions) == ("valid", ("c2pa.created",))
    assert b"SECRET-DUNES" not in target.read_bytes()


def test_ed25519_signs_as_well(tmp_path: Path) -> None:
    chain, key, _ = certificates.make(tmp_path, kind="ed25519")
    one = signatory(chain, key, now=certificates.NOW)
    sign(one, CLAIM, picture(tmp_path / "a.jpg"), None, tmp_path / "b.jpg")
    found = read_credentials(tmp_path / "b.jpg")
    assert found is not None and found.state == "valid"


def test_what_is_no_image_has_no_credentials(tmp_path: Path) -> None:
    (tmp_path / "text").write_bytes(b"no image at all c2pa jumb")
    assert not carries_credentials(tmp_path / "text")
    assert read_credentials(tmp_path / "text") is None


def test_mutated_files_never_do_more_than_fail(signed, tmp_path: Path) -> None:
    """Seeded damage; the search is plain code of ours, so every kind of damage may meet it."""
    chance = random.Random(11)
    path = tmp_path / "mutated"
    for container in CONTAINERS:
        whole = signed(container).read_bytes()
        for _ in range(150):
            data = bytearray(whole[: chance.randrange(len(whole))])
            for _ in range(chance.randrange(6)):
                data and data.__setitem__(chance.randrange(len(data)), chance.randrange(256))
            path.write_bytes(data)
            assert carries_credentials(path) in (True, False)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"self_signed": True}, "self-signed, which C2PA refuses"),
        ({"years": 0.01}, "valid until 2026-10-2"),
        ({"kind": "unknown"}, "kind that C2PA does not know"),
    ],
)
def test_an_unusable_certificate_is_refused_with_the_reason(
    tmp_path: Path, options: dict[str, object], reason: str
) -> None:
    chain, key, _ = certificates.make(tmp_path, **options)
    with pytest.raises(ConfigError, match=reason):
        signatory(chain, key, now=certificates.NOW)


def test_a_wrong_or_missing_key_is_refused_and_never_shown(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    chain, key, _ = certificates.make(tmp_path / "one")
    _, foreign, _ = certificates.make(tmp_path / "other")
    with pytest.raises(ConfigError, match="not that of the first certificate"):
        signatory(chain, foreign, now=certificates.NOW)
    key.write_text("-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n")
    with pytest.raises(ConfigError, match="holds no private key") as error:
        signatory(chain, key, now=certificates.NOW)
    assert "c2VjcmV0" not in error.value.detail + str(error.value) + error.value.remedy
    with pytest.raises(ConfigError, match=r"absent\.pem holds no certificates"):
        signatory(tmp_path / "absent.pem", key, now=certificates.NOW)
    one = signatory(*certificates.make(tmp_path / "one")[:2], now=certificates.NOW)
    assert "PRIVATE" not in repr(one)


def test_a_file_that_cannot_be_signed_is_refused(
    authority: tuple[Signatory, str], tmp_path: Path
) -> None:
    (tmp_path / "cut.jpg").write_bytes(b"\xff\xd8\xff\xe0\x00\x10JFIF")
    with pytest.raises(Rejected, match=r"cut\.jpg"):
        sign(authority[0], CLAIM, tmp_path / "cut.jpg", None, tmp_path / "out.jpg")
    broken = dataclasses.replace(authority[0], chain=b"no certificates")
    with pytest.raises(Rejected, match=r"a\.jpg: the rendition cannot be signed") as error:
        sign(broken, CLAIM, picture(tmp_path / "a.jpg"), None, tmp_path / "out.jpg")
    assert "PRIVATE" not in error.value.detail
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.jpg", "cut.jpg"]


def test_signing_needs_no_network(tmp_path: Path) -> None:
    isolated = ["unshare", "--map-root-user", "--net"]
    if not shutil.which("unshare") or subprocess.run([*isolated, "true"], check=False).returncode:
        pytest.skip("this system gives no empty network namespace")
    certificates.make(tmp_path)
    picture(tmp_path / "a.jpg")
    code = f"""
import datetime, json
from pathlib import Path
from publisher.media.credentials import read_credentials
from publisher.media.claims import Claim
from publisher.media.signing import sign, signatory
folder = Path({str(tmp_path)!r})
one = signatory(folder / "chain.pem", folder / "key.pem", now={certificates.NOW!r})
sign(one, Claim(digital_source_type={AI!r}), folder / "a.jpg", None, folder / "b.jpg")
print(json.dumps(read_credentials(folder / "b.jpg").state))
"""
    done = subprocess.run(
        [*isolated, sys.executable, "-c", code], capture_output=True, check=True, text=True
    )
    assert json.loads(done.stdout) == "valid"
