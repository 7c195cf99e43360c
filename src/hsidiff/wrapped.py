"""What wrappers around a classifier have in common: they hold it, and answer as it would."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from hsidiff.about import Cost
from hsidiff.contract import SceneClassifier
from hsidiff.errors import ModelError
from hsidiff.labels.label_map import LabelMap
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.windows.gather import Samples


@dataclass(repr=False, eq=False)
class Wrapped(SceneClassifier):
    """Parent of the wrappers. A subclass fits a copy of ``model`` in :meth:`_fit`, as ``model_``.

    It gives ``_read`` and ``_predict_proba_read``, which go by what the copy reads and says, and
    :meth:`_own_settings`.

    Attributes:
        model: the classifier; it is copied, and the copy is fitted.
        model_: the fitted copy.
    """

    model: SceneClassifier

    model_: SceneClassifier = field(init=False)

    def _own_settings(self) -> dict[str, Any]:
        """The wrapper's settings, without the classifier, as JSON values."""
        settings = self.get_params(deep=False)
        del settings["model"]
        return settings

    @property
    def _inner(self) -> SceneClassifier:
        return self.model_ if hasattr(self, "model_") else self.model

    @property
    def halo_px(self) -> int:
        """That of the classifier."""
        return self._inner.halo_px

    @property
    def transductive(self) -> bool:
        """As of the classifier."""
        return self._inner.transductive

    @property
    def compute_device(self) -> str:
        """That of the classifier."""
        return self._inner.compute_device

    @property
    def small_tiles(self) -> bool:
        """As of the classifier."""
        return self._inner.small_tiles

    def values_at(self, scene: Scene, labels: LabelMap) -> Samples:
        """As of the classifier."""
        return self._inner.values_at(scene, labels)

    def cost(self, n_bands: int, n_classes: int) -> Cost:
        """That of the classifier; a wrapper has no weights."""
        return self._inner.cost(n_bands, n_classes)

    def set_params(self, **settings: Any) -> Self:
        """Change settings. What was learned is forgotten, unless only the device is changed."""
        super().set_params(**settings)
        devices = {
            name.removeprefix("model__"): value
            for name, value in settings.items()
            if name.startswith("model__") and name.rpartition("__")[2] == "device"
        }
        if hasattr(self, "model_") and devices:
            self.model_.set_params(**devices)
        return self

    def learned_facts(self) -> dict[str, Any]:
        """Those of the classifier, and of the wrapper."""
        check_is_fitted(self, "classes_")
        return {**self.model_.learned_facts(), **self._get_learned().facts}

    def description(self) -> dict[str, Any]:
        """That of the classifier, and how it is wrapped."""
        return {**self._inner.description(), self.name: self._own_settings()}

    def _predict_proba_tile(self, cube: np.ndarray, window: Window) -> np.ndarray:
        raise NotImplementedError("a wrapper goes by what the classifier inside reads")

    def save(self, folder: str | Path) -> None:
        """Write what the wrapper learned, and the classifier into a folder inside."""
        check_is_fitted(self, "classes_")
        self._saved_model(self._own_settings()).write(folder, self.model_.save)

    def _adopt(self) -> None:
        """Take the classifier that was read from the folder inside for the fitted copy."""
        if self.model.classes_ != self.classes_:
            raise ValueError("the classifier inside knows other classes")
        self.model_ = self.model

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Refuse: only :func:`hsidiff.catalog.load_classifier` can tell what is inside.

        Raises:
            ModelError: always.
        """
        raise ModelError(f"{folder}: read a {cls.name} classifier with hsidiff.load_classifier")

    @classmethod
    def load_around(cls, model: SceneClassifier, folder: str | Path) -> Self:
        """Read what :meth:`save` wrote, around the classifier that was saved inside.

        Raises:
            MissingFileError: if the folder or a file in it is missing.
            ModelError: if a file is broken.
        """
        return cls._from_folder(folder, model=model)


def unwrapped(model: SceneClassifier) -> SceneClassifier:
    """The fitted classifier inside all wrappers."""
    while isinstance(model, Wrapped):
        model = model.model_
    return model
