"""`build-dataset noise`, `lowlight` and `rawsr`: pairs made by simulating a camera."""

from __future__ import annotations

from typing import Annotated

from pairsmith import options as o
from pairsmith.build import raw_roots
from pairsmith.build_clean import clean_roots
from pairsmith.carry_out import carry_out
from pairsmith.console import user_errors
from pairsmith.options import RENDERED, STORED, Opt

_RAW = "Folder of RAW files, or DIR:WEIGHT, or 'demo'. May be repeated."
Raw = Annotated[list[str], Opt("--raw", help=_RAW)]
Camera = Annotated[
    str,
    Opt(help="Whose noise: a calibrated camera; a wrong name lists all.", rich_help_panel=RENDERED),
]
Iso = Annotated[
    list[float] | None,
    Opt(
        help="A variant for each; may be repeated.",
        show_default="drawn for each copy",
        rich_help_panel=RENDERED,
    ),
]
Copies = Annotated[
    int, Opt(help="Noisy pictures for each variant, each drawn anew.", rich_help_panel=RENDERED)
]
Patch = Annotated[
    int | None,
    Opt(
        help="Store square patches of this side, px; 0 = whole pictures.",
        show_default="512 of RAW at full resolution",
        rich_help_panel=RENDERED,
    ),
]
Size = Annotated[
    int | None,
    Opt(
        help="Long side, px: a smaller render, which averages the noise.",
        show_default="full resolution",
        rich_help_panel=RENDERED,
    ),
]
Demosaic = Annotated[str, Opt(help="ahd, linear, ppg, vng, dcb or half.", rich_help_panel=RENDERED)]
Style = Annotated[str, Opt(help="srgb (pure gain) or acr-like.", rich_help_panel=RENDERED)]
Screens = Annotated[
    bool | None,
    Opt(
        "--screens/--no-screens",
        help="Drop targets too dark, bright or flat.",
        show_default="on with patches",
        rich_help_panel=RENDERED,
    ),
]
Encode = Annotated[str, Opt(help="png or raw.", rich_help_panel=STORED)]
Bits = Annotated[int, Opt(help="8 or 16, of the rendered pictures.", rich_help_panel=STORED)]

# Defaults that builders.kinds.camera_arguments owns; a test holds them equal.
CAMERA, EVS, BLUR = "nikon-d850", (2.0, 6.0), (0.1, 0.6)


def noise(
    raw: Annotated[list[str] | None, Opt("--raw", help=_RAW)] = None,
    gt: Annotated[
        list[str] | None, Opt("--gt", help="Instead: folder of clean pictures, or 'demo'.")
    ] = None,
    out_folder: o.Out = None,
    camera: Camera = CAMERA,
    iso: Iso = None,
    copies: Copies = 1,
    patch: Patch = None,
    size: Size = None,
    demosaic: Demosaic = "ahd",
    style: Style = "srgb",
    screens: Screens = None,
    encode: Encode = "png",
    bits: Bits = 8,
    format_: o.Format = "",
    split: o.Split = o.SPLIT,
    split_file: o.SplitFile = None,
    seed: o.Seed = 0,
    limit: o.Limit = None,
    licence: o.Licence = "",
    attribution: o.Attribution = "",
    scenes_per_shard: o.ScenesPerShard = o.SCENES_PER_SHARD,
    workers: o.Workers = 0,
    timeout: o.Timeout = o.TIMEOUT,
    shard: o.Slice = "0/1",
    dask: o.Dask = "",
    append: o.Append = False,
    overwrite: o.Overwrite = False,
    dry_run: o.DryRun = False,
) -> None:
    """Noise pairs: one mosaic rendered clean, and with a real camera's noise put on it.

    RAW files of low ISO are the right sources: what noise they have stays in both pictures. Clean
    pictures (--gt) are taken back to a sensor first.

    Example: build-dataset noise --raw photos/ --camera nikon-d850 --iso 800 --iso 1600
    """
    with user_errors():
        from builders.kinds.camera_arguments import CameraWishes, resolve_noise
        from builders.kinds.camera_plan import plan_noise
        from builders.planning import Store
        from degrade.option_error import OptionError

        if bool(raw) == bool(gt):
            raise OptionError("--raw or --gt: give one of them, RAW files or clean pictures")
        wishes = CameraWishes(
            camera=camera, iso=tuple(iso or ()), copies=copies, demosaic=demosaic, style=style,
            patch=patch, size=size, bits=bits, encode=encode, screens=screens,
        )  # fmt: skip
        arguments = resolve_noise(wishes, clean=bool(gt))
        find = clean_roots if gt else raw_roots
        roots, folder = find(gt or raw or [], out_folder, kind="noise")
        store = Store(
            format=format_, split=split, split_file=split_file, seed=seed, limit=limit,
            licence=licence, attribution=attribution, scenes_per_shard=scenes_per_shard,
        )  # fmt: skip
        how = o.How(folder, workers, timeout, shard, dask, append, overwrite, dry_run)
        carry_out(plan_noise(roots, arguments=arguments, store=store), store=store, how=how)


def lowlight(
    raw: Raw,
    out_folder: o.Out = None,
    ev_range: Annotated[
        tuple[float, float],
        Opt("--ev-range", help="Stops of darkening, least and greatest.", rich_help_panel=RENDERED),
    ] = EVS,
    amplify: Annotated[
        bool,
        Opt(
            "--amplify/--no-amplify",
            help="Multiply the recorded light back to the target's brightness.",
            rich_help_panel=RENDERED,
        ),
    ] = True,
    camera: Camera = CAMERA,
    iso: Iso = None,
    copies: Copies = 1,
    patch: Patch = None,
    size: Size = None,
    demosaic: Demosaic = "ahd",
    style: Style = "srgb",
    screens: Screens = None,
    encode: Encode = "png",
    bits: Bits = 8,
    format_: o.Format = "",
    split: o.Split = o.SPLIT,
    split_file: o.SplitFile = None,
    seed: o.Seed = 0,
    limit: o.Limit = None,
    licence: o.Licence = "",
    attribution: o.Attribution = "",
    scenes_per_shard: o.ScenesPerShard = o.SCENES_PER_SHARD,
    workers: o.Workers = 0,
    timeout: o.Timeout = o.TIMEOUT,
    shard: o.Slice = "0/1",
    dask: o.Dask = "",
    append: o.Append = False,
    overwrite: o.Overwrite = False,
    dry_run: o.DryRun = False,
) -> None:
    """Low-light pairs: the light of a capture weakened by some stops, then a camera's noise.

    Example: build-dataset lowlight --raw photos/ --ev-range 2 6 --camera sony-a7s2 --iso 3200
    """
    with user_errors():
        from builders.kinds.camera_arguments import CameraWishes, resolve_lowlight
        from builders.kinds.camera_plan import plan_lowlight
        from builders.planning import Store

        wishes = CameraWishes(
            camera=camera, iso=tuple(iso or ()), copies=copies, demosaic=demosaic, style=style,
            patch=patch, size=size, bits=bits, encode=encode, screens=screens,
        )  # fmt: skip
        arguments = resolve_lowlight(wishes, darker=ev_range, amplify=amplify)
        roots, folder = raw_roots(raw, out_folder, kind="lowlight")
        store = Store(
            format=format_, split=split, split_file=split_file, seed=seed, limit=limit,
            licence=licence, attribution=attribution, scenes_per_shard=scenes_per_shard,
        )  # fmt: skip
        how = o.How(folder, workers, timeout, shard, dask, append, overwrite, dry_run)
        carry_out(plan_lowlight(roots, arguments=arguments, store=store), store=store, how=how)


def rawsr(
    raw: Raw,
    out_folder: o.Out = None,
    scale: Annotated[
        list[int] | None,
        Opt(
            help="Pixel pitch of lq over gt's, 2 to 8; may be repeated.",
            show_default="2 4",
            rich_help_panel=RENDERED,
        ),
    ] = None,
    blur: Annotated[
        tuple[float, float],
        Opt(
            help="Least and greatest deviation of the lens blur, in pixels of the lq's mosaic.",
            rich_help_panel=RENDERED,
        ),
    ] = BLUR,
    camera: Camera = CAMERA,
    iso: Iso = None,
    copies: Copies = 1,
    patch: Annotated[
        int | None,
        Opt(
            help="Side of square patches of gt, px; 0 = whole pictures.",
            show_default="512 or next below",
            rich_help_panel=RENDERED,
        ),
    ] = None,
    demosaic: Demosaic = "ahd",
    style: Style = "srgb",
    screens: Screens = None,
    encode: Encode = "png",
    bits: Bits = 8,
    format_: o.Format = "",
    split: o.Split = o.SPLIT,
    split_file: o.SplitFile = None,
    seed: o.Seed = 0,
    limit: o.Limit = None,
    licence: o.Licence = "",
    attribution: o.Attribution = "",
    scenes_per_shard: o.ScenesPerShard = o.SCENES_PER_SHARD,
    workers: o.Workers = 0,
    timeout: o.Timeout = o.TIMEOUT,
    shard: o.Slice = "0/1",
    dask: o.Dask = "",
    append: o.Append = False,
    overwrite: o.Overwrite = False,
    dry_run: o.DryRun = False,
) -> None:
    """RAW super-resolution pairs: a coarser, noisier sensor's packed mosaic, and the sRGB picture.

    lq has four planes of 16 bits, R, Gr, Gb and B; gt has 2 * scale times its sides.

    Example: build-dataset rawsr --raw photos/ --scale 2 --scale 4 --camera nikon-d850
    """
    with user_errors():
        from builders.kinds.camera_arguments import CameraWishes, resolve_rawsr
        from builders.kinds.camera_plan import plan_rawsr
        from builders.planning import Store

        wishes = CameraWishes(
            camera=camera, iso=tuple(iso or ()), copies=copies, demosaic=demosaic, style=style,
            patch=patch, bits=bits, encode=encode, screens=screens,
        )  # fmt: skip
        arguments = resolve_rawsr(wishes, scales=tuple(scale or ()), blur=blur)
        roots, folder = raw_roots(raw, out_folder, kind="rawsr")
        store = Store(
            format=format_, split=split, split_file=split_file, seed=seed, limit=limit,
            licence=licence, attribution=attribution, scenes_per_shard=scenes_per_shard,
        )  # fmt: skip
        how = o.How(folder, workers, timeout, shard, dask, append, overwrite, dry_run)
        carry_out(plan_rawsr(roots, arguments=arguments, store=store), store=store, how=how)
