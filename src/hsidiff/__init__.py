"""hsidiff: land-cover maps from hyperspectral scenes and few labels, by denoising diffusion."""

from importlib.metadata import version

import lazy_loader

# PyTorch and others take seconds to load and few need them all, so a name is imported when it is
# first asked for. The stub beside this file says where each name lives.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
__version__ = version("hsidiff")
