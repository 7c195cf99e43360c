"""Which colour a class gets where nobody chose one: by what its name means, and apart from others.

The first colours of all meanings lie 18 or more apart (CIE76), to colour-blind readers, too. A
class gets the first colour of its meaning that lies far enough from those taken, so its colour may
depend on the other classes.
"""

import colorsys
import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np

from hsidiff.labels.hex_colors import hex_color
from hsidiff.labels.seen_colors import distances, seen

LEAST_DISTANCE, LEAST_WITHIN_MEANING = 11.0, 7.0
"""A difference of about 2 can just be seen side by side; across a map and its legend more helps."""
MOST_CHOSEN = 48
"""Beyond so many classes no colours are apart, and hues a golden angle apart will do."""

# The words of a name that decide (a word of four letters or more also as the begin or end of
# another, so that "wood" is in "woodland" and "wald" in "Nadelwald"), and colours to choose from.
_MEANINGS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("shadow shade schatten ombre sombra", ("#000029", "#1c1c3c", "#33334d")),
    ("building roof house residential commercial urban metal brick tile buildings haus dach "
     "gebäude bâtiment edificio settlement industrial built", ("#b14a57", "#d98880", "#7d1f2e",
     "#e8b4b0", "#e0245e")),
    ("road street asphalt asphalte bitumen highway parking impervious pavement concrete paved "
     "drive straße strasse route sealed versiegelt tarmac runway", ("#3e485e", "#6f7d96",
     "#95a0b3", "#232a38")),
    ("railway rail train gleis", ("#7b69a1", "#a99bc8")),
    ("snow ice glacier schnee eis neige nieve cloud wolke", ("#e1dfff", "#c4c9f2", "#ffffff")),
    ("wetland marsh swamp bog mangrove reed reeds cattail fen peat moor sumpf mudflat "
     "riparian seagrass algae", ("#09b0ae", "#5fd3c4", "#04706f", "#a8e6dc")),
    ("water lake river sea ocean pond stream canal pool wasser see fluss eau lac agua "
     "reservoir lagoon", ("#1b78e6", "#7db8ff", "#0b3c8c", "#b5d6ff")),
    ("burn burnt burned burning firescar ash charcoal brand", ("#2b2b27", "#574f4a")),
    ("shrub scrub bush heath hedge maquis gebüsch savanna", ("#9daa52", "#6f7d1e", "#c3cc8a")),
    ("tree forest wood conifer deciduous broadleaf hardwood oak pine beech spruce fir birch "
     "willow palm eucalyptus orchard wald baum bäume arbre forêt bosque "
     "canopy woods poplar larch", ("#21410c", "#2e7d32", "#5d8a3a", "#0d5c4a", "#79b38a")),
    ("corn maize mais zea", ("#e69510", "#f7b955", "#b36b00", "#ffd59a", "#8a5200")),
    ("wheat barley oat oats rye cereal grain hay straw stubble stoppel weizen gerste hafer "
     "roggen getreide blé rice sorghum millet spelt", ("#dad292", "#b8ab4f", "#f0ebc4", "#8f8430")),
    ("grape vine vineyard vinyard wine wein vigne hops", ("#8f1ca7", "#c77fd6", "#5c0f6e")),
    ("soybean soy bean pea legume soja bohne erbse lentil", ("#d96c8f", "#f4a6c0", "#9c3a60",
     "#ffd0de")),
    ("crop cropland farmland arable agriculture field rape rapeseed canola raps sunflower potato "
     "beet cotton lettuce celery broccoli brocoli vegetable tomato onion acker culture",
     ("#ffdd17", "#c9e265", "#ffc04d", "#a3b81f", "#fff08a", "#7a8c12", "#ff9d5c")),
    ("grass grassland meadow pasture lawn turf alfalfa clover lucerne wiese weide rasen grünland "
     "pré herbe prairie pelouse vegetation green greenery plants", ("#a7e25e", "#6fbf3b",
     "#d0f0a0", "#3f9b3a", "#86c98b")),
    ("sand beach dune salt playa strand", ("#dce0c7", "#f2e3a0", "#c2b280")),
    ("rock stone gravel rubble scree boulder quarry mineral fels kies roche pierre outcrop",
     ("#afa68a", "#857b63", "#cfc7ae", "#5e5645")),
    ("soil bare barren fallow ground earth mud clay ploughed plowed boden brache sol suelo tilled",
     ("#976328", "#c49a6c", "#6b3e12", "#e0bf94", "#b5793f")),
)  # fmt: skip

# Names of what is left: "not water" must not be water. Those of "not sure" are lighter.
_NEGATED = re.compile(r"(not|non|nicht|keine?|ohne|without|sans|no(?!\W*till))\b|non(?=[^\W\d_])")
_REST = frozenset(
    ("other", "others", "rest", "remainder", "background", "everything", "absence", "absent",
     "andere", "sonstige", "übrige", "hintergrund", "autre", "autres", "reste", "otro", "otros")
)  # fmt: skip
_REST_COLORS = ("#a9a9a9", "#7d7d7d", "#bbbbbb")

# For names without a meaning here: Paul Tol's "bright" and "muted" schemes, which colour-blind
# readers tell apart, too. Source: https://personal.sron.nl/~pault/
_OTHERS = (
    "#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#bbbbbb", "#882255",
    "#44aa99", "#ddcc77", "#332288", "#cc6677", "#117733", "#88ccee", "#999933", "#aa4499",
)  # fmt: skip
N_PLAIN_COLORS = len(_OTHERS)
# Where these are used up. Blue, white and black would say water, snow and shadow.
_FURTHER = (
    *_OTHERS,
    *(
        color
        for words, shades in _MEANINGS
        if not words.startswith(("water", "snow", "shadow", "burn"))
        for color in shades
    ),
)


def class_colors(names: Sequence[str], given: Mapping[int, str] | None = None) -> list[str]:
    """A colour ``#rrggbb`` for each class.

    Classes whose names mean something are served first, the others with colours that lie apart.

    Args:
        names: the classes' names.
        given: position in ``names`` to a colour that is kept.
    """
    colors = dict(given or {})
    if len(names) > MOST_CHOSEN:
        return [colors.get(place, default_color(place)) for place in range(len(names))]
    wishes = [_shades(name) for name in names]
    for place in sorted(range(len(names)), key=lambda place: not wishes[place]):
        if place not in colors:
            colors[place] = _choice(wishes[place] or _OTHERS, list(colors.values()))
    return [colors[place] for place in range(len(names))]


def default_color(position: int) -> str:
    """Colour for the class at ``position`` (from 0) of a list of classes without names."""
    if position < len(_OTHERS):
        return _OTHERS[position]
    # Beyond the hand-picked ones: hues a golden angle apart, so that neighbours differ.
    parts = colorsys.hls_to_rgb(position * 0.618034 % 1.0, 0.5, 0.6)
    return hex_color(*(round(part * 255) for part in parts))


def _choice(wished: Sequence[str], taken: list[str]) -> str:
    """The first wished colour that lies far enough from those taken, or else the farthest."""
    if not taken:
        return wished[0]
    others = np.concatenate([_seen(color) for color in taken])
    nearest = distances(np.concatenate([_seen(color) for color in wished]), others).min(axis=1)
    for least in (LEAST_DISTANCE, LEAST_WITHIN_MEANING):
        if nearest.max() >= least:
            return wished[int((nearest >= least).argmax())]
    of_all = distances(np.concatenate([_seen(color) for color in _FURTHER]), others).min(axis=1)
    return _FURTHER[int(of_all.argmax())]


@cache
def _seen(color: str) -> np.ndarray:
    return seen([color])


@cache
def _shades(name: str) -> tuple[str, ...]:
    """Colours of what the first word of a name that means something means; none if none does."""
    plain = unicodedata.normalize("NFC", name).casefold()
    all_words = re.findall(r"[^\W\d_]+", plain)
    negated = _NEGATED.match(plain.lstrip())
    if negated:
        left = re.findall(r"[^\W\d_]+", plain.lstrip()[negated.end() :])
        # "Non-irrigated arable land" is arable land, "non-forest" what is left.
        if negated[0] != "non" or (left and _shades(left[0])):
            return _REST_COLORS
    for word in (word for word in all_words if word not in _REST):
        for test in (_is, _has):
            for words, shades in _MEANINGS:
                if any(test(word, known) for known in words.casefold().split()):
                    return shades
    return _REST_COLORS if _REST.intersection(all_words) else ()


def _is(word: str, known: str) -> bool:
    return word in (known, known + "s", known + "es")


def _has(word: str, known: str) -> bool:
    return len(known) >= 4 and (word.startswith(known) or word.endswith((known, known + "s")))
