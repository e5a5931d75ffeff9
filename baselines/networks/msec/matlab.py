"""MSEC's released weights, models/model.mat, once MATLAB has written them as plain arrays.

The file holds a dlnetwork, which only MATLAB (R2019b or newer, Deep Learning Toolbox) opens. There,
in the release's folder:

    install_; load(fullfile('models', 'model.mat'), 'net'); t = net.Learnables; out = struct();
    for i = 1:height(t)
        name = strrep(strjoin([t.Layer(i) t.Parameter(i)], '_'), '-', '_');
        out.(name) = gather(extractdata(t.Value{i}));
    end
    save('msec_weights.mat', '-struct', 'out', '-v7');

Arrays are then named level_4_Encoder_Stage_1_Conv_1_Weights and so on; '-v7.3' is read as well.
MATLAB's convolutions are cross-correlations with weights (height, width, in, out), its transposed
ones have (height, width, out, in) and are not turned around; either reversed in its axes, the first
two swapped back, is what PyTorch's have. Biases are (1, 1, out).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from torch import Tensor

from baselines.networks.shapes import count_blocks

_FIRST = "level_1_Encoder_Stage_1_Conv_1_Weights"


def renamed(state: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """Arrays under MATLAB's names as weights under ours, other names kept; `state` itself where
    they are not MSEC's."""
    if _FIRST not in state:
        return state
    levels = count_blocks(state, r"level_(\d+)_") - 1
    depth = count_blocks(state, r"level_1_Encoder_Stage_(\d+)_Conv_1_Weights") - 1
    names = dict(_names(levels=levels, depth=depth))
    return {names.get(name, name): _turned(array) for name, array in state.items()}


def _turned(array: Tensor) -> Tensor:
    """MATLAB drops trailing axes of length 1, which no weight of MSEC has."""
    is_weight = array.dim() == 4
    return array.permute(3, 2, 0, 1).contiguous() if is_weight else array.reshape(-1)


def _names(*, levels: int, depth: int) -> Iterator[tuple[str, str]]:
    """(name of MATLAB's array, our key) of every weight and bias."""
    for level in range(1, levels + 1):
        stages = depth + (level == levels)
        pairs = [("Final_ConvolutionLayer", "last")]
        for place in range(stages):
            pairs.append((f"Decoder_Stage_{place + 1}_UpConv", f"up.{place}"))
            pairs += [
                (f"{theirs}_Stage_{place + 1}_Conv_{n}", f"{ours}.{place}.conv{n}")
                for theirs, ours in (("Encoder", "encoder"), ("Decoder", "decoder"))
                for n in (1, 2)
            ]
        pairs += [(f"Bridge_Conv_{n}", f"bridge.conv{n}") for n in (1, 2)]
        layers = [(f"level_{level}_{a}", f"level{level}.{b}") for a, b in pairs]
        if level > 1:
            layers.append((f"level_{level}_upsampling", f"up{level}"))
        for theirs, ours in layers:
            yield f"{theirs}_Weights", f"{ours}.weight"
            yield f"{theirs}_Bias", f"{ours}.bias"
