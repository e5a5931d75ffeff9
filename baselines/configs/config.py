"""What a training run is: a typed, frozen value, saved as JSON; unknown keys are refused."""

from __future__ import annotations

from typing import Any

import msgspec

from baselines.objectives.choices import ObjectiveChoice


class NetworkChoice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """preset: a name of `pairsmith inspect --networks`. set: arguments that differ from it."""

    preset: str
    set: dict[str, Any] = {}

    def __post_init__(self) -> None:
        """Arguments as JSON has them (lists, no tuples): a config equals itself read back."""
        plain = msgspec.json.decode(msgspec.json.encode(self.set))
        msgspec.structs.force_setattr(self, "set", plain)


class Schedule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The learning rate's factor over steps, times the optimiser's rate.

    law: constant; milestones (times `factor` at each of `steps`); every (times `factor` each
    `steps[0]`); linear (1 until `steps[0]`, then down to 0 at `steps[1]`); cosine (1 until
    `steps[0]`, then half a cosine down to `least` at `steps[1]`; more such pairs follow: restarts).
    least: the least factor, of the rate. warm_up: steps over which the factor rises from 0 first.
    """

    law: str = "constant"
    steps: tuple[int, ...] = ()
    factor: float = 0.5
    least: float = 0.0
    warm_up: int = 0


class Optimizer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One turn's. kind: adam, adamw or sgd. betas: of Adam; momentum: of SGD. weight_decay: Adam's
    and SGD's is added to the gradient, AdamW's is apart. clip: 'none', 'norm' (of all gradients, at
    most `clip_at`), 'value' (each to +-`clip_at`), 'adjustable' (each to +-`clip_at` / rate: VDSR,
    3.2) or 'adjustable-norm' (the norm to `clip_at` / rate: DRRN's release). groups: regular
    expression on a parameter's name -> factor of the rate; the first that is found holds."""

    kind: str = "adam"
    rate: float
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    momentum: float = 0.0
    weight_decay: float = 0.0
    schedule: Schedule = Schedule()
    clip: str = "none"
    clip_at: float = 0.0
    groups: dict[str, float] = {}


class Stage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A row of the table of stages. steps: its length. batch: samples of one step, of all processes
    and micro-batches together. patch: side of the training square, px of what `Data.patch_of` says,
    0 for whole pictures. accumulate: micro-batches that a step is cut into.
    scale: of the networks from here on, 0 for as before; another scale makes them anew and takes
    over what fits. init_from: 'before' goes on with the weights there are; the name of a checkpoint
    or of a run's folder takes those; 'scratch' begins anew; 'needed: which' refuses to begin until
    one of these is said (recipes whose first stage starts from another run's).
    weights: of the datasets in this stage, in their order; none for the command line's.
    schedule: in place of the optimisers' own, counted from the stage's first step."""

    steps: int
    batch: int
    patch: int
    accumulate: int = 1
    scale: int = 0
    init_from: str = "before"
    weights: tuple[float, ...] = ()
    schedule: Schedule | None = None


class Jitter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Colour jitter of both sides of a pair (survey 1902.06068, 3.5.2): each factor is drawn from
    1 - x ... 1 + x; 0 leaves it."""

    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0


class Data(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How samples become batches.

    recipe: with clean pictures, the degradation, by name; {scale} in it becomes the sample's.
    scales: drawn from, for networks of several; none for the network's own. scale_per: 'sample' or
    'batch'. patch_of: 'target' or 'input'. context: pixels of the target around its patch that are
    degraded with it and cut off after, so that borders are no training sight.
    fit: 'crop' cuts patches; 'resize' squeezes the whole picture to patch x patch (bicubic).
    flips: left-right and up-down, each by half. upside_down: whether up-down too, where pictures
    are flipped (MSEC and NeRCo flip left-right alone). quarter_turns: by half. shuffle_channels:
    their order is drawn. rescale: factors one of which each picture is shrunk by first (FSRCNN,
    91-image: 1.0 0.9 ... 0.6). mixup: beta of Beta(b, b) by which pairs are mixed, half of the
    steps; 0 none. unpaired: low and high folders without partners. identical: whether pairs whose
    sides are equal are used. least_gradient: patches flatter than this are drawn again, up to 8
    times; brightness: likewise patches whose mean is outside (MSEC's patches; 0 ... 1).
    """

    recipe: str = ""
    scales: tuple[float, ...] = ()
    scale_per: str = "batch"
    patch_of: str = "target"
    context: int = 0
    fit: str = "crop"
    flips: bool = True
    upside_down: bool = True
    quarter_turns: bool = True
    shuffle_channels: bool = False
    rescale: tuple[float, ...] = ()
    jitter: Jitter = Jitter()
    mixup: float = 0.0
    unpaired: bool = False
    identical: bool = True
    least_gradient: float = 0.0
    brightness: tuple[float, float] = (0.0, 1.0)


class Validation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """set: a benchmark, folder, dataset[:split] or 'demo', as --set of evaluate, {scale} in it
    becomes the network's; '' for the built dataset's own val split, else the demo. metrics: none
    for the protocol's. every: steps between; 0 for the end alone. limit: pictures, 0 for all. best:
    the metric that chooses the best model.
    """

    set: str = ""
    metrics: tuple[str, ...] = ()
    every: int = 5000
    limit: int = 0
    best: str = "psnr"


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One training run.

    name, about, cite: for people. differs: where it departs from paper or released code on purpose.
    optimizers: by turn. ema: decay of the averaged weights, 0 for none. precision: fp32, bf16 or
    fp16. seed: of weights, order and draws. published: what the paper prints for it.
    """

    name: str
    about: str
    cite: str
    network: NetworkChoice
    objective: ObjectiveChoice
    optimizers: dict[str, Optimizer]
    stages: tuple[Stage, ...]
    data: Data = Data()
    validation: Validation = Validation()
    ema: float = 0.0
    precision: str = "fp32"
    compile: bool = False
    channels_last: bool = False
    seed: int = 0
    log_every: int = 100
    save_every: int = 5000
    method: str = ""
    published: str = ""
    differs: tuple[str, ...] = ()
