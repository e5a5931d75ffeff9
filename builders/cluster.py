"""A build on an existing Dask cluster: one task per shard, decoded in a child process of its own.

Dask's workers are daemonic and may have no multiprocessing children, so the task starts
`python -m builders.cluster OUT SHARD`, which runs that shard as a local build with one worker
would, time-out, retry and all.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
from pathlib import Path

from builders.lock import build_lock, shard_lock
from builders.merge import merge_dataset
from builders.plan import Plan, load_plan, present_versions
from builders.run import Progress, Report, RunOptions, build_shards
from builders.shards import (
    is_finished,
    load_state,
    remove_data_temporaries,
    remove_temporaries,
)
from builders.worker import die_with


def build_on_cluster(
    plan: Plan, *, out: Path, address: str, timeout: float, report: Report = lambda _: None
) -> None:
    """Builds the missing shards of a saved plan on the Dask scheduler at `address`, then merges.

    OUT and the sources must have the same paths on every worker. Raises ImportError without
    distributed, RuntimeError with a shard's own message if it fails.
    """
    try:
        from distributed import Client, as_completed
        from distributed.scheduler import KilledWorker
    except ImportError as error:
        raise ImportError("--dask needs distributed: pip install 'pairsmith[dask]'") from error
    total = len(plan.scenes)
    with build_lock(out, slice_name="0-of-1"), Client(address, timeout=20) as client:
        remove_temporaries(out, shards=None)
        todo = [shard for shard in plan.shards if not is_finished(out, shard=shard)]
        done = total - sum(shard.last - shard.first for shard in todo)
        futures = {
            client.submit(
                run_shard, str(out.absolute()), shard.name, timeout, pure=False, retries=0
            ): shard
            for shard in todo
        }
        rows = 0
        for future in as_completed(list(futures)):
            try:
                rows += int(future.result())
            except KilledWorker as error:
                raise RuntimeError(
                    f"{out}: the cluster lost the workers of shard {futures[future].name}; what is "
                    "finished is kept, run the same command again"
                ) from error
            done += futures[future].last - futures[future].first
            report(Progress(done, total, rows))
        remove_data_temporaries(out, shards=plan.shards)
        merge_dataset(plan, out=out)


def run_shard(out: str, name: str, timeout: float) -> int:
    """The Dask task: builds one shard in a child process and returns its rows."""
    command = [sys.executable, "-m", "builders.cluster", out, name, "--timeout", str(timeout)]
    command += ["--parent", str(os.getpid())]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"shard {name}: {done.stderr.strip() or f'exit {done.returncode}'}")
    return int(done.stdout.split()[-1])


def main() -> int:
    """The child of a Dask task: `python -m builders.cluster OUT SHARD --timeout S`."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("shard")
    parser.add_argument("--timeout", type=float, required=True)
    parser.add_argument("--parent", type=int, required=True)
    arguments = parser.parse_args()
    die_with(arguments.parent)
    plan = load_plan(arguments.out)
    if plan is None:
        sys.stderr.write(f"{arguments.out}: no plan to build\n")
        return 1
    if (here := present_versions()) != plan.versions:
        other = [
            f"{k} {v}, here {here.get(k)}" for k, v in plan.versions.items() if v != here.get(k)
        ]
        sys.stderr.write(f"{socket.gethostname()}: not the planned versions: {'; '.join(other)}\n")
        return 1
    shard = next(shard for shard in plan.shards if shard.name == arguments.shard)
    try:
        with shard_lock(arguments.out, name=shard.name):
            options = RunOptions(workers=1, timeout=arguments.timeout)
            build_shards(plan, out=arguments.out, shards=[shard], options=options)
    except (RuntimeError, OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    state = load_state(arguments.out, shard=shard)
    sys.stdout.write(f"{state.rows if state else 0}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
