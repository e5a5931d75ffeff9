"""Fetches a set's targets from the Hugging Face hub, where a copy is named."""

from __future__ import annotations

import posixpath
import tarfile
from pathlib import Path

from builders.atomic import write_whole
from degrade.reading.clean import PICTURE_SUFFIXES
from evaluation import reachable
from evaluation.benchmark import Benchmark
from evaluation.sets.places import sets_cache


def fetch_set(benchmark: Benchmark) -> Path:
    """Downloads `benchmark.hub` and unpacks its pictures into the cache, <set>/HR; returns the
    cache, a root to look in.

    Only pictures are taken from the tar, by their names alone, and each is whole or absent; the
    marker file says that all are there. Raises ConnectionError (an OSError) where the hub cannot
    be reached, saying how to do without.
    """
    folder = sets_cache() / benchmark.folders[0]
    marker = folder / "fetched.txt"
    if marker.is_file() and marker.read_text() == benchmark.hub:
        return sets_cache()
    from huggingface_hub import constants, hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError

    repository, _, file = benchmark.hub.partition(":")
    try:
        if not constants.HF_HUB_OFFLINE:  # else only what it has kept is looked for
            reachable.reach(constants.ENDPOINT)
        tar = hf_hub_download(repository, file, repo_type="dataset")
    except (HfHubHTTPError, OSError) as error:
        raise ConnectionError(
            f"{benchmark.name}: not found, and {repository} on the Hugging Face hub could not be "
            f"fetched ({type(error).__name__})"
        ) from error
    with tarfile.open(tar) as packed:
        for member in packed:
            name = posixpath.basename(member.name)
            content = packed.extractfile(member) if member.isfile() else None
            if content is not None and Path(name).suffix.lower() in PICTURE_SUFFIXES:
                write_whole(folder / "HR" / name, content.read())
    write_whole(marker, benchmark.hub.encode())
    return sets_cache()
