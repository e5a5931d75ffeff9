"""The judge of brightness on a tiny random CLIP, and what is said where CLIP's weights are not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import pytest
import torch
from torch import Tensor

from baselines.networks.nerco import clip_judge
from baselines.networks.nerco.clip_judge import ClipJudge, load_clip
from degrade.option_error import OptionError
from evaluation import reachable

TINY: dict[str, Any] = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 64, "layers": [1, 1, 1, 1], "width": 16, "patch_size": None},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1},
}


@pytest.fixture(scope="module")
def tiny() -> torch.nn.Module:
    """A residual CLIP of two small towers; each weight from a generator of ours."""
    clip = open_clip.CLIP(**TINY, quick_gelu=True).eval()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, value in clip.state_dict().items():
            if value.dim() > 1:
                width = value.shape[1:].numel() if value.dim() == 4 else value.shape[-1]
                deviation = 1.0 if "embedding" in name else (2 / width) ** 0.5
                value.copy_(torch.randn(value.shape, generator=generator) * deviation)
    return clip


def picture(side: int = 80, width: int = 96, *, batch: int = 2) -> Tensor:
    return torch.rand(batch, 3, side, width, generator=torch.Generator().manual_seed(5))


@pytest.mark.parametrize("preparation", ["released", "clip"])
def test_probabilities_are_clip_s_own(tiny: torch.nn.Module, preparation: str) -> None:
    judge = ClipJudge(tiny, preparation=preparation)
    seen = picture()
    tokens = open_clip.get_tokenizer("RN50")(["low light image", "high light image"])
    with torch.no_grad():
        found = judge(seen)
        prepared = clip_judge.PREPARATIONS[preparation](seen, 64)
        image, text, scale = tiny(prepared, tokens)
    assert torch.allclose(found, (scale * image @ text.T).softmax(-1), atol=1e-6)
    assert torch.allclose(found.sum(1), torch.ones(2))
    assert (found - 0.5).abs().max() > 1e-3, "two prompts that it tells apart"


def test_released_preparation_squeezes_and_keeps_the_generator_s_range() -> None:
    y, x = torch.meshgrid(torch.arange(80.0), torch.arange(96.0), indexing="ij")
    ramp = torch.stack([x / 95, y / 79, torch.zeros_like(x)])[None]
    squeezed = clip_judge.PREPARATIONS["released"](ramp, 64)
    assert squeezed.shape == (1, 3, 64, 64)
    # output pixel i lies at (i + 0.5) * in / out - 0.5 of the input
    columns = (torch.arange(64) + 0.5) * 96 / 64 - 0.5
    assert torch.allclose(squeezed[0, 0, 10], 2 * columns / 95 - 1, atol=1e-5)
    assert squeezed[0, 2].unique().item() == -1


@pytest.mark.parametrize(("height", "width"), [(64, 64), (150, 100), (90, 160)])
def test_clip_preparation_is_open_clip_s(height: int, width: int) -> None:
    """Theirs resizes 8-bit pictures and rounds; ours resizes floats."""
    from PIL import Image

    generator = np.random.default_rng(3)
    small = generator.integers(0, 256, (height // 10, width // 10, 3), dtype=np.uint8)
    source = Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)
    transform: Any = open_clip.image_transform(
        64, is_train=False, mean=clip_judge.MEAN, std=clip_judge.DEVIATION,
        interpolation="bicubic",
    )  # fmt: skip
    theirs = transform(source)
    tensor = torch.from_numpy(np.array(source)).permute(2, 0, 1)[None].float() / 255
    ours = clip_judge.PREPARATIONS["clip"](tensor, 64)[0]
    assert ours.shape == theirs.shape
    assert (ours - theirs).abs().mean() < 2 / 255 / 0.26
    assert (ours - theirs).abs().max() < 8 / 255 / 0.26


def test_loss_is_one_minus_the_wanted_probability(tiny: torch.nn.Module) -> None:
    judge, seen = ClipJudge(tiny), picture()
    low, high = judge(seen).mean(0)
    assert torch.allclose(judge.loss(seen, wanted="low"), 1 - low, atol=1e-6)
    assert torch.allclose(judge.loss(seen, wanted="high"), 1 - high, atol=1e-6)
    with pytest.raises(OptionError, match="low, high"):
        judge.loss(seen, wanted="bright")


@pytest.mark.parametrize("wanted", ["low", "high"])
def test_a_picture_learns_to_please_it(tiny: torch.nn.Module, wanted: str) -> None:
    judge = ClipJudge(tiny).train()
    assert not any(module.training for module in judge.modules())
    seen = picture(batch=1).requires_grad_()
    optimiser = torch.optim.Adam([seen], lr=0.02)
    losses = []
    for _ in range(8):
        loss = judge.loss(seen, wanted=wanted)
        losses.append(loss.item())
        optimiser.zero_grad()
        loss.backward()
        assert seen.grad is not None and torch.isfinite(seen.grad).all() and seen.grad.any()
        optimiser.step()
    assert losses[-1] < losses[0] - 1e-3
    assert all(parameter.grad is None for parameter in judge.parameters())


def test_wrong_options(tiny: torch.nn.Module) -> None:
    with pytest.raises(OptionError, match="released, clip"):
        ClipJudge(tiny, preparation="relased")
    with pytest.raises(OptionError, match="two, low and high"):
        ClipJudge(tiny, prompts=["dark"])


class Held(torch.nn.Module):
    """Weights by name, in modules that do nothing."""

    def forward(self, given: Tensor) -> Tensor:
        return given + 1


def archive_of(state: dict[str, Tensor]) -> Held:
    root = Held()
    for key, value in state.items():
        *path, last = key.split(".")
        place: torch.nn.Module = root
        for name in path:
            if name not in place._modules:
                place.add_module(name, Held())
            place = place.get_submodule(name)
        place.register_buffer(last, value)
    return root


@pytest.mark.filterwarnings("ignore:.*torch.jit:FutureWarning")
@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
@pytest.mark.parametrize("form", ["safetensors", "state_dict", "torchscript"])
def test_weights_from_a_file(
    tiny: torch.nn.Module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setattr(open_clip, "get_model_config", lambda name: TINY)  # noqa: ARG005
    state = {key: value.clone() for key, value in tiny.state_dict().items()}
    path = tmp_path / "weights.pt"
    if form == "safetensors":
        from safetensors.torch import save_file

        path = tmp_path / "weights.safetensors"
        save_file(state, path)
    elif form == "state_dict":
        # OpenAI's file holds float16 and three numbers that are no weights
        torch.save({**state, "vocab_size": torch.tensor(49408)}, path)
    else:
        torch.jit.save(torch.jit.trace(archive_of(state), torch.zeros(1)), path)
    loaded = load_clip(path)
    assert not loaded.training
    with torch.no_grad():
        assert torch.allclose(ClipJudge(loaded)(picture()), ClipJudge(tiny)(picture()), atol=1e-6)


def test_a_file_of_something_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_clip, "get_model_config", lambda name: TINY)  # noqa: ARG005
    path = tmp_path / "other.pt"
    torch.save({"conv.weight": torch.zeros(3, 3)}, path)
    with pytest.raises(ValueError, match=r"other\.pt: not CLIP RN50.*keys differ"):
        load_clip(path)
    with pytest.raises(FileNotFoundError, match=r"missing\.pt"):
        load_clip(tmp_path / "missing.pt")


def test_no_weights_and_no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import huggingface_hub

    def offline(address: str) -> None:
        raise OSError(f"{address} cannot be reached")

    monkeypatch.setattr(reachable, "reach", offline)
    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", lambda *_: None)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(FileNotFoundError) as raised:
        load_clip()
    said = str(raised.value)
    assert str(tmp_path) in said
    assert "cannot be reached" in said
    assert "Download open_clip_model.safetensors" in said and "timm/resnet50_clip.openai" in said
