"""NeRCo's judge of brightness: CLIP RN50 between two sentences.

Yang et al., ICCV 2023; CLIP: Radford et al., ICML 2021, through open_clip. As NeRCo's release
(models/NeRCo_model.py): both sentences are fixed, nothing is learned, and the loss is L1 between
the softmax of the two similarities and a one-hot.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from degrade.option_error import OptionError, nearest
from evaluation.models.pickles import kind_of, load_weights

PROMPTS = {"low": "low light image", "high": "high light image"}
NAME, TAG = "RN50", "openai"  # open_clip's names of the architecture and of its weights
WEIGHTS = "open_clip_model.safetensors"  # the file in the hub's repository
# Of ImageNet-like pictures in [0,1], as CLIP was trained (openai/CLIP, clip/clip.py).
MEAN = (0.48145466, 0.4578275, 0.40821073)
DEVIATION = (0.26862954, 0.26130258, 0.27577711)


def _as_released(picture: Tensor, side: int) -> Tensor:
    # torchvision's Resize([224,224]) of a tensor, without antialiasing as it was before 0.17, of
    # the generator's own [-1,1]: the release leaves CLIP's own preparation out
    return functional.interpolate(2.0 * picture - 1.0, (side, side), mode="bilinear")


def _as_clip(picture: Tensor, side: int) -> Tensor:
    height, width = picture.shape[-2:]
    scale = side / min(height, width)
    size = max(side, int(height * scale)), max(side, int(width * scale))
    picture = functional.interpolate(picture, size, mode="bicubic", antialias=True)
    top, left = (round((n - side) / 2) for n in size)
    picture = picture[..., top : top + side, left : left + side]
    mean = picture.new_tensor(MEAN)[:, None, None]
    return (picture - mean) / picture.new_tensor(DEVIATION)[:, None, None]


# How a picture in [0,1] becomes CLIP's input: squeezed to a square in [-1,1] as the release does
# it, or the shorter side resized, the middle cut out, mean and deviation, as CLIP was trained.
PREPARATIONS: dict[str, Callable[[Tensor, int], Tensor]] = {
    "released": _as_released,
    "clip": _as_clip,
}


class ClipJudge(nn.Module):
    """A picture [B,3,H,W] in [0,1] -> probabilities [B,2] of the two prompts, low then high.

    Frozen and always in eval; gradients reach the picture. clip: of open_clip (`load_clip`), or
    what has its encode_image, encode_text, visual.image_size and logit_scale. tokenize: sentences
    -> tokens [N,L]; None for open_clip's. preparation: key of PREPARATIONS. Computes in float32;
    the release's CLIP is float16 on a GPU. Raises OptionError.
    """

    text: Tensor

    def __init__(
        self,
        clip: nn.Module,
        *,
        preparation: str = "released",
        prompts: Sequence[str] = tuple(PROMPTS.values()),
        tokenize: Callable[[list[str]], Tensor] | None = None,
    ) -> None:
        super().__init__()
        if preparation not in PREPARATIONS:
            raise OptionError(
                f"clip judge: preparation {preparation!r}; one of {', '.join(PREPARATIONS)}"
                f"{nearest(preparation, PREPARATIONS)}"
            )
        if len(prompts) != len(PROMPTS):
            raise OptionError(f"clip judge: {len(prompts)} prompts; it takes two, low and high")
        if tokenize is None:
            tokenize = _tokenizer()
        self.clip: Any = clip.requires_grad_(False)
        self.preparation = preparation
        self.eval()
        device = next(clip.parameters()).device
        with torch.no_grad():
            text = self.clip.encode_text(tokenize(list(prompts)).to(device))
        # not a part of the state: the prompts and CLIP give it
        self.register_buffer("text", functional.normalize(text, dim=-1), persistent=False)

    def train(self, mode: bool = True) -> ClipJudge:  # noqa: ARG002 - nn.Module's signature
        """Stays in eval: CLIP's batch norm keeps its means."""
        return super().train(False)

    def forward(self, picture: Tensor) -> Tensor:
        """See the class."""
        side = self.clip.visual.image_size
        side = side if isinstance(side, int) else side[0]
        seen = self.clip.encode_image(PREPARATIONS[self.preparation](picture, side))
        seen = functional.normalize(seen, dim=-1)
        return (self.clip.logit_scale.exp() * seen @ self.text.T).softmax(-1)

    def loss(self, picture: Tensor, *, wanted: str) -> Tensor:
        """Mean of |probability - one-hot| over both prompts: 1 - the wanted one's probability.

        wanted: 'low' or 'high'. Raises OptionError.
        """
        if wanted not in PROMPTS:
            raise OptionError(f"clip judge: wanted {wanted!r}; one of {', '.join(PROMPTS)}")
        found = self(picture)
        target = torch.zeros_like(found)
        target[:, list(PROMPTS).index(wanted)] = 1.0
        return functional.l1_loss(found, target)


def load_clip(path: Path | None = None) -> nn.Module:
    """CLIP RN50 with OpenAI's weights, on the CPU, float32, in eval.

    path: the file of weights, open_clip's state dict (.safetensors, .pt) or OpenAI's own RN50.pt;
    None for the Hugging Face hub, its cache first. Raises FileNotFoundError where there is none
    and none can be had, ValueError for a file of another network.
    """
    import open_clip

    if path is None:
        path = _from_hub()
    state = _state(path)
    config = open_clip.get_model_config(NAME) or {}
    clip = open_clip.CLIP(**config, quick_gelu=True)  # as OpenAI trained it
    wanted = clip.state_dict()
    if differs := sorted(
        key for key in wanted.keys() | state.keys()
        if key not in wanted or key not in state or wanted[key].shape != state[key].shape
    ):  # fmt: skip
        raise ValueError(
            f"{path}: not CLIP {NAME}: {len(differs)} keys differ, {', '.join(differs[:3])} first"
        )
    clip.load_state_dict(state)
    return clip.float().eval()


def _state(path: Path) -> dict[str, Tensor]:
    """The weights by name; of OpenAI's TorchScript archive its tensors, nothing of it is run."""
    if kind_of(path) == "torchscript":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # its deprecation: OpenAI's file remains
            held: Any = torch.jit.load(path, map_location="cpu").state_dict()
    else:
        held = load_weights(path)
        held = held.get("state_dict", held)
    facts = ("input_resolution", "context_length", "vocab_size")
    return {key: value for key, value in held.items() if key not in facts}


def _from_hub() -> Path:
    """The weights in the hub's cache, fetched where they are not there."""
    import open_clip
    from huggingface_hub import constants, hf_hub_download, try_to_load_from_cache

    from evaluation import reachable

    repository = open_clip.pretrained.get_pretrained_cfg(NAME, TAG)["hf_hub"].rstrip("/")
    cached = try_to_load_from_cache(repository, WEIGHTS)
    if isinstance(cached, str):
        return Path(cached)
    try:
        reachable.reach(constants.ENDPOINT)
        return Path(hf_hub_download(repository, WEIGHTS, etag_timeout=reachable.SECONDS))
    except (OSError, ValueError) as error:
        raise FileNotFoundError(
            f"CLIP {NAME}: its weights are not in {constants.HF_HUB_CACHE} and cannot be fetched "
            f"({' '.join(str(error).split())[:200]}). Download {WEIGHTS} of "
            f"{constants.ENDPOINT}/{repository} elsewhere and give its path"
        ) from error


@functools.cache
def _tokenizer() -> Callable[[list[str]], Tensor]:
    import open_clip

    return open_clip.get_tokenizer(NAME)
