"""A manifest while it is being read: each entry is checked, turned into its model and forgotten.

Collects mistakes instead of raising, so that one bad asset does not hide the next. It opens no file; whether
a master exists is asked of ``ProjectFiles``.
"""

from __future__ import annotations

from collections.abc import Collection, Set
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from publisher.manifest.inherit import inherit, is_inherited, without_repeats
from publisher.manifest.model import (
    Asset,
    Bundle,
    Defaults,
    Identifier,
    Manifest,
    Provenance,
    Waiver,
)
from publisher.manifest.paths import ProjectFiles
from publisher.manifest.problem import Report
from publisher.manifest.shape import nearest
from publisher.manifest.tree import Entry, Map, line_at
from publisher.manifest.words import Mistake, mistakes, shown

_M = TypeVar("_M", bound=BaseModel)
_RELEASE: TypeAdapter[str] = TypeAdapter(Identifier)


class Draft:
    """One file on its way to a ``Manifest``."""

    def __init__(
        self, path: Path, report: Report, files: ProjectFiles, accounts: Collection[str] | None
    ) -> None:
        self.path = path
        self.report = report
        self.ids: list[tuple[str, int, str]] = []
        self.asset_ids: set[str] = set()
        self.bundle_ids: set[str] = set()
        self.field_lines: dict[str, dict[str, int]] = {}
        self._files = files
        self._accounts = accounts
        self._release: str | None = None
        self._release_seen = False
        self._defaults_tree: Map | None = None
        self._defaults = Defaults()
        self._assets: list[Asset] = []
        self._bundles: list[Bundle] = []
        self._waivers: list[Waiver] = []
        self._entries = 0
        self._members: list[tuple[str, int, str]] = []
        self._waived: list[tuple[str, int, str]] = []
        self._reported: set[tuple[int, str]] = set()

    def take(self, entry: Entry) -> None:
        """Check one entry and keep its model."""
        if entry.section == "release":
            self._take_release(entry)
            return
        if entry.section == "defaults" and entry.node is None:
            return
        label = entry.section if entry.section == "defaults" else f"{entry.section}[{entry.index}]"
        self._entries += entry.section != "defaults"
        if not isinstance(entry.node, Map):
            text = f"{label}: {shown(entry.node)} must be a mapping with keys"
            self.report.problem(entry.line, text)
            return
        if entry.section == "defaults":
            self._take_defaults(entry.node)
        elif entry.section == "assets":
            self._take_asset(entry.node, label)
        elif entry.section == "bundles":
            self._take_bundle(entry.node, label)
        else:
            self._take_waiver(entry.node, label)

    def close(self, by_name: str) -> None:
        """Say what the whole file lacks; ``by_name`` is the release when none is written, if allowed."""
        if self.report.broken:
            return
        if self._release is None and not self._release_seen:
            if by_name:
                self._release = by_name
            else:
                self.report.problem(
                    1, "'release' is missing", "give the release a name, as in 'release: winter'"
                )
        if not self._entries:
            self.report.problem(1, "there are no assets and no bundles in this manifest")

    def manifest(self) -> Manifest:
        """The finished manifest. Only for a draft without problems."""
        return Manifest(
            release=self._release or "",
            defaults=self._defaults,
            assets=tuple(self._assets),
            bundles=tuple(self._bundles),
            waivers=tuple(self._waivers),
        )

    def check_references(self, assets: Set[str], bundles: Set[str], complete: bool) -> None:
        """Members of bundles and items of waivers must exist, if all files could be read ``complete``."""
        if not complete:
            return
        for name, line, label in self._members:
            if name in bundles and name not in assets:
                self.report.problem(line, f"{label}: '{name}' is a bundle, not an asset")
            elif name not in assets:
                hint = nearest(name, assets)
                self.report.problem(line, f"{label}: there is no asset '{name}'{hint}")
        for name, line, label in self._waived:
            if name not in assets and name not in bundles:
                hint = nearest(name, sorted(assets | bundles))
                self.report.problem(line, f"{label}: there is no item '{name}'{hint}")

    def _take_release(self, entry: Entry) -> None:
        self._release_seen = True
        if entry.node is None:
            self.report.problem(entry.line, "release: must not be empty")
            return
        try:
            self._release = _RELEASE.validate_python(entry.node)
        except ValidationError:
            self.report.problem(
                entry.line,
                f"release: {shown(entry.node)} is not a usable name",
                "letters, digits, dot, dash and underscore; at most 100 characters",
            )

    def _take_defaults(self, raw: Map) -> None:
        tree = without_repeats(raw, "defaults", self.report)
        self._defaults_tree = tree
        self._defaults = self._model(Defaults, tree, tree, "defaults", "") or Defaults()
        provenance = tree.get("provenance")
        if isinstance(provenance, Map):
            # The class may be left to the assets; everything else must fit.
            partial = {"class": "human", **provenance}
            try:
                Provenance.model_validate(partial)
            except ValidationError as error:
                for mistake in mistakes(error, Provenance, provenance):
                    self._say(
                        Mistake(("provenance", *mistake.path), mistake.text, mistake.remedy),
                        tree,
                        "defaults",
                        "",
                    )
        self._check_accounts(tree, "defaults")
        self._check_releases(tree, "defaults", "")

    def _take_asset(self, raw: Map, index: str) -> None:
        name, label = self._name(raw, index)
        own = without_repeats(raw, label, self.report, name)
        tree = inherit(own, self._defaults_tree)
        asset = self._model(Asset, tree, own, label, name)
        self._note_id(name, raw, label, self.asset_ids, tree)
        self._check_accounts(own, label)
        self._check_file(raw.get("file"), raw.line_of("file"), label, name)
        self._check_releases(own, label, name)
        if asset is not None:
            self._assets.append(asset)

    def _take_bundle(self, raw: Map, index: str) -> None:
        name, label = self._name(raw, index)
        tree = inherit(without_repeats(raw, label, self.report, name), None)
        bundle = self._model(Bundle, tree, tree, label, name)
        self._note_id(name, raw, label, self.bundle_ids, tree)
        self._check_accounts(tree, label)
        members = raw.get("assets")
        seen: set[str] = set()
        for at, member in enumerate(members if isinstance(members, list) else ()):
            if not isinstance(member, str):
                continue
            line = line_at(raw, ("assets", at))
            if member in seen:
                self.report.problem(line, f"{label}: asset '{member}' is listed twice", item=name)
            else:
                self._members.append((member, line, label))
            seen.add(member)
        if bundle is not None:
            self._bundles.append(bundle)

    def _take_waiver(self, raw: Map, label: str) -> None:
        waiver = self._model(Waiver, raw, raw, label, "")
        item, account = raw.get("item"), raw.get("account")
        if isinstance(item, str):
            self._waived.append((item, raw.line_of("item"), label))
        if isinstance(account, str):
            self._check_account(account, raw.line_of("account"), label)
        if waiver is not None:
            self._waivers.append(waiver)

    def _name(self, raw: Map, index: str) -> tuple[str, str]:
        name = raw.get("id")
        if not isinstance(name, str):
            return "", index
        name = name.strip()
        return name, f"{index} {shown(name)}"

    def _note_id(self, name: str, raw: Map, label: str, ids: set[str], tree: Map) -> None:
        if not name:
            return
        self.ids.append((name, raw.line, label))
        ids.add(name)
        lines: dict[str, int] = {}
        _collect_lines(tree, "", raw.line, lines)
        if lines:
            self.field_lines.setdefault(name, lines)

    def _model(self, model: type[_M], tree: Map, own: Map, label: str, name: str) -> _M | None:
        try:
            return model.model_validate(tree)
        except ValidationError as error:
            for mistake in mistakes(error, model, tree):
                if is_inherited(own, mistake.path) and mistake.path[0] in (
                    self._defaults_tree or {}
                ):
                    self._say_once(mistake, tree, label, name)
                else:
                    self._say(mistake, tree, label, name)
            return None

    def _say(self, mistake: Mistake, tree: Map, label: str, name: str) -> None:
        line = line_at(tree, mistake.path)
        text = mistake.sentence()
        self._reported.add((line, text))
        self.report.problem(line, f"{label}: {text}", mistake.remedy, name)

    def _say_once(self, mistake: Mistake, tree: Map, label: str, name: str) -> None:
        """A mistake that stands in the defaults is theirs, and is named once for all assets."""
        if (line_at(tree, mistake.path), mistake.sentence()) not in self._reported:
            self._say(mistake, tree, label, name)

    def _check_accounts(self, node: Map, label: str) -> None:
        channels = node.get("channels")
        if isinstance(channels, Map):
            for account in channels:
                self._check_account(account, channels.line_of(account), label)

    def _check_account(self, account: str, line: int, label: str) -> None:
        if self._accounts is None or account in self._accounts:
            return
        known = sorted(self._accounts)
        remedy = "" if known else "add one to publisher.toml"
        text = (
            f"{label}: unknown account {shown(account)}, known accounts: {', '.join(known) or '-'}"
        )
        self.report.problem(line, text, remedy)

    def _check_releases(self, tree: Map, label: str, name: str) -> None:
        releases: Any = tree.get("releases")
        for at, release in enumerate(releases if isinstance(releases, list) else ()):
            if isinstance(release, Map) and "file" in release:
                line = line_at(tree, ("releases", at, "file"))
                self._check_file(release["file"], line, f"{label}: releases[{at}]", name)

    def _check_file(self, given: Any, line: int, label: str, name: str) -> None:
        if not isinstance(given, str):
            return
        complaint = self._files.complaint(given.strip())
        if complaint:
            self.report.problem(line, f"{label}: {complaint}", item=name)


def _collect_lines(node: Map, prefix: str, item_line: int, lines: dict[str, int]) -> None:
    """Lines of all keys that do not stand in the item's own line."""
    if node.line != item_line:
        lines.update((f"{prefix}{key}", node.line) for key in node)
    for key, line in node.key_lines.items():
        lines[f"{prefix}{key}"] = line
    for key, value in node.items():
        if type(value) is Map:
            _collect_lines(value, f"{prefix}{key}.", item_line, lines)
