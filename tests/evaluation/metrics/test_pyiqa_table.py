"""The table of pyiqa's metrics, against pyiqa itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluation.metrics.pyiqa_table import CLIP, ENTRIES, HUB, PYIQA

pytest.importorskip("pyiqa")


@pytest.mark.parametrize("name", ENTRIES)
def test_table_agrees_with_pyiqa(name: str) -> None:
    from pyiqa.default_model_configs import DEFAULT_CONFIGS

    entry = ENTRIES[name]
    config = DEFAULT_CONFIGS[entry.call]
    modes = {"FR": "full", "NR": "none"}
    if entry.metric.mode != "set":
        assert modes[config["metric_mode"]] == entry.metric.mode
        assert config.get("lower_better", False) == (entry.metric.better == "lower")
    else:
        assert entry.metric.better == "lower"


def test_file_names_are_pyiqas() -> None:
    import pyiqa

    folder = Path(pyiqa.__file__).parent / "archs"
    text = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))
    named = [file for entry in ENTRIES.values() for file in entry.files]
    for file in named:
        if file.folder == PYIQA:
            assert f"get_url_from_name('{file.name}')" in text, file.name
        elif file.folder == HUB:
            import timm

            model = file.source.removeprefix("timm/").partition(".")[0]
            config = timm.get_pretrained_cfg(model)
            assert config is not None and config.hf_hub_id == file.source
        elif file.folder == CLIP:
            assert file.source in text
        else:
            from torchvision.models import AlexNet_Weights, VGG16_Weights

            weights = AlexNet_Weights, VGG16_Weights
            assert file.source in [each.IMAGENET1K_V1.url for each in weights]
