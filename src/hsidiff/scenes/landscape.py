"""The plan of an imaginary landscape: fields, woods, a river, ponds, roads and villages.

Drawn on a grid finer than the pixels, one object after the other, so that the pixels of the scene
mix what meets in them.
"""

from dataclasses import dataclass, field

import numpy as np
from scipy import ndimage

# Grid cells per pixel side: nine cells decide what a pixel mixes.
CELLS_PER_PX = 3

FIELD_MATERIALS = (
    "wheat", "maize", "ripe cereal", "meadow", "bare soil",
    "sugar beet", "greenhouse", "stubble", "orchard",
)  # fmt: skip
WOOD_MATERIALS = ("broadleaf", "conifer")
ROOF_MATERIALS = ("tiles", "concrete", "metal")


@dataclass
class Landscape:
    """What lies where; objects are painted over one another.

    Attributes:
        rows: row of each cell's centre in pixels, (cell rows, 1).
        cols: column of each cell's centre in pixels, (1, cell cols).
        objects: (cell rows, cell cols) int, index of the topmost object.
        materials: material of each object.
        labelled: whether each object is surveyed, so that its pixels may carry a label.
        angles: direction of planted rows of each object, in radians.
        sunlit: (cell rows, cell cols) float, share of sunlight: 1, less in shadows.
    """

    rows: np.ndarray
    cols: np.ndarray
    objects: np.ndarray
    sunlit: np.ndarray
    materials: list[str] = field(default_factory=list)
    labelled: list[bool] = field(default_factory=list)
    angles: list[float] = field(default_factory=list)

    @classmethod
    def empty(cls, shape: tuple[int, int]) -> "Landscape":
        """A landscape of ``shape`` (rows, cols) pixels without objects."""
        n_rows, n_cols = (n * CELLS_PER_PX for n in shape)
        rows = (np.arange(n_rows)[:, None] + 0.5) / CELLS_PER_PX
        cols = (np.arange(n_cols)[None, :] + 0.5) / CELLS_PER_PX
        cells = (n_rows, n_cols)
        return cls(rows, cols, np.zeros(cells, dtype=np.int32), np.ones(cells))

    @property
    def shape_px(self) -> tuple[int, int]:
        """Rows and columns in pixels."""
        n_rows, n_cols = self.objects.shape
        return n_rows // CELLS_PER_PX, n_cols // CELLS_PER_PX

    @property
    def extent_px(self) -> tuple[float, float]:
        """Where the middles of the last cells lie: row and column in pixels."""
        return float(self.rows[-1, 0]), float(self.cols[0, -1])

    def paint(
        self, mask: np.ndarray, material: str, *, labelled: bool = True, angle: float = 0.0
    ) -> None:
        """Add an object where ``mask`` (cell rows, cell cols) is True."""
        self.objects[mask] = len(self.materials)
        self.materials.append(material)
        self.labelled.append(labelled)
        self.angles.append(angle)

    def rotated(self, row: float, col: float, angle: float) -> tuple[np.ndarray, np.ndarray]:
        """Coordinates of the cells in pixels, along and across ``angle``, from (row, col)."""
        along = (self.cols - col) * np.cos(angle) + (self.rows - row) * np.sin(angle)
        across = (self.rows - row) * np.cos(angle) - (self.cols - col) * np.sin(angle)
        return along, across


def draw_landscape(
    shape: tuple[int, int], materials: tuple[str, ...], rng: np.random.Generator
) -> Landscape:
    """Draw a landscape.

    Args:
        shape: rows, cols in pixels.
        materials: the materials to use for fields, woods and roofs.
        rng: decides everything.
    """
    land = Landscape.empty(shape)
    n_px = shape[0] * shape[1]
    _draw_fields(land, [name for name in FIELD_MATERIALS if name in materials], rng)
    _draw_woods(land, [name for name in WOOD_MATERIALS if name in materials], n_px // 1100, rng)
    _draw_water(land, max(4, n_px // 3500), rng)
    crossing = _draw_roads(land, rng)
    roofs = [name for name in ROOF_MATERIALS if name in materials]
    _draw_villages(land, roofs, max(5, n_px // 2400), crossing, rng)
    _draw_farms(land, roofs, len(roofs) * n_px // 2000, rng)
    return land


def _spread_points(n: int, land: Landscape, rng: np.random.Generator) -> np.ndarray:
    """(n, 2) rows and cols in pixels, far from each other: Mitchell's best candidate."""
    extent = np.array(land.extent_px)
    points = [extent * rng.uniform(0.1, 0.9, 2)]
    for _ in range(n - 1):
        candidates = extent * rng.uniform(0.06, 0.94, (24, 2))
        distances = np.linalg.norm(candidates[:, None] - np.array(points), axis=2).min(axis=1)
        points.append(candidates[np.argmax(distances)])
    return np.array(points)


def _draw_fields(land: Landscape, materials: list[str], rng: np.random.Generator) -> None:
    """Parcels in strips; each part of the country has strips of its own direction."""
    seeds = _spread_points(max(4, land.objects.size // 40000), land, rng)
    distances = [np.hypot(land.rows - row, land.cols - col) for row, col in seeds]
    country = np.argmin(distances, axis=0)
    parcels = np.zeros(land.objects.shape, dtype=np.int64)
    angles = rng.uniform(0, np.pi, len(seeds))
    for part, ((row, col), angle) in enumerate(zip(seeds, angles, strict=True)):
        along, across = land.rotated(row, col, angle)
        strip_edges = np.cumsum(rng.uniform(9, 16, 60)) - 300
        strips = np.searchsorted(strip_edges, across)
        shifts, lengths = rng.uniform(0, 30, 61)[strips], rng.uniform(15, 27, 61)[strips]
        pieces = np.floor((along + shifts) / lengths).astype(np.int64) + 100
        inside = country == part
        parcels[inside] = ((part * 100 + strips) * 200 + pieces)[inside]
    _, parcels = np.unique(parcels, return_inverse=True)
    areas = np.bincount(parcels.ravel())
    sown = dict.fromkeys(materials, 0.0)
    costly = {"greenhouse": 1.6}  # Glass takes less land than a crop.
    for parcel in rng.permutation(len(areas)):
        material = min(sown, key=lambda name: sown[name])
        sown[material] += areas[parcel] * costly.get(material, 1.0)
        mask = parcels == parcel
        part = int(country[mask][0])
        land.paint(mask, material, labelled=rng.random() > 0.12, angle=float(angles[part]))
    land.paint(_edges(parcels), "meadow", labelled=False)
    land.paint(ndimage.binary_dilation(_edges(country)), "track", labelled=False)


def _edges(ids: np.ndarray) -> np.ndarray:
    """True where a cell's lower or right neighbour has another id."""
    edges = np.zeros(ids.shape, dtype=bool)
    edges[:-1] |= ids[:-1] != ids[1:]
    edges[:, :-1] |= ids[:, :-1] != ids[:, 1:]
    return edges


def _draw_woods(land: Landscape, materials: list[str], n: int, rng: np.random.Generator) -> None:
    """Woods of irregular outline that throw a shadow to the north-west."""
    for number, (row, col) in enumerate(_spread_points(n, land, rng)):
        wood = _irregular_patch(land, (row, col), rng.uniform(5.5, 8.5), rng)
        _shade(land, wood, reach=2)
        land.paint(wood, materials[number % len(materials)])


def _irregular_patch(
    land: Landscape, center: tuple[float, float], radius_px: float, rng: np.random.Generator
) -> np.ndarray:
    """True inside a wavy outline around ``center`` (row, col); (cell rows, cell cols)."""
    rows, cols = land.rows - center[0], land.cols - center[1]
    bearing = np.arctan2(rows, cols)
    radius = np.full(land.objects.shape, radius_px)
    for wave in (2, 3, 5, 8):
        radius *= 1 + 0.5 / wave * rng.normal() * np.cos(wave * bearing + rng.uniform(0, 6.3))
    return np.hypot(rows, cols) < radius


def _shade(land: Landscape, mask: np.ndarray, reach: int) -> None:
    """Shade ``reach`` cells to the north-west of an object, which itself stands in the sun."""
    shadow = mask.copy()
    for step in range(1, reach + 1):
        shadow[:-step, :-step] |= mask[step:, step:]
    land.sunlit[shadow] = 0.4
    land.sunlit[mask] = 1.0


def _draw_water(land: Landscape, n_ponds: int, rng: np.random.Generator) -> None:
    """A river from north to south between trees, and ponds."""
    height, width = land.extent_px
    phase, swing = rng.uniform(0, 6.3), rng.uniform(0.06, 0.1) * width
    middle = width * rng.uniform(0.3, 0.7)
    turns = 2 * np.pi * land.rows / height
    course = middle + swing * np.sin(1.3 * turns + phase) + 0.3 * swing * np.sin(3.7 * turns)
    distance = np.abs(land.cols - course)
    half_width = 2.4 + 0.5 * np.sin(2.1 * turns + 2 * phase)
    thickets = ndimage.gaussian_filter(rng.normal(size=land.objects.shape), 5) > -0.02
    trees = thickets & (distance < half_width + 1.8)
    land.paint(trees, "broadleaf", labelled=False)
    ponds = []
    for row, col in _spread_points(n_ponds, land, rng):
        along, across = land.rotated(row, col, rng.uniform(0, np.pi))
        ponds.append((along / rng.uniform(3.5, 5.5)) ** 2 + (across / rng.uniform(2.5, 4)) ** 2 < 1)
    for water in (distance < half_width, *ponds):
        land.sunlit[water] = 1.0
        land.paint(water, "water")


def _draw_roads(land: Landscape, rng: np.random.Generator) -> tuple[float, float]:
    """Two main roads that cross, one of them over the river; gives the crossing (row, col)."""
    height, width = land.extent_px
    row, col = height * rng.uniform(0.4, 0.6), width * rng.uniform(0.2, 0.8)
    for flip in (0.0, np.pi / 2):
        along, across = land.rotated(row, col, flip + rng.uniform(-0.3, 0.3))
        bend = rng.uniform(3, 6) * np.sin(along / rng.uniform(18, 26))
        road = np.abs(across - bend) < rng.uniform(1.3, 1.6)
        land.sunlit[road] = 1.0
        land.paint(road, "asphalt")
    return row, col


def _buildable(land: Landscape) -> np.ndarray:
    """(cell rows, cell cols) bool, False on water, roads, woods, gardens and roofs."""
    taken = ("water", "asphalt", "garden", *WOOD_MATERIALS, *ROOF_MATERIALS)
    return np.array([material not in taken for material in land.materials])[land.objects]


def _draw_villages(
    land: Landscape,
    roofs: list[str],
    n: int,
    crossing: tuple[float, float],
    rng: np.random.Generator,
) -> None:
    """Villages of tiled houses; where other roofs are in use, every other is a works site."""
    places = _spread_points(n, land, rng)
    places[0] = crossing
    free = _buildable(land)
    for number, (row, col) in enumerate(places):
        ground = _irregular_patch(land, (row, col), rng.uniform(11, 14.5), rng) & free
        land.sunlit[ground] = 1.0
        land.paint(ground, "garden", labelled=False)
        along, across = land.rotated(row, col, rng.uniform(0, np.pi / 2))
        street = (np.abs(across) < 1.2) | (np.abs(along) < 0.9)
        yard = (np.abs(along - 4) < 3.2) & (np.abs(across - 3) < 2.6)
        land.paint(ground & (street | yard), "asphalt")
        if len(roofs) > 1 and number % 2 == 1:
            _draw_houses(land, ground, along, across, roofs[1:], (9.5, 8.0), rng)
        else:
            _draw_houses(land, ground, along, across, roofs[:1], (6.8, 6.0), rng)


def _draw_houses(
    land: Landscape,
    ground: np.ndarray,
    along: np.ndarray,
    across: np.ndarray,
    roofs: list[str],
    lot_px: tuple[float, float],
    rng: np.random.Generator,
) -> None:
    """One house to a lot, some lots empty, no house half outside the village."""
    positions = np.arange(-2.5, 3.0)
    n_built = 0
    for u in positions * lot_px[0]:
        for v in positions * lot_px[1]:
            shift_u, shift_v = rng.uniform(-0.7, 0.7, 2)
            half_u, half_v = np.array(lot_px) * rng.uniform(0.3, 0.4, 2)
            house = np.abs(along - u - shift_u) < half_u
            house &= np.abs(across - v - shift_v) < half_v
            if rng.random() < 0.85 and house.any() and ground[house].all():
                _shade(land, house, reach=3)
                land.paint(house, roofs[n_built % len(roofs)])
                n_built += 1


def _draw_farms(land: Landscape, roofs: list[str], n: int, rng: np.random.Generator) -> None:
    """Single barns in green yards between the fields, each kind of roof in turn."""
    n_built = 0
    for row, col in _spread_points(3 * n, land, rng):
        free = _buildable(land)
        along, across = land.rotated(row, col, rng.uniform(0, np.pi))
        barn = (np.abs(along) < rng.uniform(2.6, 3.4)) & (np.abs(across) < rng.uniform(2, 2.6))
        yard = _irregular_patch(land, (row, col), rng.uniform(4.5, 6), rng) & free
        if n_built == n or not free[barn].all():
            continue
        land.sunlit[yard] = 1.0
        land.paint(yard, "garden", labelled=False)
        _shade(land, barn, reach=3)
        land.paint(barn, roofs[n_built % len(roofs)])
        n_built += 1
