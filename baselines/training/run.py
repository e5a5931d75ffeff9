"""A run from a config to a model: plan, legs, states; the same call again goes on."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import torch
from torch import Tensor, nn

from baselines.checkpoints.ours import weights_digest
from baselines.configs.checking import check_config, check_given, check_turns
from baselines.configs.config import Config
from baselines.configs.reading import config_json
from baselines.objectives.building import Ingredients
from baselines.objectives.choices import open_objective
from baselines.objectives.turn import RESTORER
from baselines.training.fit import fit_config
from baselines.training.legs import BEFORE, Leg, build_restorer, legs_of, start_weights, take_over
from baselines.training.loop import Diverged, Hook, train
from baselines.training.options import Ended, RunOptions
from baselines.training.plan_file import STATE_FOLDER, begin_plan, plan_digest
from baselines.training.processes import Processes
from baselines.training.schedule import total_steps
from baselines.training.session import Session, Step
from baselines.training.state_files import newest_path, newest_state, restore_state, save_state
from baselines.training.stopping import Stopping
from baselines.training_data.batches import open_batches
from baselines.training_data.digests import described_roots
from baselines.training_data.preflight import check_sources
from baselines.watching.curves import Curves
from baselines.watching.log import Log
from baselines.watching.nonfinite import report_divergence
from baselines.watching.profiling import profile_steps
from baselines.watching.validating import Validator
from builders.atomic import sha256_file, write_whole
from builders.lock import folder_lock
from degrade.recipe_file import find_recipe

Say = Callable[[str], None]
States = Mapping[str, Mapping[str, Tensor]]  # of networks, by name


def train_run(config: Config, *, options: RunOptions, say: Say) -> Ended:
    """Trains `config` into a folder, going on where an earlier call stopped.

    say: takes lines for people; called in the main process alone. Raises OptionError for what
    cannot hold together, ValueError where the folder holds another run or the data is not right,
    FileNotFoundError for data or weights that are not there, RuntimeError where a loss is not
    finite.
    """
    check_config(config)
    check_given(config, sources=options.sources, judges=options.judges)
    processes = Processes(precision=config.precision, device=options.device)
    aloud = say if processes.is_main else _silent
    if options.fit:
        folder = None if options.overwrite else options.folder
        config, lines = fit_config(
            config, judges=options.judges, processes=processes, folder=folder
        )
        for line in lines:
            aloud(line)
    check_config(config, processes=processes.count)
    run = _Run(config, options, processes, aloud, Stopping(seconds=options.seconds))
    with run.alone(), run.stop.heeding_signals(), run.deterministic(), contextlib.closing(run.log):
        run.begin()
        return run.carry_out()


def _silent(_line: str) -> None:
    """What other processes say."""


class _Run:
    """A run that is being carried out in this process."""

    def __init__(
        self, config: Config, options: RunOptions, processes: Processes, say: Say, stop: Stopping
    ) -> None:
        self.config, self.options, self.processes = config, options, processes
        self.say, self.stop = say, stop
        self.states = options.folder / STATE_FOLDER
        self.identity = plan_digest(self.plan())
        self.legs = legs_of(config.stages)
        self.log = Log(options.folder, config=config, total=total_steps(config.stages), say=say)
        self.validator = Validator(
            options.folder,
            config=config,
            log=self.log,
            sources=options.sources,
            roots=options.roots,
            say=say,
        )
        self.curves = Curves(options.folder, config=config, log=self.log)

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Holds the folder: one run at a time in it."""
        with contextlib.ExitStack() as held:
            with self.processes.by_main() as mine:
                if mine:
                    held.enter_context(folder_lock(self.states, what="another training"))
            yield

    @contextlib.contextmanager
    def deterministic(self) -> Iterator[None]:
        """Within it the fastest kernels, or those whose sums have one order; then as before."""
        asked = self.options.deterministic
        before = torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.benchmark
        if asked:
            os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS asks for it
        elif self.processes.device.type != "cpu":
            self.say(
                "note: on this device a run that stops and goes on equals an unbroken one but for "
                "the order of float sums; --deterministic makes it bit-equal, and slower"
            )
        torch.use_deterministic_algorithms(asked)
        torch.backends.cudnn.benchmark = not asked
        try:
            yield
        finally:
            torch.use_deterministic_algorithms(before[0])
            torch.backends.cudnn.benchmark = before[1]

    def begin(self) -> None:
        """Keeps the plan, or finds it there."""
        with self.processes.by_main() as mine:
            if mine:
                begin_plan(self.options.folder, self.plan(), overwrite=self.options.overwrite)
                write_whole(self.options.folder / "config.json", config_json(self.config))

    def plan(self) -> dict[str, Any]:
        """All that decides what is learned."""
        sources, judges = self.options.sources, self.options.judges
        files = {"teacher": judges.teacher, "vgg": judges.vgg, "clip": judges.clip}
        recipe = find_recipe(sources.recipe).digest if _is_file(sources.recipe) else sources.recipe
        return {
            "config": msgspec.to_builtins(self.config),
            "data": described_roots(sources),
            "split": sources.split if sources.pairs else "",
            "recipe": recipe,
            "judges": {name: _digest(path) for name, path in files.items() if path},
            "without": sorted(judges.without),
        }

    def carry_out(self) -> Ended:
        """Leg after leg, from the newest state on."""
        state = newest_state(self.states, say=self.say, run=self.identity)
        number = state["leg"] if state is not None else 0
        before: States | None = None
        total = total_steps(self.config.stages)
        for leg in self.legs[number:]:
            with contextlib.closing(self.open_session(leg, before=before, state=state)) as session:
                self.log.begin(session)
                if state is not None:
                    self.log.load_state_dict(state["log"])
                    state = None
                self.take_leg(session, leg)
                if session.step < leg.end or self.options.profile:
                    whys = self.processes.gathered(self.stop.why)
                    return Ended(session.step, total, next(filter(None, whys), "profiled"))
                before = _weights(session)
        return Ended(total, total)

    def open_session(
        self, leg: Leg, *, before: States | None, state: Mapping[str, Any] | None
    ) -> Session:
        """The session of a leg: where `state` has it, or at its begin."""
        restorer = build_restorer(self.config, leg)
        judges = self.options.judges
        ingredients = Ingredients(
            restorer=restorer,
            seed=self.config.seed,
            patch=self.config.stages[leg.stages[0]].patch,
            vgg=judges.vgg,
            clip=judges.clip,
            teacher=judges.teacher,
            without=judges.without,
        )
        if state is None:
            self._start(leg, restorer, before=before)
        objective = open_objective(self.config.objective, ingredients=ingredients)
        if state is None and leg.init_from == BEFORE:
            for name, weights in (before or {}).items():
                if name != RESTORER and name in objective.networks:
                    take_over(objective.networks[name], weights)
        batches = open_batches(
            self.config,
            sources=self.options.sources,
            network=restorer.traits,
            processes=self.processes,
            workers=self.options.workers,
        )
        with self.processes.by_main() as mine:
            if mine and state is None and leg is self.legs[0]:
                check_sources(batches, report=self.options.report)
        check_turns(self.config, objective)
        for note in objective.notes:
            self.say(f"note: {note}")
        cut = any(stage.accumulate > 1 for stage in self.config.stages)
        if objective.batch_coupled and (cut or self.processes.count > 1):
            self.say(
                f"note: how batches are cut changes what is learned: {objective.batch_coupled}"
            )
        session = Session(
            config=self.config,
            objective=objective,
            processes=self.processes,
            batches=batches,
            step=leg.begin,
        )
        if state is not None:
            restore_state(session, state)
            self.say(f"goes on at step {session.step:,}")
        return session

    def _start(self, leg: Leg, restorer: nn.Module, *, before: States | None) -> None:
        """The weights that a leg begins with."""
        weights = start_weights(leg, before=(before or {}).get(RESTORER))
        if weights is not None:
            self.say(f"step {leg.begin:,}: {take_over(restorer, weights)}")

    def take_leg(self, session: Session, leg: Leg) -> None:
        """Trains to the leg's end, or until it is to stop; the state at that step is kept."""
        folder, number = self.options.folder, self.legs.index(leg)
        # before a validation too: it may take long
        often = [one for one in (self.config.save_every, self.config.validation.every) if one]

        def save(session: Session, _step: Step | None = None) -> None:
            if _step is None or any(session.step % one == 0 for one in often):
                with self.log.aside():
                    save_state(
                        self.states, session, leg=number, keep=self.options.keep, log=self.log,
                        run=self.identity,
                    )  # fmt: skip

        self.validator.catch_up(session)
        hooks: list[Hook] = [self.log.hook, save, self.validator.hook, self.curves.hook]
        try:
            if self.options.profile:
                profile_steps(session, folder=folder, until=leg.end, hooks=hooks, say=self.say)
            else:
                train(session, until=leg.end, hooks=hooks, stop=self.stop)
        except Diverged as error:
            state = newest_path(self.states)
            raise RuntimeError(
                report_divergence(error, folder=folder, session=session, state=state)
            ) from error
        save(session)
        self.validator.finish(session)
        self.curves.finish(session)


def _weights(session: Session) -> States:
    """What the next leg may take over, on the CPU: of the restorer the averaged weights where the
    run has them, as `last` does."""
    networks = {**session.objective.networks, RESTORER: session.averaged.network}
    return {
        name: {key: value.cpu().clone() for key, value in one.state_dict().items()}
        for name, one in networks.items()
    }


def _is_file(recipe: str) -> bool:
    return recipe.endswith(".json")


def _digest(path: Path) -> str:
    """sha256 of a file of weights, or of a checkpoint's folder."""
    return weights_digest(path) if path.is_dir() else sha256_file(path)
