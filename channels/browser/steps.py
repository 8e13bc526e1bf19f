"""The steps of a flow: a closed set of verbs, each with its own typed data. No step can hold code.

A step names locators and fields of its profile. The engine knows how to carry a verb out; a profile only says
on what, with what, and what must be true afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,59}$")]


class Strict(BaseModel):
    """Data of a profile: frozen, and strict about unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class StepBase(Strict):
    """What every step may say. ``when`` and ``unless`` name fields that must (not) have a value."""

    key: Key
    when: tuple[Key, ...] = ()
    unless: tuple[Key, ...] = ()
    layouts: tuple[Key, ...] = ()
    seconds: float = Field(15.0, gt=0, le=900, description="How long it may take.")
    walk: bool | None = Field(None, description="Whether a check takes this step; it never writes.")
    declares: str = Field("", description="Declaration about the image that this step makes.")

    def uses(self) -> tuple[str, ...]:
        """Names of the locators that it refers to."""
        return tuple(
            v for n in ("on", "expect", "opens", "apply", "input", "chips", "suggestions", "done")
            if isinstance(v := getattr(self, n, None), str) and v
        )  # fmt: skip

    def reads(self) -> tuple[str, ...]:
        """Names of the fields that it refers to."""
        return tuple(
            v
            for n in ("value", "each", "named")
            if isinstance(v := getattr(self, n, None), str) and v
        )

    @property
    def walks(self) -> bool:
        """Whether a check may take it: by default only what moves about."""
        moves = getattr(self, "do", "") in ("goto", "expect", "scroll", "dialogs", "if_present")
        return moves if self.walk is None else self.walk


class Goto(StepBase):
    """Open a page; ``expect`` must be there afterwards."""

    do: Literal["goto"]
    url: str
    expect: Key | None = None


class Expect(StepBase):
    """Wait until a control is there."""

    do: Literal["expect"]
    on: Key


class Choose(StepBase):
    """Click one thing that leads on; ``expect`` must be there afterwards."""

    do: Literal["choose"]
    on: Key
    expect: Key | None = None
    saves: bool = Field(False, description="As of `press`: all is read back before it.")


class Arrived(Strict):
    """One sign that the bytes are there. All that a step lists must hold."""

    kind: Literal["appears", "vanishes", "enabled", "number", "counter"]
    on: Key
    attribute: str = ""
    full: tuple[float, ...] = Field((1.0, 100.0), description="Values of a number that mean whole.")


class Upload(StepBase):
    """Hand the file over: to an input, or to the chooser that a click opens."""

    do: Literal["upload"]
    on: Key
    route: Literal["input", "chooser"] = "input"
    verify: Annotated[tuple[Arrived, ...], Field(min_length=1)]
    begins: float = Field(20.0, gt=0, description="Seconds until something must have changed.")
    refused: Key | None = Field(None, description="A visible message of this place is a refusal.")
    already: Key | None = Field(
        None, description="There when the file lies there: nothing is sent."
    )
    fresh: bool = Field(True, description="Fail when signs of a file are there before.")
    named: Key | None = Field(None, description="Field with the file's name at the site.")

    def uses(self) -> tuple[str, ...]:
        """Also what it verifies with."""
        further = (k for k in (self.refused, self.already) if k is not None)
        return (*super().uses(), *(a.on for a in self.verify), *further)


class Fill(StepBase):
    """Write a text and read it back."""

    do: Literal["fill"]
    on: Key
    value: Key
    commit: Literal["", "Enter", "Tab"] = ""
    required: bool = True


class Chips(StepBase):
    """Fill a chip editor, one chip at a time, and read the chips back."""

    do: Literal["chips"]
    on: Key
    value: Key
    chips: Key = Field(description="Locator of the chips that are there.")
    remove: str = Field("", description="CSS, inside a chip, of what removes it.")
    commit: Literal["Enter", "Tab", ","] = "Enter"
    add: Key | None = Field(None, description="A button that commits in place of a key.")
    separator: str = Field(
        " ", description="What stands for spaces in a chip: some sites want dashes."
    )
    least: int = Field(1, ge=0, description="At least so many must be accepted.")
    rejected: str = Field("", description="CSS, of a chip that the site refuses.")
    suggestions: Key | None = Field(None, description="A list that Escape closes.")

    def uses(self) -> tuple[str, ...]:
        """Also the button."""
        return (*super().uses(), *((self.add,) if self.add else ()))


class Check(StepBase):
    """Bring a tick box into a state; never a blind click. ``value`` empty means on."""

    do: Literal["check"]
    on: Key
    value: Key | None = None
    label: Key | None = Field(None, description="What to click where the box itself is hidden.")
    required: bool = True

    def uses(self) -> tuple[str, ...]:
        """Also the label."""
        return (*super().uses(), *((self.label,) if self.label else ()))


class Radio(StepBase):
    """Choose one of several: the value of the field is looked up in ``options``."""

    do: Literal["radio"]
    value: Key
    options: dict[str, Key]
    label: dict[str, Key] = Field(default_factory=dict)

    def uses(self) -> tuple[str, ...]:
        """Every option."""
        return (*self.options.values(), *self.label.values())


class Select(StepBase):
    """Choose an entry of a list by its value or its text."""

    do: Literal["select"]
    on: Key
    value: Key
    by: Literal["value", "text", "contains"] = "value"
    required: bool = True


class Products(StepBase):
    """Switch exactly the wanted products on; one that is not on the page is a warning."""

    do: Literal["products"]
    value: Key
    cards: Key = Field(description="All cards.")
    attribute: str = Field(description="Attribute of a card that has the product's key.")
    off: str = Field(description="CSS that a card matches while it is off.")
    enable: str = Field(description="CSS, inside a card, of what switches it on.")
    disable: str
    required: bool = Field(True, description="At least one product must be on.")

    def uses(self) -> tuple[str, ...]:
        """The cards."""
        return (self.cards,)


class Slider(StepBase):
    """Set a range input, and read what it shows."""

    do: Literal["slider"]
    on: Key
    value: Key


class Colour(StepBase):
    """Open a colour box, write a hexadecimal colour, commit it."""

    do: Literal["colour"]
    on: Key
    value: Key
    input: Key
    commit: Literal["Enter", "Tab"] = "Enter"


class Tree(StepBase):
    """Pick a path in a tree of choices, one level after the other, then apply it."""

    do: Literal["tree"]
    on: Key = Field(description="What opens the tree.")
    value: Key = Field(description="The path; its parts are separated by ' > ' or are a list.")
    entries: Key | Annotated[tuple[Key, ...], Field(min_length=1)] = Field(
        description="The entries of all levels, or those of each where a level has its own pane."
    )
    apply: Key | None = None
    shows: Key | None = Field(None, description="Shows the path that the form took; read back.")

    @property
    def panes(self) -> tuple[str, ...]:
        """Locators of the entries, one where all levels are in one place."""
        return (self.entries,) if isinstance(self.entries, str) else self.entries

    def uses(self) -> tuple[str, ...]:
        """Also the entries, and what shows the path."""
        return (*super().uses(), *self.panes, *((self.shows,) if self.shows else ()))


class Pick(StepBase):
    """Click one of several entries by its text; without a text the first, which the site suggests."""

    do: Literal["pick"]
    on: Key
    value: Key


class ForEach(StepBase):
    """Do the steps once for every value of a list; ``{each}`` is the value."""

    do: Literal["for_each"]
    each: Key
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]


class IfPresent(StepBase):
    """Do the steps when a control is there by the end of ``seconds``; otherwise go on."""

    do: Literal["if_present"]
    on: Key
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]
    seconds: float = Field(1.0, gt=0, le=60)


class Scroll(StepBase):
    """Scroll until a control is mounted."""

    do: Literal["scroll"]
    on: Key


class Dialogs(StepBase):
    """What happens to the browser's own dialogs from here on."""

    do: Literal["dialogs"]
    confirm: Literal["accept", "dismiss"]


class CaptureStep(StepBase):
    """Note a fact of the page in the receipt."""

    do: Literal["capture"]
    on: Key
    attribute: str = ""
    pattern: str = r"(?s)(?P<value>.*)"
    name: Key


class Assert(StepBase):
    """Something must be so before the flow goes on."""

    do: Literal["assert"]
    on: Key
    is_: Annotated[Literal["present", "absent", "enabled", "checked", "below"], Field(alias="is")]
    limit: float = Field(0.0, description="For `below`: the number in the text is smaller.")
    text: str = Field("", description="What is wrong when it is not so.")


class Press(StepBase):
    """Click something that neither leaves the form nor submits it, such as applying a dialog."""

    do: Literal["press"]
    on: Key
    done: Key | None = Field(None, description="What is gone afterwards.")
    saves: bool = Field(
        False,
        description="It keeps what was filled in so far and closes it; all is read back before.",
    )


class Submit(StepBase):
    """The point of no return: one click, by us or by the person."""

    do: Literal["submit"]
    on: Key
    required: tuple[Key, ...] = Field((), description="Steps that must have been verified.")


Step = Annotated[
    Goto | Expect | Choose | Upload | Fill | Chips | Check | Radio | Select | Products | Slider | Colour
    | Tree | Pick | ForEach | IfPresent | Scroll | Dialogs | CaptureStep | Assert | Press | Submit,
    Field(discriminator="do"),
]  # fmt: skip

ForEach.model_rebuild()
IfPresent.model_rebuild()


def walked(steps: Sequence[Step]) -> Iterator[Step]:
    """All steps, those inside of others too, in order."""
    for step in steps:
        yield step
        if isinstance(step, (ForEach, IfPresent)):
            yield from walked(step.steps)


def keyed(keys: Iterable[str]) -> list[str]:
    """The keys that occur more than once."""
    seen: set[str] = set()
    return [k for k in keys if k in seen or seen.add(k)]  # type: ignore[func-returns-value]
