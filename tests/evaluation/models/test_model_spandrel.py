"""evaluation.models.by_spandrel: networks by their keys, against plain convolutions."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from evaluation.inputs import GaussianNoise, make_shown
from evaluation.models import ModelOptions, open_model
from evaluation.models.restorer import Restorer
from evaluation.pictures import to_u8

CPU = ModelOptions(device="cpu")


def _dncnn(channels: int = 1, *, layers: int = 8, width: int = 8) -> dict[str, Tensor]:
    """Random weights of a DnCNN without batch norm, by the names of the release."""
    generator = torch.Generator().manual_seed(0)
    sizes = [channels, *[width] * (layers - 1), channels]
    state = {}
    for place, (into, out) in enumerate(pairwise(sizes)):
        state[f"model.{2 * place}.weight"] = torch.randn(out, into, 3, 3, generator=generator) / 5
        state[f"model.{2 * place}.bias"] = torch.randn(out, generator=generator) / 5
    return state


def _by_hand(state: dict[str, Tensor], picture: Tensor) -> Tensor:
    """x - network(x): DnCNN predicts the noise (Zhang et al. TIP 2017, eq. 1)."""
    value, count = picture, len(state) // 2
    for place in range(count):
        weight, bias = state[f"model.{2 * place}.weight"], state[f"model.{2 * place}.bias"]
        value = functional.conv2d(value, weight, bias, padding=1)
        value = value if place == count - 1 else value.relu()
    return picture - value


def _save(tmp_path: Path, state: object, name: str = "net.pth") -> str:
    torch.save(state, tmp_path / name)
    return str(tmp_path / name)


def _run(model: Restorer, picture: Tensor) -> Tensor:
    made = model.restore(picture[0].permute(1, 2, 0).numpy(), model.scale or 1)
    return torch.from_numpy(made).permute(2, 0, 1)[None]


@pytest.mark.parametrize("wrapped", ["", "params_ema", "module"])
@pytest.mark.parametrize("channels", [1, 3])
def test_dncnn_is_its_convolutions(tmp_path: Path, channels: int, wrapped: str) -> None:
    state = _dncnn(channels)
    held: object = {wrapped: state} if wrapped == "params_ema" else state
    if wrapped == "module":
        held = {f"module.{name}": value for name, value in state.items()}
    model = open_model(_save(tmp_path, held), options=CPU)
    picture = torch.rand(1, channels, 31, 23, generator=torch.Generator().manual_seed(1))
    expected = _by_hand(state, picture)
    # the same sums in another order; and the output is not clipped
    assert (_run(model, picture) - expected).abs().max() <= 1e-5
    assert expected.min() < 0 or expected.max() > 1
    assert (model.name, model.facts["architecture"], model.scale) == ("net", "DnCNN", 1)
    assert model.channels == (channels,)


def test_facts_are_complete(tmp_path: Path) -> None:
    state = _dncnn(3)
    model = open_model(_save(tmp_path, state), options=CPU)
    facts = model.facts
    weights = sum(v.numel() for name, v in state.items() if name.endswith("weight"))
    assert facts["parameters"] == sum(v.numel() for v in state.values())
    assert facts["macs"] == weights * 256**2
    assert (facts["kind"], facts["file"], facts["scale"]) == ("spandrel", "net.pth", 1)
    assert len(facts["sha256"]) == 64
    assert facts["options"]["device"] == "cpu"
    assert set(facts["options"]) == set(ModelOptions.__dataclass_fields__)


def test_a_network_that_enlarges(tmp_path: Path) -> None:
    """spandrel's own RRDBNet, tiny: scale, padding of the x2 form's unshuffle, no clip."""
    from spandrel.architectures.ESRGAN import ESRGAN

    for scale in (2, 4):
        # x2 of Real-ESRGAN: pixel unshuffle, then the x4 network; spandrel wants multiples of 4
        shuffle = 2 if scale == 2 else None
        generator = torch.Generator().manual_seed(scale)
        net = ESRGAN(
            in_nc=12 if shuffle else 3, out_nc=3, num_filters=8, num_blocks=1, scale=4,
            shuffle_factor=shuffle,
        ).eval()  # fmt: skip
        with torch.no_grad():
            for weights in net.parameters():
                weights.copy_((torch.rand(weights.shape, generator=generator) - 0.5) / 5)
        model = open_model(_save(tmp_path, net.state_dict()), options=CPU)
        assert (model.scale, model.facts["architecture"]) == (scale, "ESRGAN")
        picture = torch.rand(1, 3, 16, 20, generator=generator)
        with torch.inference_mode():
            expected = net(picture)
        assert (_run(model, picture) - expected).abs().max() <= 1e-5
        assert expected.min() < 0 or expected.max() > 1
        odd = _run(model, picture[:, :, :13, :17])
        assert odd.shape == (1, 3, 13 * scale, 17 * scale)
        with pytest.raises(ValueError, match=f"net is x{scale}; asked is x3"):
            model.restore(np.zeros((8, 8, 3), np.float32), 3)


def test_tiles_and_ensemble_reach_the_network(tmp_path: Path) -> None:
    state = _dncnn(3)
    path = _save(tmp_path, state)
    picture = torch.rand(1, 3, 150, 90, generator=torch.Generator().manual_seed(1))
    expected = _by_hand(state, picture)
    # radius 8 is within 3/8 of 32
    tiled = open_model(path, options=ModelOptions(device="cpu", tile=64, overlap=32))
    assert (_run(tiled, picture) - expected).abs().max() <= 1e-5
    both = ModelOptions(device="cpu", tile=64, overlap=32, ensemble="mean")
    turned = [
        _by_hand(state, picture.flip(3).rot90(k, (2, 3)) if flip else picture.rot90(k, (2, 3)))
        for k in range(4)
        for flip in (0, 1)
    ]
    back = [
        value.rot90(-(place // 2), (2, 3)).flip(3)
        if place % 2
        else value.rot90(-(place // 2), (2, 3))
        for place, value in enumerate(turned)
    ]
    mean = torch.stack(back).mean(dim=0)
    assert (_run(open_model(path, options=both), picture) - mean).abs().max() <= 1e-5
    assert (mean - expected).abs().max() > 1e-3


def test_16_bits_are_near_and_do_change(tmp_path: Path) -> None:
    path = _save(tmp_path, _dncnn(3))
    picture = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    full = _run(open_model(path, options=CPU), picture)
    model = open_model(path, options=ModelOptions(device="cpu", half="bf16"))
    near = _run(model, picture)
    assert near.dtype == torch.float32
    # bfloat16 has 8 bits of mantissa: 2^-8 relative per layer, eight layers
    assert 0 < (near - full).abs().max() <= 8 * 2**-8 * full.abs().max()


def test_channels_and_scale_that_do_not_fit_are_named(tmp_path: Path) -> None:
    model = open_model(_save(tmp_path, _dncnn(3)), options=CPU)
    with pytest.raises(ValueError, match="net takes 3 channels, and the input has 1"):
        model.restore(np.zeros((8, 8, 1), np.float32), 1)
    with pytest.raises(ValueError, match="net keeps the size; asked is x2: add --pre-"):
        model.restore(np.zeros((8, 8, 3), np.float32), 2)


def test_broken_weights_are_told_by_their_output(tmp_path: Path) -> None:
    state = _dncnn(3)
    state["model.0.bias"][0] = float("nan")
    model = open_model(_save(tmp_path, state), options=CPU)
    with pytest.raises(ValueError, match="net: the output holds NaN or infinity"):
        model.restore(np.zeros((8, 8, 3), np.float32), 1)


def test_unknown_keys_are_shown(tmp_path: Path) -> None:
    path = _save(tmp_path, {f"layer{n}.weight": torch.zeros(2) for n in range(7)})
    with pytest.raises(ValueError) as raised:
        open_model(path, options=CPU)
    message = str(raised.value)
    shown = ", ".join(f"layer{n}.weight" for n in range(5))
    assert message.startswith(f"{path}: holds {shown} ...")
    assert "ONNX" in message


def test_keys_of_a_network_in_another_shape_say_which(tmp_path: Path) -> None:
    state = _dncnn(3)
    state["model.4.weight"] = torch.zeros(8, 5, 3, 3)
    with pytest.raises(ValueError, match=r"has the keys of DnCNN, but cannot be read.*mismatch"):
        open_model(_save(tmp_path, state), options=CPU)


def test_a_network_that_needs_a_mask_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import spandrel

    dncnn = spandrel.MAIN_REGISTRY["DnCNN"].architecture
    plain = dncnn.load(_dncnn(1))
    masked = spandrel.MaskedImageModelDescriptor(
        plain.model, _dncnn(1), dncnn, "Inpainting", [], True, True, 1, 1
    )
    monkeypatch.setattr(spandrel.ModelLoader, "load_from_state_dict", lambda *_: masked)
    with pytest.raises(ValueError, match="DnCNN fills in what a mask leaves out"):
        open_model(_save(tmp_path, _dncnn(1)), options=CPU)


@pytest.mark.parametrize(
    ("picture", "score"),
    # of this test's own numbers; the mean of all twelve is 30.4316, which is the release's own
    [("01", 30.2076), ("05", 30.4081)],
)
def test_dncnn_of_the_release_gives_its_scores_on_set12(
    testdata: Path, picture: str, score: float
) -> None:
    model = open_model(str(testdata / "dncnn_25.pth"), options=CPU)
    assert model.facts["parameters"] == 555_137
    read = cv2.imread(str(testdata / f"set12/{picture}.png"), cv2.IMREAD_GRAYSCALE)
    assert read is not None
    clean = read[..., None]
    shown = make_shown(GaussianNoise(sigma=25, gray=True), clean)
    made = to_u8(model.restore(shown.lq, 1)).astype(float)
    psnr = 10 * np.log10(255**2 / np.mean((made - clean) ** 2))
    assert psnr == pytest.approx(score, abs=2e-3)  # pixels at .5 may round the other way


def test_a_network_that_is_told_the_noise(tmp_path: Path) -> None:
    """DRUNet takes sigma as a fourth channel: the set's, or 15 and a note."""
    from spandrel.architectures.DRUNet import DRUNet

    generator = torch.Generator().manual_seed(3)
    net = DRUNet(in_nc=4, out_nc=3, nc=[4, 8, 8, 8], nb=4).eval()
    with torch.no_grad():
        for weights in net.parameters():
            weights.copy_((torch.rand(weights.shape, generator=generator) - 0.5) / 5)
    model = open_model(_save(tmp_path, net.state_dict()), options=CPU)
    assert model.channels == (3,) and model.facts["sigma"] == 15
    assert any("sigma 15" in note for note in model.notes)
    assert model.at_noise is not None
    told = model.at_noise(50.0)
    assert told.facts["sigma"] == 50 and not told.notes
    picture = torch.rand(1, 3, 24, 32, generator=generator)
    outputs = []
    for one, sigma in ((model, 15.0), (told, 50.0)):
        noise = torch.full((1, 1, 24, 32), sigma / 255)
        with torch.inference_mode():
            expected = net(torch.cat([picture, noise], dim=1))
        outputs.append(_run(one, picture))
        assert (outputs[-1] - expected).abs().max() <= 1e-5
    assert (outputs[0] - outputs[1]).abs().max() > 1e-4
    assert open_model(_save(tmp_path, _dncnn(3)), options=CPU).at_noise is None
