"""hsidiff: land-cover maps from hyperspectral scenes and few labels, by denoising diffusion."""

__version__ = "0.1.0"
