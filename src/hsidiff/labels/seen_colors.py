"""How far apart colours look, to readers with usual and with colour-blind sight.

Sources: sRGB, IEC 61966-2-1; CIE Lab with white D65, CIE 15:2004; protanopia and deuteranopia,
Machado, Oliveira and Fernandes (2009), IEEE TVCG 15(6), 1291-1298, severity 1.0.
"""

import numpy as np

from hsidiff.labels.hex_colors import rgb

_PROTANOPE = ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216),
              (-0.003882, -0.048116, 1.051998))  # fmt: skip
_DEUTERANOPE = ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413),
                (-0.011820, 0.042940, 0.968881))  # fmt: skip
# Machado's model works on linear RGB.
_SIGHTS = np.array([np.eye(3), _PROTANOPE, _DEUTERANOPE])
_XYZ_OF_RGB = np.array([(0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722),
                        (0.0193, 0.1192, 0.9505)])  # fmt: skip
_WHITE = np.array([0.9505, 1.0, 1.089])


def seen(colors: list[str]) -> np.ndarray:
    """Colours ``#rrggbb`` as CIE Lab, (colors, 3 sights, 3): usual, protanope, deuteranope."""
    stored = np.array([rgb(color) for color in colors]).reshape(-1, 3) / 255
    linear = np.where(stored <= 0.04045, stored / 12.92, ((stored + 0.055) / 1.055) ** 2.4)
    as_seen = np.clip(np.einsum("sij,cj->csi", _SIGHTS, linear), 0, 1)
    share = as_seen @ _XYZ_OF_RGB.T / _WHITE
    root = np.where(share > (6 / 29) ** 3, np.cbrt(share), share / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = np.moveaxis(root, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def distances(colors: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Distance (CIE76) of each colour to each other one, (n, m), to whom they look most alike.

    Args:
        colors: (n, 3 sights, 3) of :func:`seen`.
        others: (m, 3 sights, 3) of :func:`seen`.
    """
    apart: np.ndarray = np.linalg.norm(colors[:, None] - others[None], axis=-1).min(axis=-1)
    return apart
