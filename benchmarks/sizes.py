"""How large the work of each row is: as published, or tiny, to try the code."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Sizes:
    """Sizes of the work; the defaults are those of ``make bench``.

    Attributes:
        n_repeats: rounds of each measurement; the fastest counts.
        n_scene_repeats: rounds of whole-scene features, which take longest.
        scene_px: side of the scene of features, main job and heads.
        n_bands: its bands.
        n_classes: its classes.
        samples_per_class: training labels of main job and heads.
        widths: of the paper's network.
        n_crops: crops of 16 px in one of its training steps.
        tile_px: side of the reference's tiles.
        patch_px: side of the reference's patches around a pixel.
        n_patches: pixels from which the time of all is estimated.
        fast_steps: training steps of a ``fast`` denoiser that are timed together.
        pretrain_steps: of the fitted models; None takes the profile's.
        method_settings: of the main job's methods, as lines of an experiment's file.
        head_epochs: epochs of the paper's head that are timed, of those that it takes.
        predicted_rows: rows of the scene that the heads classify.
        mapped_bands: bands of the scenes on disk.
        mapped_sides_px: sides of the scenes on disk.
        shared_side_px: side of the scene that two workers share.
        archive_side_px: side of the smallest scene of the small archive.
        matrix_sizes: sides of the matrices that are multiplied to find the machine's ceiling.
        copied_bytes: how much memory is copied for it.
    """

    n_repeats: int = 3
    n_scene_repeats: int = 2
    scene_px: int = 145
    n_bands: int = 200
    n_classes: int = 16
    samples_per_class: int = 30
    widths: tuple[int, ...] = (16, 32, 64, 128)
    n_crops: int = 8
    tile_px: int = 64
    patch_px: int = 16
    n_patches: int = 16
    fast_steps: int = 20
    pretrain_steps: int | None = None
    method_settings: Mapping[str, str] = field(default_factory=dict)
    head_epochs: int = 2
    predicted_rows: int = 32
    mapped_bands: int = 32
    mapped_sides_px: tuple[int, ...] = (100, 200, 316, 632)
    shared_side_px: int = 672
    archive_side_px: int = 448
    matrix_sizes: tuple[int, ...] = (1024, 2048, 4096)
    copied_bytes: int = 2**29

    @property
    def few_steps(self) -> int:
        """Training steps of a model of which only the time counts that comes after them."""
        return self.pretrain_steps or 20


BENCH = Sizes()
FULL_SIDES_PX = (*BENCH.mapped_sides_px, 1265, 2000)
"""Up to 4 million pixels, for ``make bench-full``."""

TINY = Sizes(
    n_repeats=2,
    scene_px=96,
    n_bands=16,
    n_classes=8,
    samples_per_class=4,
    widths=(4, 4, 8),
    n_crops=2,
    patch_px=8,
    n_patches=2,
    fast_steps=2,
    pretrain_steps=2,
    method_settings={
        "spectraldiff": 'head = "linear"',
        "diffspectralnet": 'head = "linear"',
        "diffcrn": 'head = "linear"\ntimesteps = [50]\nstages = ["spatial"]',
    },
    head_epochs=1,
    predicted_rows=2,
    mapped_bands=12,
    mapped_sides_px=(96,),
    shared_side_px=128,
    archive_side_px=128,
    matrix_sizes=(64,),
    copied_bytes=2**16,
)
"""A dry run of every row takes seconds; its figures mean nothing."""
