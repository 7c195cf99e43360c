"""Labels that were held out, with what was predicted of them by classifiers that never saw them."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from hsidiff.errors import SettingError
from hsidiff.files import write_whole
from hsidiff.labels.label_map import LabelMap, LandClass, most_probable_of


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Held-out labels and what was predicted of them.

    Attributes:
        labels: the labels that were held out; their legend is the order of the classes.
        class_map: (rows, cols) int32, the class predicted of each; 0 elsewhere.
        probabilities: (n, n_classes) float32, the probabilities of each, row by row; 0 for a class
            that the classifier did not know.
    """

    labels: LabelMap
    class_map: np.ndarray = field(repr=False)
    probabilities: np.ndarray = field(repr=False)

    @property
    def is_right(self) -> np.ndarray:
        """(rows, cols) bool, where a held-out label was predicted right."""
        return (self.labels.values > 0) & (self.class_map == self.labels.values)

    def save(self, path: str | Path) -> None:
        """Write ``labels``, ``class_map`` and ``probabilities`` to one ``.npz`` file, no pickle."""
        classes = json.dumps([asdict(c) for c in self.labels.classes], ensure_ascii=False)
        with write_whole(path) as temporary, temporary.open("wb") as stream:
            np.savez_compressed(
                stream,
                labels=self.labels.values,
                class_map=self.class_map,
                probabilities=self.probabilities,
                classes=np.array(classes),
            )

    @classmethod
    def load(cls, path: str | Path) -> "HeldOut":
        """Read what :meth:`save` wrote.

        Raises:
            SettingError: if the file holds something else.
        """
        try:
            with Path(path).open("rb") as stream:
                arrays = dict(np.load(stream, allow_pickle=False))
            classes = tuple(LandClass(**c) for c in json.loads(str(arrays["classes"])))
            labels = LabelMap(arrays["labels"], classes)
            return cls(labels, arrays["class_map"], arrays["probabilities"])
        except Exception as error:  # a foreign or broken file makes NumPy raise nearly anything
            raise SettingError(
                f"{path} holds no held-out predictions, or is broken: make the result again"
            ) from error


def held_out_of(labels: LabelMap, probabilities: np.ndarray) -> HeldOut:
    """Held-out labels with the class of the highest of their probabilities (n, n_classes)."""
    class_map = np.zeros(labels.shape, dtype=np.int32)
    class_map[labels.values > 0] = most_probable_of(labels.classes, probabilities)
    return HeldOut(labels, class_map, probabilities)
