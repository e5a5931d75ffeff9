"""CONFIGS: every training run by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType

from baselines.configs import (
    carn,
    dbpn,
    demo,
    distilled,
    dncnn,
    drcn,
    drrn,
    drunet,
    edsr,
    espcn,
    esrgan,
    fsrcnn,
    lapsrn,
    metasr,
    msec,
    nafnet,
    nerco,
    rcan,
    rdn,
    realesrgan,
    restormer,
    srcnn,
    srgan,
    srresnet,
    vdsr,
)
from baselines.configs.config import Config

_MODULES: tuple[ModuleType, ...] = (
    carn,
    dbpn,
    demo,
    distilled,
    dncnn,
    drcn,
    drrn,
    drunet,
    edsr,
    espcn,
    esrgan,
    fsrcnn,
    lapsrn,
    metasr,
    msec,
    nafnet,
    nerco,
    rcan,
    rdn,
    realesrgan,
    restormer,
    srcnn,
    srgan,
    srresnet,
    vdsr,
)

CONFIGS: Mapping[str, Config] = {one.name: one for module in _MODULES for one in module.CONFIGS}
