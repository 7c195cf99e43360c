"""The content of a result file, as ``make bench`` writes it, with made-up figures."""

from typing import Any


def timing(seconds: float, **more: Any) -> dict[str, Any]:
    shares = {"flops": 10, "share_of_fp32": 0.5, "share_of_bf16": 0.25}
    return {"min_s": seconds, "median_s": seconds, "n_runs": 1, **shares, **more}


def machine(gpu: str | None = None) -> dict[str, Any]:
    return {
        "machine": {
            "processor": "Some CPU",
            "n_cores": 2,
            "n_threads": 2,
            "memory_bytes": 2**34,
            "gpu": gpu,
            "versions": {"torch": "2.13.0"},
        },
        "commit": {"sha": "0123456789abcdef", "clean": True},
        "date": "2025-01-02T03:04:05Z",
    }


CEILING = {"fp32_gflop_per_s": 200.0, "bf16_gflop_per_s": 800.0, "copy_gb_per_s": 20.0}


def small_result() -> dict[str, Any]:
    step = {"batch": [8, 200, 16, 16], "reference": timing(5.0), "ours": timing(2.0), "ratio": 2.5}
    size = {"min_s": 2.0, "s_per_pixel": 2e-4, "peak_memory_bytes": 2**29}
    job = {"profile": "fast", "fit_s": 10.0, "map_s": 2.0, "fit_and_map_s": 12.0}
    head = {"n_values": 96, "fit_s": 0.5, "predict_s_per_pixel": 1e-6}
    rows = {
        "ceiling": CEILING,
        "training-step": {"spectraldiff paper": step},
        "scene-features": {
            "shape": [145, 145, 200],
            "timestep": 5,
            "layer": 1,
            "tiled_reference": timing(5.0, scene_s=45.0, measured="one of 9 equal tiles, times 9"),
            "patch_reference": timing(5.0, scene_s=6600.0, measured="16 of 21025 equal patches"),
            "ours": timing(15.0, scene_s=15.0, measured="the whole scene"),
            "ratio_to_tiled": 3.0,
            "ratio_to_patches": 440.0,
            "relative_difference": 0.004,
        },
        "main-job": {"spectraldiff": {**job, "overall_accuracy": 0.875}},
        "heads": {"linear": head, "transformer": head},
        "scaling": {
            "sizes": [{**size, "n_pixels": 10_000}, {**size, "n_pixels": 40_000}],
            "slowest_to_fastest": 1.04,
            "memory_growth_bytes": 2**24,
        },
        "workers": {
            "n_pixels": 40_000,
            "n_bands": 8,
            "n_tiles": 4,
            "one": timing(4.0),
            "two": timing(2.5),
            "drawing_s": {"one": 3.0, "two": 1.6},
            "ratio": 1.6,
            "ratio_of_drawing": 1.875,
        },
    }
    return {**machine(), "rows": rows}


def small_gpu_result() -> dict[str, Any]:
    training = {
        "ways": {"bf16": timing(0.1), "bf16 compiled": {"error": "no compiler"}},
        "best": "bf16",
        "minutes_of_paper": {"bf16": 50.0},
    }
    features = {name: timing(0.5) for name in ("network", "features", "components")}
    rows = {"ceiling": CEILING, "training": training, "scene-features": features}
    return {**machine("Some GPU"), "rows": rows}
