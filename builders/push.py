"""Push: a dataset in the hf format to the Hugging Face hub."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from builders.manifest import load_manifest

# What a hub repository gets: never .build, which knows this machine's paths.
UPLOADED = ("README.md", "dataset.json", "drops.jsonl", "preview.png", "data/*")


class Hub(Protocol):
    """The two calls of `huggingface_hub.HfApi` that a push makes."""

    def create_repo(self, repo_id: str, *, repo_type: str, private: bool, exist_ok: bool) -> object:
        """Makes the repository unless it is there."""
        ...

    def upload_folder(
        self,
        *,
        repo_id: str,
        repo_type: str,
        folder_path: str,
        allow_patterns: list[str],
        commit_message: str,
    ) -> object:
        """Uploads the files that match, in one commit."""
        ...


def push(out: Path, *, repository: str, private: bool = False, hub: Hub | None = None) -> str:
    """Uploads the dataset in `out` to `repository` ('user/name') and returns its address.

    Raises ValueError for another format than hf (with the export command to use) or a name that
    is not 'user/name'; the hub's own errors (no login, no network) pass through.
    """
    manifest = load_manifest(out)
    if manifest.format != "hf":
        raise ValueError(
            f"{out}: format {manifest.format}; the hub reads hf: "
            f"pairsmith export {out} --format hf --out {out}-hf"
        )
    user, slash, name = repository.partition("/")
    if not (user and slash and name) or "/" in name:
        raise ValueError(f"repository {repository!r}: write user/name")
    if hub is None:
        from huggingface_hub import HfApi

        hub = HfApi()
    hub.create_repo(repository, repo_type="dataset", private=private, exist_ok=True)
    hub.upload_folder(
        repo_id=repository,
        repo_type="dataset",
        folder_path=str(out),
        allow_patterns=list(UPLOADED),
        commit_message=f"pairsmith {manifest.versions.get('pairsmith', '')}: {manifest.name}",
    )
    return f"datasets/{repository}"
