"""Signed renditions through the studio, streamed bundles into S3 taken up again, and the finding about seals."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import certificates
import pytest
from media_samples import exiftool, wanted
from pydantic import SecretStr

from channels.transport.s3 import ObjectStore, S3Endpoint
from channels.transport.s3_server import S3SandboxServer
from publisher.errors import ConfigError, Rejected, Transient
from publisher.inspection import inspect
from publisher.listing import BundleRequest, Listing, Metadata, RenditionRequest, TextRequest
from publisher.manifest.item import Item, ItemKind, Master
from publisher.media import vips
from publisher.media.credentials import carries_credentials, read_credentials
from publisher.media.probe import probe
from publisher.media.signing import signatory
from publisher.media.studio import Studio
from publisher.recipes import recipe_mark

AI = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
WORDS = Metadata(title="Dunes", digital_source_type=AI, ai_system="Midjourney")


def text(_template: str, variables: object) -> str:
    return str(variables)


@pytest.fixture
def signing(tmp_path: Path) -> Iterator[Studio]:
    pytest.importorskip("c2pa", reason="the optional package c2pa-python is not installed")
    chain, key, _ = certificates.make(tmp_path)
    one = signatory(chain, key, now=certificates.NOW)
    with Studio(tmp_path / "cache", text, workers=1, signatory=one) as made:
        yield made


def test_a_rendition_is_signed_once_and_last(
    signing: Studio, master: Callable[..., Master], tmp_path: Path
) -> None:
    one = master(width=900, height=600, noise=40.0)
    plain = signing.make(wanted(one, WORDS))
    assert not carries_credentials(plain.path)
    request = wanted(one, WORDS, signed=True)
    file = signing.make(request)
    found = read_credentials(file.path)
    assert found is not None
    assert (found.state, found.digital_source_type) == ("valid", AI)
    assert exiftool(file.path)["XMP-iptcExt:DigitalSourceType"] == AI
    assert file.sha256 == hashlib.sha256(file.path.read_bytes()).hexdigest()
    assert signing.make(replace(request, name="other.jpg")).sha256 == file.sha256
    again = probe(file.path, "masters/sealed.jpg")
    assert again.credentials and not one.credentials
    # Room for the signature is kept free, so that the bound holds for what is sent.
    for bound in (plain.size - 1, plain.size + 1000, int(plain.size * 0.7)):
        tight = wanted(one, WORDS, signed=True, quality_floor=10, bytes_max=bound)
        assert signing.make(tight).size <= bound
    with pytest.raises(Rejected, match="the channel takes at most"):
        signing.make(wanted(one, WORDS, signed=True, bytes_max=2000))
    # A sealed master is the source of an edit, its own seal is not copied.
    edited = signing.make(wanted(again, WORDS, signed=True, format="png"))
    found = read_credentials(edited.path)
    assert found is not None and (found.state, found.actions[0]) == ("valid", "c2pa.opened")


def test_without_a_certificate_nothing_is_signed_and_nothing_looks_changed(
    master: Callable[..., Master], tmp_path: Path
) -> None:
    one = master()
    signed, plain = wanted(one, WORDS, signed=True), wanted(one, WORDS)
    with Studio(tmp_path / "cache", text, workers=1) as studio:
        assert studio.make(signed).path == studio.make(plain).path
    assert recipe_mark(signed.recipe) == recipe_mark(plain.recipe)


def test_the_settings_of_a_project_name_the_certificate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("c2pa", reason="the optional package c2pa-python is not installed")
    from publisher.cli import common
    from publisher.manifest.scaffold import scaffold

    scaffold(tmp_path / "shop")
    ws = common.open_accounts_only(tmp_path / "shop")
    half = replace(ws, settings=ws.settings.model_copy(update={"c2pa_key": Path("key.pem")}))
    with (
        pytest.raises(ConfigError, match="a certificate and its key"),
        common.open_studio(half),
    ):
        pass
    chain, key, _ = certificates.make(tmp_path)
    both = {"c2pa_certificate": chain, "c2pa_key": key}
    whole = replace(ws, settings=ws.settings.model_copy(update=both))
    with common.open_studio(whole) as studio:
        assert studio._signatory is not None


def test_a_lost_seal_is_a_notice(tmp_path: Path) -> None:
    sealed = Master(tmp_path / "a.png", "masters/a.png", "0" * 64, 1, "png", 4000, 3000)
    sealed = replace(sealed, credentials=True)
    item = Item("a", ItemKind.ASSET, "r", "", "", (), (), (sealed,))

    def told(request: RenditionRequest) -> list[str]:
        return [f.code for f in inspect(item, Listing("a", "shop", "a", {}, (request,)))]

    assert told(wanted(sealed)) == ["credentials-lost"]
    assert told(wanted(replace(sealed, credentials=False))) == []
    (finding,) = inspect(item, Listing("a", "shop", "a", {}, (wanted(sealed, signed=True),)))
    assert "PUBLISHER_C2PA_CERTIFICATE" in finding.remedy


@pytest.fixture
def store(tmp_path: Path) -> Iterator[tuple[ObjectStore, S3SandboxServer]]:
    server = S3SandboxServer(tmp_path / "bucket")
    given = server.start()
    end = S3Endpoint(
        endpoint_url=given["endpoint_url"],
        region=given["region"],
        bucket=given["bucket"],
        access_key=SecretStr(given["access_key"]),
        secret_key=SecretStr(given["secret_key"]),
        path_style=True,
        read_timeout=20,
    )
    with ObjectStore(end) as opened:
        yield opened, server
    server.stop()


def test_a_bundle_goes_into_s3_without_a_copy_on_the_disk_and_is_taken_up_again(
    store: tuple[ObjectStore, S3SandboxServer], tmp_path: Path
) -> None:
    noise = vips.load().Image.gaussnoise(2600, 2600, sigma=60).cast("uchar")
    masters = []
    for number in range(4):
        path = tmp_path / f"m{number}.png"
        noise.rot90().rot("d180" if number % 2 else "d0").copy().pngsave(str(path), compression=0)
        masters.append(probe(path, path.name))
    members = tuple(
        RenditionRequest(
            "member", f"m{n}.png", m, wanted(m, format="png", keep_original=True).recipe, WORDS
        )
        for n, m in enumerate(masters)
    )
    texts = (TextRequest("text", "LICENCE.txt", "any", {"day": dt.date(2026, 1, 1).isoformat()}),)
    with Studio(tmp_path / "cache", text, workers=2) as studio:
        request = BundleRequest("archive", "pack.zip", (*members, *texts), streamed=True)
        file = studio.make(request)
        packed = studio.make(replace(request, streamed=False, name="packed.zip"))
    assert file.content is not None
    assert (file.size, file.sha256) == (packed.size, packed.sha256)
    assert file.size > 20_000_000
    assert file.path.stat().st_size < 200, "the archive was written to the disk"

    class Dropped(Exception):
        pass

    opened, server = store
    sent: list[int] = []

    def put(*, fail_after: int | None = None) -> None:
        sent.clear()

        def progress(_name: str, count: int) -> None:
            sent.append(count)
            if fail_after is not None and len(sent) >= fail_after:
                raise Transient("the line was dropped")

        opened.put_file(
            "files/pack.zip",
            file.path,
            sha256=file.sha256,
            content_type=file.media_type,
            content=file.content,
            progress=progress,
            create_only=True,
        )

    with pytest.raises(Transient, match="dropped"):
        put(fail_after=1)
    assert server.landed() == []
    put()
    assert sum(sent) == file.size
    (landed,) = server.landed()
    assert (landed.sha256, landed.size, landed.count) == (file.sha256, file.size, 1)
    data = opened.read("files/pack.zip", file.size)
    assert data is not None
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["LICENCE.txt", "m0.png", "m1.png", "m2.png", "m3.png"]
    # A member that changes between planning and sending is never sent in another's name.
    opened.delete("files/pack.zip")
    member = next(p for p in (tmp_path / "cache").glob("*/*.png"))
    member.write_bytes(b"x" * member.stat().st_size)
    with pytest.raises(Rejected, match="changed while it was packed"):
        put()
    assert all(entry.sha256 == file.sha256 for entry in server.landed())
