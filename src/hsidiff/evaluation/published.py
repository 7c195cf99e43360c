"""Published scores on benchmark scenes, written by hand, each with its split and its source.

Scores are in per cent, as printed. A score is worth comparing only on the same split, and the
papers state theirs incompletely: what is known of a split stands in words, and as the settings
that our own splits must have to count as the same one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class PublishedSplit:
    """The split of a published score.

    Attributes:
        words: what is known of it.
        kind: our name of that kind of split; None if it cannot be made again from what is known.
        parameters: those parameters of our split that make it the same.
        n_train: number of training pixels, or None.
        n_test: number of test pixels, or None.
    """

    words: str
    kind: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    n_train: int | None = None
    n_test: int | None = None

    def is_that_of(self, result: Mapping[str, Any]) -> bool:
        """Whether a ``result.json`` was scored on such a split.

        The pixels may be others: those of a random draw are not published.
        """
        split = result.get("split") or {}
        parameters = split.get("parameters") or {}
        counts = ((self.n_train, result.get("n_train")), (self.n_test, result.get("n_test")))
        return (
            self.kind is not None
            and split.get("kind") == self.kind
            and all(parameters.get(name) == value for name, value in self.parameters.items())
            and all(known is None or known == found for known, found in counts)
        )


@dataclass(frozen=True)
class PublishedScore:
    """One published score, in per cent.

    Attributes:
        scene: name of the benchmark.
        method: our name of the method, or the publication's where the package has none.
        overall_accuracy: as printed.
        average_accuracy: as printed; None if not stated.
        kappa: times 100, as printed; None if not stated.
        split: what it was scored on.
        source: where it is printed.
        deviation: of the overall accuracy over runs; None if not stated.
        note: what a reader should know; empty if nothing.
    """

    scene: str
    method: str
    overall_accuracy: float
    average_accuracy: float | None
    kappa: float | None
    split: PublishedSplit
    source: str
    deviation: float | None = None
    note: str = ""


def published_scores(scene: str) -> tuple[PublishedScore, ...]:
    """The published scores of a scene, by the name of its benchmark; empty if none is known."""
    return tuple(score for score in PUBLISHED_SCORES if score.scene == scene)


def is_reproduced(score: PublishedScore, overall_accuracy: float) -> bool:
    """Whether our mean overall accuracy (a fraction) reaches what was printed, in two decimals."""
    return round(100 * overall_accuracy, 2) >= score.overall_accuracy


def _random(n_train: int, n_test: int, percent: int) -> PublishedSplit:
    """The split of the SpectralDiff paper: a share of all labelled pixels, class by chance."""
    return PublishedSplit(
        f"random {percent} %, not stratified: {n_train} training, {n_test} test pixels",
        "random",
        {"train_fraction": percent / 100, "stratified": False},
        n_train,
        n_test,
    )


def _share(percent: int) -> PublishedSplit:
    return PublishedSplit(f"random {percent} %; how it was drawn is not stated")


def _per_class(n: int, rest: str) -> PublishedSplit:
    return PublishedSplit(f"{n} per class; {rest}", "per-class", {"samples_per_class": n})


def _fixed(n_train: int, n_test: int) -> PublishedSplit:
    words = f"published maps: {n_train} training, {n_test} test pixels"
    return PublishedSplit(words, "published", {}, n_train, n_test)


_UNKNOWN = PublishedSplit("not known")
_INDIAN, _PAVIA, _HOUSTON, _SALINAS = "indian-pines", "pavia-university", "houston-2013", "salinas"
_RANDOM = {
    _INDIAN: _random(1024, 9225, 10),
    _PAVIA: _random(2138, 40638, 5),
    _HOUSTON: _random(1502, 13527, 10),
}
_FIXED = {
    _INDIAN: _fixed(695, 9671),
    _PAVIA: _fixed(3921, 40002),
    _HOUSTON: _fixed(2832, 12197),
}

_SPECTRALDIFF = "Chen et al., arXiv 2304.05961"
_SPECTRALFORMER = "Hong et al., IEEE TGRS 60, 5518615; the number was not checked there"
_OF_12 = "the best of 12 settings by test accuracy; one run"
_RAW_AND_PIXELS = "its spectra without diffusion features, same transformer"
_OTHER_SPLIT = "some of its class accuracies do not fit the paper's own split"

# The tables of the SpectralDiff paper: overall accuracy, average accuracy, kappa * 100.
_SPECTRALDIFF_TABLES = {
    "knn": ((67.07, 58.14, 61.99), (85.12, 81.43, 79.82), (85.89, 84.52, 84.72)),
    "random-forest": ((74.64, 62.55, 70.68), (88.18, 83.71, 84.02), (88.21, 87.06, 87.24)),
    "svm": ((80.93, 76.09, 78.19), (93.22, 90.70, 90.96), (87.48, 87.03, 86.46)),
    "cnn-1d": ((78.78, 70.93, 75.66), (89.93, 81.72, 86.36), (84.87, 85.71, 83.66)),
    "cnn-2d": ((84.53, 80.02, 82.19), (94.45, 92.86, 92.71), (93.63, 93.34, 93.11)),
    "cnn-3d": ((81.41, 69.82, 78.60), (95.72, 92.80, 94.32), (94.20, 93.73, 93.72)),
    "minigcn": ((72.75, 69.38, 69.44), (87.82, 86.40, 83.86), (84.59, 85.01, 83.34)),
    "spectralformer": ((92.22, 80.22, 91.14), (96.88, 94.78, 95.87), (95.73, 94.38, 95.38)),
    "spectraldiff": ((98.34, 93.33, 98.11), (99.48, 98.96, 99.30), (98.82, 98.55, 98.73)),
    "SpectralDiff on raw spectra": (
        (95.37, 89.26, 94.72), (98.55, 97.66, 98.07), (96.31, 96.65, 96.01),
    ),
}  # fmt: skip
_NOTES = {"spectraldiff": _OF_12, "SpectralDiff on raw spectra": _RAW_AND_PIXELS}


def _of_spectraldiff_paper() -> tuple[PublishedScore, ...]:
    return tuple(
        PublishedScore(
            scene,
            method,
            *numbers,
            _RANDOM[scene],
            _SPECTRALDIFF,
            note=_OTHER_SPLIT
            if (scene, method) == (_INDIAN, "spectralformer")
            else _NOTES.get(method, ""),
        )
        for method, of_scenes in _SPECTRALDIFF_TABLES.items()
        for scene, numbers in zip(_RANDOM, of_scenes, strict=True)
    )


_MAMBA = "results picture of the repository li-yapeng/MambaHSI"
_MAMBA_SPLIT = _per_class(30, "10 more per class to choose the epoch")
_HYPERSIGMA = "RESULTS.md of the repository chunghoon0629/hypersigma-benchmark"
_HYPERSIGMA_SPLIT = _per_class(50, "10 seeds")
_A2S2K = "README of A2S2K-ResNet"
_SSRN = "README of the repository zilongzhong/SSRN"
_HYBRIDSN = "README of the repository gokriznastic/HybridSN"
_MHSSMAMBA = "abstract of arXiv 2408.01224"
_DIFFSPECTRALNET = "Sigger et al., Scientific Reports 14:8438, arXiv 2312.12441; second hand"
_MISPRINT = "probably a misprint: its average accuracy is 79.93, its kappa 77.40"

PUBLISHED_SCORES: tuple[PublishedScore, ...] = (
    *_of_spectraldiff_paper(),
    PublishedScore(_INDIAN, "diffspectralnet", 99.06, None, None, _UNKNOWN, _DIFFSPECTRALNET),
    PublishedScore(_PAVIA, "diffspectralnet", 99.74, None, None, _UNKNOWN, _DIFFSPECTRALNET),
    PublishedScore(_SALINAS, "diffspectralnet", 99.87, None, None, _UNKNOWN, _DIFFSPECTRALNET),
    PublishedScore(_INDIAN, "spectralformer", 81.76, 87.81, 79.19, _FIXED[_INDIAN],
                   _SPECTRALFORMER),
    PublishedScore(_PAVIA, "spectralformer", 91.07, 90.20, 88.05, _FIXED[_PAVIA],
                   _SPECTRALFORMER),
    PublishedScore(_HOUSTON, "spectralformer", 88.01, 88.91, 86.99, _FIXED[_HOUSTON],
                   _SPECTRALFORMER),
    PublishedScore(_INDIAN, "minigcn", 75.11, None, None, _FIXED[_INDIAN], _SPECTRALFORMER),
    PublishedScore(_PAVIA, "minigcn", 79.79, None, None, _FIXED[_PAVIA], _SPECTRALFORMER),
    PublishedScore(_HOUSTON, "minigcn", 81.71, None, None, _FIXED[_HOUSTON], _SPECTRALFORMER),
    PublishedScore(_INDIAN, "A2S2K-ResNet", 98.66, None, None, _share(10), _A2S2K),
    PublishedScore(_PAVIA, "A2S2K-ResNet", 99.85, None, None, _share(10), _A2S2K),
    PublishedScore(_INDIAN, "SSRN", 99.44, None, None, _share(20), _SSRN, note="best run"),
    PublishedScore(_PAVIA, "SSRN", 99.91, None, None, _share(10), _SSRN),
    PublishedScore(_INDIAN, "HybridSN", 99.86, None, None, _share(30), _HYBRIDSN, note="one run"),
    PublishedScore(_PAVIA, "HybridSN", 99.98, None, None, _share(30), _HYBRIDSN, note="one run"),
    PublishedScore(_SALINAS, "HybridSN", 100.0, None, None, _share(30), _HYBRIDSN, note="one run"),
    PublishedScore(_INDIAN, "HyperSIGMA", 93.22, 96.22, 92.2, _HYPERSIGMA_SPLIT, _HYPERSIGMA, 0.99,
                   "an independent rerun"),
    PublishedScore(_PAVIA, "HyperSIGMA", 96.82, 97.36, 95.6, _HYPERSIGMA_SPLIT, _HYPERSIGMA, 1.03,
                   "an independent rerun"),
    PublishedScore(_PAVIA, "MambaHSI", 95.74, 95.86, 95.00, _MAMBA_SPLIT, _MAMBA, 0.90),
    PublishedScore(_PAVIA, "CLOLN", 94.97, None, None, _MAMBA_SPLIT, _MAMBA),
    PublishedScore(_PAVIA, "GiGCN", 94.47, None, None, _MAMBA_SPLIT, _MAMBA),
    PublishedScore(_PAVIA, "GSC-ViT", 92.65, None, None, _MAMBA_SPLIT, _MAMBA),
    PublishedScore(_PAVIA, "spectralformer", 91.10, 79.93, 77.40, _MAMBA_SPLIT, _MAMBA,
                   note=_MISPRINT),
    PublishedScore(_PAVIA, "svm", 71.31, None, None, _MAMBA_SPLIT, _MAMBA),
    PublishedScore(_HOUSTON, "MambaHSI", 94.46, 95.34, 94.21, _MAMBA_SPLIT, _MAMBA, 0.83),
    PublishedScore(_HOUSTON, "GSC-ViT", 91.85, None, None, _MAMBA_SPLIT, _MAMBA),
    PublishedScore(_HOUSTON, "DMSGer", 90.36, None, None, _MAMBA_SPLIT, _MAMBA),
    PublishedScore(_HOUSTON, "CLOLN", 90.31, None, None, _MAMBA_SPLIT, _MAMBA),
    PublishedScore(_HOUSTON, "spectralformer", 89.13, None, None, _MAMBA_SPLIT, _MAMBA),
    PublishedScore(_HOUSTON, "svm", 79.63, None, None, _MAMBA_SPLIT, _MAMBA),
    PublishedScore(_PAVIA, "MASSFormer", 96.74, 94.28, 95.66,
                   PublishedSplit("0.5 %; how it was drawn is not stated"),
                   "results of the repository hz63/MASSFormer"),
    PublishedScore(_PAVIA, "MHSSMamba", 97.62, None, None, _UNKNOWN, _MHSSMAMBA),
    PublishedScore(_HOUSTON, "MHSSMamba", 96.92, None, None, _UNKNOWN, _MHSSMAMBA),
    PublishedScore(_SALINAS, "MHSSMamba", 96.85, None, None, _UNKNOWN, _MHSSMAMBA),
    PublishedScore(_HOUSTON, "MixerSENet", 82.47, None, None, _UNKNOWN,
                   "abstract of arXiv 2606.01700"),
)  # fmt: skip
"""All of them, the SpectralDiff paper's tables first."""
