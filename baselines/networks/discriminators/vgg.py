"""The VGG-style discriminator of SRGAN and ESRGAN, which sees a patch as a whole.

SRGAN: Ledig et al., CVPR 2017; ESRGAN: Wang et al., ECCV Workshops 2018. Key names and form as in
BasicSR (discriminator_arch.py). Batch normalisation after every convolution but the first; no
sigmoid at the end. Initialisation: PyTorch's own, as there.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

SLOPE = 0.2  # of the leaky ReLU
HIDDEN = 100  # of the two linear layers
LEAST = 4  # side of the picture that the linear layers see
STAGES = {128: 5, 256: 6}  # size -> halvings down to LEAST


class VGGDiscriminator(nn.Module):
    """[B,C,size,size] -> [B,1], logits: large for what it takes for a true picture."""

    def __init__(self, *, channels: int = 3, width: int = 64, size: int = 128) -> None:
        """size: height and width of its pictures, 128 or 256. Raises ValueError for another."""
        super().__init__()
        if size not in STAGES:
            raise ValueError(f"size {size}: one of {', '.join(map(str, STAGES))}")
        self.size = size
        have = channels
        for stage in range(STAGES[size]):
            features = width * min(2**stage, 8)
            first = stage == 0
            self.add_module(f"conv{stage}_0", nn.Conv2d(have, features, 3, padding=1, bias=first))
            if not first:
                self.add_module(f"bn{stage}_0", nn.BatchNorm2d(features))
            self.add_module(
                f"conv{stage}_1", nn.Conv2d(features, features, 4, stride=2, padding=1, bias=False)
            )
            self.add_module(f"bn{stage}_1", nn.BatchNorm2d(features))
            have = features
        self.linear1 = nn.Linear(have * LEAST**2, HIDDEN)
        self.linear2 = nn.Linear(HIDDEN, 1)

    def forward(self, picture: Tensor) -> Tensor:
        """See the class. Raises ValueError for pictures of another size."""
        if tuple(picture.shape[2:]) != (self.size, self.size):
            height, width = picture.shape[2:]
            raise ValueError(
                f"pictures of {width}x{height}: this discriminator takes {self.size}x{self.size}"
            )
        features = picture
        for stage in range(STAGES[self.size]):
            for part in (0, 1):
                features = self.get_submodule(f"conv{stage}_{part}")(features)
                if stage or part:
                    features = self.get_submodule(f"bn{stage}_{part}")(features)
                features = functional.leaky_relu(features, SLOPE)
        return self.linear2(functional.leaky_relu(self.linear1(features.flatten(1)), SLOPE))
