"""Write label arrays in the formats that users have."""

import h5py
import numpy as np
from scipy.io import savemat

GT = (np.arange(48).reshape(6, 8) % 3 + 1).astype(np.uint8)
"""Three classes on the grid of ``grid_scene``, 16 pixels each."""


def write_mat(path, **arrays):
    """Write arrays: MATLAB 7.3 if the stem ends so, else by the suffix."""
    if path.stem.endswith("73"):
        with h5py.File(path, "w") as file:
            for name, values in arrays.items():
                file.create_dataset(name, data=values.T)
    elif path.suffix == ".mat":
        savemat(path, arrays)
    else:
        np.savez(path, **arrays)
    return path
