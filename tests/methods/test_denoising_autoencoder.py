from dataclasses import replace
from pathlib import Path

import pytest
import torch

from hsidiff.diffusion.objectives import target_of
from hsidiff.diffusion.schedule import NoiseSchedule
from hsidiff.errors import SettingError
from hsidiff.methods.controls import FAST, LEVEL, DenoisingAutoencoder
from hsidiff.methods.spectraldiff import PROFILES
from parts import settings_of
from small_scenes import small_labels, small_scene

SHAPE = (30, 36)


def test_all_but_the_levels_is_the_fast_profile() -> None:
    assert FAST is PROFILES["fast"]
    around, head = DenoisingAutoencoder()._checked_parts()
    values = around.values
    fast = settings_of(FAST.values)
    one_level = replace(fast["denoising"], noise_timesteps=(LEVEL,))
    assert settings_of(values) == {**fast, "timesteps": (LEVEL,), "denoising": one_level}
    assert settings_of(head) == settings_of(FAST.parts(FAST.values, None, None)[1])
    assert len(fast["timesteps"]) > 1
    assert fast["denoising"].noise_timesteps is None


@pytest.mark.slow
@pytest.mark.parametrize(("settings", "level"), [({}, LEVEL), ({"timesteps": (90,)}, 90)])
def test_it_learns_and_is_asked_at_one_level(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, object], level: int
) -> None:
    seen: dict[str, set[int]] = {"learned": set(), "asked": set()}
    schedule = NoiseSchedule

    def watch(name: str, kind: str) -> None:
        plain = getattr(schedule, name)

        def call(self: NoiseSchedule, x_0: torch.Tensor, t: torch.Tensor, *more: object) -> object:
            seen[kind] |= set(t.tolist())
            return plain(self, x_0, t, *more)

        monkeypatch.setattr(schedule, name, call)

    watch("add_noise", "learned")
    watch("without_noise", "asked")
    model = DenoisingAutoencoder(pretrain_steps=4, device="cpu", **settings)
    model.fit(small_scene(SHAPE), small_labels(SHAPE))
    assert seen == {"learned": {level}, "asked": {level}}


def test_what_it_says_is_the_clean_scene_behind_a_skip() -> None:
    schedule, t = NoiseSchedule.linear(500), torch.tensor([LEVEL])
    x_0, eps = torch.tensor([[0.3, -2.0]]), torch.tensor([[1.5, 0.1]])
    x_t = schedule.add_noise(x_0, t, eps)
    alpha, sigma = schedule.signal_and_noise(t, x_0)
    v = target_of("v", schedule, x_0, t, eps)
    torch.testing.assert_close(v, (alpha * x_t - x_0) / sigma)


@pytest.mark.parametrize(
    ("timesteps", "message"),
    [
        ((5, 9), r"timesteps=\(5, 9\): .* has one level of noise"),
        ((), r"timesteps=\(\): .* has one level of noise"),
        (5, "timesteps=5: must be a tuple of whole numbers"),
        (None, "timesteps=None: must be a tuple of whole numbers"),
        ((0,), r"timesteps=\(0,\): must lie in 1\.\.500"),
    ],
)
def test_all_but_one_level_is_refused(timesteps: object, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        DenoisingAutoencoder(timesteps=timesteps).fit(small_scene(SHAPE), small_labels(SHAPE))


def test_a_saved_model_keeps_its_level(tmp_path: Path) -> None:
    settings = {"pretrain_steps": 2, "head": "linear", "device": "cpu"}
    model = DenoisingAutoencoder(timesteps=(70,), **settings)
    model.fit(small_scene(SHAPE), small_labels(SHAPE)).save(tmp_path / "model")
    assert DenoisingAutoencoder.load(tmp_path / "model").values_.timesteps == (70,)
