"""Values and heads of two-step classifiers, as tests look at them."""

from dataclasses import fields
from typing import Any

import numpy as np

from hsidiff.heads.head import Head
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.two_step import TwoStepClassifier
from hsidiff.values.values import Values
from hsidiff.windows.tiles import read_with_halo


def settings_of(part: Values | Head) -> dict[str, Any]:
    """The settings of values or a head by name, without what they learned."""
    return {field.name: getattr(part, field.name) for field in fields(part) if field.init}


def values_at(
    model: TwoStepClassifier, scene: Scene, window: Window, margin_px: int = 0
) -> np.ndarray:
    """What a fitted classifier knows of the pixels of a window and ``margin_px`` around it."""
    seen = window.grown(margin_px)
    return model.values_.of_window(read_with_halo(scene, seen, model.values_.halo_px), seen)
