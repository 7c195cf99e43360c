"""What a page may send, checked by pydantic before anything is done with it."""

from typing import Annotated, Literal

from fastapi import Body
from pydantic import BaseModel, ConfigDict, Field

Position = tuple[float, float]
Path = Annotated[list[Position], Field(min_length=1, max_length=5_000)]
Radius = Annotated[float, Field(ge=0, le=200)]
Text = Annotated[str, Field(min_length=1, max_length=200)]


class Strict(BaseModel):
    """A request without unknown fields."""

    model_config = ConfigDict(extra="forbid")


class AddPoint(Strict):
    """Label a pixel."""

    do: Literal["point"]
    class_id: int
    at: Position


class AddPolygon(Strict):
    """Label an area."""

    do: Literal["polygon"]
    class_id: int
    corners: Path


class Paint(Strict):
    """Label what a brush covers."""

    do: Literal["paint"]
    class_id: int
    path: Path
    radius_px: Radius


class Erase(Strict):
    """Take labels away under a brush."""

    do: Literal["erase"]
    path: Path
    radius_px: Radius


class Travel(Strict):
    """Undo, or redo."""

    do: Literal["undo", "redo"]


class AddClass(Strict):
    """Add a class."""

    do: Literal["add-class"]
    name: Text


class ChangeClass(Strict):
    """Rename or recolour a class."""

    do: Literal["change-class"]
    class_id: int
    name: Text
    color: Text


class RemoveClass(Strict):
    """Remove a class with its labels."""

    do: Literal["remove-class"]
    class_id: int


Change = Annotated[
    AddPoint | AddPolygon | Paint | Erase | Travel | AddClass | ChangeClass | RemoveClass,
    Body(discriminator="do"),
]


class Train(Strict):
    """Train a map."""

    method: Text
    profile: Text | None = None
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0


class Live(Strict):
    """Switch the live map on or off."""

    on: bool
