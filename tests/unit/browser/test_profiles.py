"""Profiles as data: shipped ones are sound, changes merge by key, and nothing in one can lead elsewhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from channels.browser.profile import (
    css_text,
    filled_in,
    load_profile,
    permitted,
    shipped_profile,
    shipped_profiles,
)
from channels.browser.schema import Profile
from channels.browser.signs import Candidate, Sign
from channels.browser.steps import walked
from publisher.discovery import known_rows, load_row
from publisher.errors import ConfigError
from publisher.row import Verb

NAMES = ("redbubble", "society6", "stock-portal", "zazzle")
DOCS = Path(__file__).parents[3] / "docs" / "browser.md"


def change(folder: Path, name: str, text: str, suffix: str = ".profile.yaml") -> Path:
    place = folder / "channels" / "browser"
    place.mkdir(parents=True, exist_ok=True)
    (place / f"{name}{suffix}").write_text(text, encoding="utf-8")
    return folder


def test_every_row_of_a_browser_has_its_profile() -> None:
    rows = {n for n, f in known_rows().items() if f.adapter == "browser"}
    assert rows == set(shipped_profiles()) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_profile_agrees_with_its_row(name: str) -> None:
    profile, row = load_profile(name), load_row(name)
    assert profile.identity.by == "second-hand" and profile.identity.hosts
    assert row.transport.host in profile.identity.hosts
    assert (Verb.FIND in row.can) == (profile.reconcile is not None)
    kinds = {i.kind.value for i in profile.interstitials}
    assert {"challenge", "server-error", "not-found"} <= kinds
    submit = profile.steps[-1]
    assert submit.do == "submit" and profile.assist.press == submit.on


@pytest.mark.parametrize("name", NAMES)
def test_every_locator_of_a_shipped_profile_is_used(name: str) -> None:
    profile = load_profile(name)
    used = {x for s in walked(profile.steps) for x in s.uses()}
    used |= {loc.within for loc in profile.locators.values() if loc.within}
    assert set(profile.locators) - used <= {"chooser_new"}


@pytest.mark.parametrize("name", NAMES)
def test_mature_and_ai_are_required_where_a_form_asks(name: str) -> None:
    profile = load_profile(name)
    declared = {s.key for s in walked(profile.steps) if s.declares}
    submit = profile.steps[-1]
    assert submit.do == "submit" and declared <= set(submit.required)


def test_a_change_mends_one_list_and_leaves_the_rest(tmp_path: Path) -> None:
    base = load_profile("redbubble")
    change(
        tmp_path,
        "redbubble",
        "locators: {title: {any: [{id: new_title}]}}\n"
        "interstitials:\n"
        "  - {key: limit, hours: 6}\n"
        "  - {key: promo, remove: true}\n"
        "  - {key: nps, after: consent, kind: survey, any: [{css: '#nps'}], action: dismiss, press: '#x'}\n"
        "steps: [{key: choose-new, seconds: 3}]\n",
    )
    found = load_profile("redbubble", tmp_path)
    assert [c.shown() for c in found.locators["title"].any] == ["id=new_title"]
    assert found.locators["save"] == base.locators["save"]
    keys = [i.key for i in found.interstitials]
    assert keys.index("nps") == keys.index("consent") + 1 and "promo" not in keys
    assert next(i for i in found.interstitials if i.key == "limit").hours == 6
    inner = next(s for s in walked(found.steps) if s.key == "choose-new")
    assert inner.seconds == 3 and len(found.steps) == len(base.steps)


def test_a_change_may_be_toml(tmp_path: Path) -> None:
    change(tmp_path, "zazzle", '[locators.post]\nany = [{ id = "go" }]\n', ".profile.toml")
    assert load_profile("zazzle", tmp_path).locators["post"].any[0].id == "go"
    change(tmp_path, "zazzle", "schema: 1\n")
    with pytest.raises(ConfigError, match="two profiles are called zazzle"):
        load_profile("zazzle", tmp_path)


TAKEN_AWAY = {
    "removed": "steps: [{key: ai, remove: true}, {key: save, required: [rights]}]",
    "optional": "steps: [{key: ai, required: false}]",
    "unsaid": "steps: [{key: ai, declares: ''}]",
    "conditional": "steps: [{key: ai, when: [template]}]",
    "elsewhere": "steps: [{key: ai, value: mature}]",
}


@pytest.mark.parametrize("how", TAKEN_AWAY)
def test_a_change_cannot_take_a_declaration_away(tmp_path: Path, how: str) -> None:
    change(tmp_path, "redbubble", TAKEN_AWAY[how])
    with pytest.raises(ConfigError, match="step ai declares ai-generated"):
        load_profile("redbubble", tmp_path)


@pytest.mark.parametrize(
    "address",
    [
        "https://www.redbubble.com.evil.example/portfolio/images/new",
        "https://evil.example/www.redbubble.com",
        "http://www.redbubble.com/portfolio/images/new",
        "https://me@www.redbubble.com@evil.example/",
        "https://me:word@www.redbubble.com/",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "https://{title}/",
    ],
)
def test_no_address_leads_to_a_stranger(tmp_path: Path, address: str) -> None:
    change(tmp_path, "redbubble", f"steps: [{{key: open, url: '{address}'}}]")
    with pytest.raises(ConfigError, match="is not an address of"):
        load_profile("redbubble", tmp_path)


def test_permitted_is_https_or_this_machine() -> None:
    data = load_profile("redbubble").model_dump(by_alias=True)
    local = Profile.model_construct(**{**data, "identity": load_profile("redbubble").identity.model_copy(
        update={"hosts": ("127.0.0.1:8000", "shop.example")})})  # fmt: skip
    assert permitted("http://127.0.0.1:8000/x", local) and permitted(
        "https://shop.example/x", local
    )
    for bad in ("http://shop.example/x", "https://127.0.0.1:8001/x", "https://x.shop.example/"):
        assert not permitted(bad, local)


WRONG: dict[str, tuple[str, str]] = {
    "a locator that is none": ("steps: [{key: title, on: nowhere}]", "no locator 'nowhere'"),
    "a field that is none": ("steps: [{key: title, value: nothing}]", "no field 'nothing'"),
    "an unknown key": ("locators: {title: {any: [{xpath: //input}]}}", "Extra inputs"),
    "two kinds at once": ("locators: {title: {any: [{id: a, css: b}]}}", "exactly one of"),
    "a second submit": ("steps: [{key: again, after: open, do: submit, on: save}]", "the one submit"),
    "a broken pattern": ("proof: {refused: [{css: a, text: '('}]}", "no regular expression"),
    "a verb that is none": ("steps: [{key: run, after: open, do: script, code: x}]", "does not match any"),
    "a star host": ("identity: {hosts: ['*.redbubble.com']}", "plain names"),
    "dismiss with nothing": (
        "interstitials: [{key: x, kind: promo, any: [{css: a}], action: dismiss}]", "needs `press`"
    ),
    "an empty sign": ("proof: {refused: [{}]}", "at least one of"),
    "a key twice": ("steps: []\nsteps: []", "there twice"),
    "no table": ("[1, 2]", "a table of keys"),
}  # fmt: skip


@pytest.mark.parametrize("how", WRONG)
def test_a_wrong_change_is_refused_with_its_reason(tmp_path: Path, how: str) -> None:
    text, words = WRONG[how]
    change(tmp_path, "redbubble", text)
    with pytest.raises(ConfigError) as caught:
        load_profile("redbubble", tmp_path)
    told = " ".join([caught.value.sentence, *caught.value.problems])
    assert words in told and "redbubble.profile.yaml" in told


def test_an_unknown_profile_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no profile 'my-portal'"):
        load_profile("my-portal", tmp_path)
    assert shipped_profile("my-portal") is None


def test_the_documented_template_is_a_profile(tmp_path: Path) -> None:
    blocks = re.findall(
        r"```yaml\n(schema: 1\n.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL
    )
    (template,) = blocks
    change(tmp_path, "my-portal", template)
    assert load_profile("my-portal", tmp_path).identity.site == "My Portal"


def test_on_and_off_are_words_in_a_profile(tmp_path: Path) -> None:
    change(tmp_path, "redbubble", "steps: [{key: products, off: .x, enable: on, disable: no}]")
    step: Any = next(s for s in load_profile("redbubble", tmp_path).steps if s.key == "products")
    assert (step.off, step.enable, step.disable) == (".x", "on", "no")
    assert yaml.safe_load("on: 1") == {True: 1}  # the ordinary loader is as it was


def test_values_are_quoted_for_their_place() -> None:
    hostile = {"t": 'a"] , body * {x} \\ \n/../?q=1#'}
    assert filled_in("https://x/{t}", hostile, "url") == (
        "https://x/a%22%5D%20%2C%20body%20%2A%20%7Bx%7D%20%5C%20%0A%2F..%2F%3Fq%3D1%23"
    )
    assert '"' not in css_text(hostile["t"]) and "\n" not in css_text(hostile["t"])
    with pytest.raises(KeyError):
        filled_in("{nothing}", {}, "text")


def test_candidates_and_signs_say_one_thing() -> None:
    assert Candidate(role="button", named="Save").shown() == "role=button named=Save"
    assert Candidate(near="Title", css="input").shown() == "near=Title"
    for wrong in ({}, {"id": "a", "text": "b"}, {"label": "x", "named": "y"}):
        with pytest.raises(ValidationError):
            Candidate(**wrong)
    assert Sign(status=(404,)).status == (404,)
