"""Validation as a user would do it: the model is written, opened, and evaluated on a set."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from baselines.checkpoints.as_network import open_checkpoint
from baselines.configs.config import Config
from baselines.training.legs import legs_of
from baselines.training.schedule import total_steps
from baselines.training.session import Session, Step
from baselines.training_data.digests import data_digests
from baselines.training_data.sources import Sources
from baselines.watching.lines import Scores
from baselines.watching.log import Log
from baselines.watching.model_files import BEST, LAST, AllScores, write_model
from baselines.watching.score_lines import score_line
from baselines.watching.sheets import SHEETS, first_scores, write_sheet
from baselines.watching.validation_set import ValidationSet, open_validation_set
from baselines.watching.without_targets import NOTE, has_no_targets, write_low_sheet
from evaluation.inputs import scale_of
from evaluation.models.classical import classical
from evaluation.models.options import ModelOptions
from evaluation.models.restorer import Restorer
from evaluation.runs.run import RunOptions, run_evaluation
from evaluation.runs.summary import Summary

VALIDATION = "validation"


class Validator:
    """Scores the restorer every `config.validation.every` steps and after the last one.

    folder: RUN; `last`, `best`, `validation/step-00005000` and `sheets` appear in it. log: takes
    the scores, and is where those of before are found. sources: that the run learns from; its first
    dataset's val split is the set where the config names none. roots: where benchmarks lie.
    An unpaired run without a named set has no scores and no `best`: its sheets show low pictures.
    """

    def __init__(
        self,
        folder: Path,
        *,
        config: Config,
        log: Log,
        sources: Sources,
        roots: Sequence[Path] = (),
        say: Callable[[str], None],
    ) -> None:
        self._folder, self._config, self._log, self._say = folder, config, log, say
        self._sources, self._roots = sources, roots
        self._data = data_digests(sources)
        self._total = total_steps(config.stages)
        self._opened: tuple[tuple[int, int], ValidationSet] | None = None
        self._told = False

    def catch_up(self, session: Session) -> None:
        """Before a session's first step, after `log.begin`: writes RUN/last, finds the set and all
        that is wrong about it, scores where the run begins (the input as it is, or enlarged by
        bicubic) and does the validation of this step where it is due and was not finished.

        Raises as `open_validation_set`, `run_evaluation` and `write_low_sheet` do.
        """
        with session.processes.by_main() as mine, self._log.aside():
            if mine:
                if has_no_targets(self._config):
                    self._catch_up_unscored(session)
                else:
                    self._catch_up_scored(session)

    def hook(self, session: Session, _step: Step) -> None:
        """Validates where a step has come to it."""
        if not self._due(session.step):
            return
        with session.processes.by_main() as mine, self._log.aside():
            if mine:
                if has_no_targets(self._config):
                    self._show_low(session)
                else:
                    self._validate(session)

    def finish(self, session: Session) -> None:
        """At the end of a call, wherever it stopped: RUN/last is the model of this step."""
        with session.processes.by_main() as mine:
            if mine and not any(line.step == session.step for line in self._log.scores()):
                write_model(self._folder / LAST, session=session, data=self._data)

    def _catch_up_scored(self, session: Session) -> None:
        done = [line for line in self._log.scores() if line.step == session.step]
        own = [] if self._is_new(session) else done
        restorer = self._open(session, scores={line.set: line.values for line in own})
        chosen = self._chosen(restorer, session=session)
        self._score_start(chosen, session=session)
        if self._due(session.step) and not done:
            self._validate(session)

    def _catch_up_unscored(self, session: Session) -> None:
        """The sheet of a step that was killed, and one before the first: what is wrong shows."""
        if session.step == 0 or self._due(session.step):
            self._show_low(session)
        else:
            self._open(session)
        if not self._told:
            self._say(f"note: {NOTE}")
            self._told = True

    def _due(self, step: int) -> bool:
        every = self._config.validation.every
        return step > 0 and (step == self._total or (every > 0 and step % every == 0))

    def _is_new(self, session: Session) -> bool:
        """Whether a leg begins here: scores of this step are of the network before."""
        return any(leg.begin == session.step for leg in legs_of(self._config.stages))

    def _validate(self, session: Session) -> None:
        """The line in the log comes last: a kill before it makes `catch_up` do all of this again,
        but for pictures that are scored."""
        begun = time.perf_counter()
        step, last = session.step, self._folder / LAST
        restorer = self._open(session)
        chosen = self._chosen(restorer, session=session)
        run = self._folder / VALIDATION / f"step-{step:08d}"
        summary = self._evaluate(chosen, restorer, run=run, session=session)
        line = score_line(summary, step=step, method=self._config.method)
        write_sheet(
            self._folder / SHEETS / f"step-{step:08d}.png",
            title=f"step {step:,}",
            cases=chosen.scored,
            benchmark=chosen.benchmark,
            restorer=restorer,
            scores={"input": self._start_scores(chosen), "output": first_scores(run)},
        )
        best = self._is_best(line, chosen)
        line = msgspec.structs.replace(line, best=best)
        scores = {line.set: line.values}
        if best:
            write_model(self._folder / BEST, session=session, data=self._data, scores=scores)
        write_model(last, session=session, data=self._data, scores=scores)
        self._log.add_scores(line)
        self._tell(line, chosen, seconds=time.perf_counter() - begun)

    def _show_low(self, session: Session) -> None:
        """Writes RUN/last and a sheet of low pictures."""
        begun, name = time.perf_counter(), f"step-{session.step:08d}.png"
        write_low_sheet(
            self._folder / SHEETS / name,
            title=f"step {session.step:,}",
            sources=self._sources,
            restorer=self._open(session),
        )
        took = time.perf_counter() - begun
        self._say(f"step {session.step:,}: {SHEETS}/{name}, {took:.0f} s")

    def _open(self, session: Session, *, scores: AllScores | None = None) -> Restorer:
        """The model as RUN/last, opened as the command line opens it."""
        last = self._folder / LAST
        write_model(last, session=session, data=self._data, scores=scores)
        options = ModelOptions(device=_device(session), tile="auto", batch="auto")
        restorer = open_checkpoint(last, options)
        assert restorer is not None  # written as one of ours
        return restorer

    def _chosen(self, restorer: Restorer, *, session: Session) -> ValidationSet:
        """The set, looked for anew where a stage has changed the network's scale."""
        key = (restorer.scale, restorer.default_scale)
        if self._opened is None or self._opened[0] != key:
            chosen = open_validation_set(
                self._config.validation,
                restorer=restorer,
                sources=self._sources,
                roots=self._roots,
                device=_device(session),
            )
            for note in chosen.notes:
                self._say(f"note: {note}")
            self._opened = (key, chosen)
        return self._opened[1]

    def _evaluate(
        self, chosen: ValidationSet, restorer: Restorer, *, run: Path, session: Session
    ) -> Summary:
        validation = self._config.validation
        return run_evaluation(
            chosen.benchmark,
            chosen.cases,
            restorer=restorer,
            run=run,
            options=RunOptions(
                metrics=validation.metrics,
                device=_device(session),
                limit=validation.limit or None,
                renew=True,
            ),
            report=_silent,
        )

    def _score_start(self, chosen: ValidationSet, *, session: Session) -> None:
        """What the set scores without the model, once for each set."""
        benchmark = chosen.benchmark
        if benchmark.joined:  # two views side by side are no picture to score
            return
        name = _start_method(chosen)
        known = self._log.scores(name)
        if any((one.digest, one.pictures) == (benchmark.digest, chosen.pictures) for one in known):
            return
        restorer = classical(name, options=ModelOptions(device=_device(session)))
        run = self._start_run(chosen)
        summary = self._evaluate(chosen, restorer, run=run, session=session)
        line = score_line(summary, step=session.step, of=name)
        self._log.add_scores(line)
        self._say(f"{name} on {line.set}: {_shown(line, chosen)}")

    def _start_run(self, chosen: ValidationSet) -> Path:
        return self._folder / VALIDATION / f"{_start_method(chosen)}-{chosen.benchmark.name}"

    def _start_scores(self, chosen: ValidationSet) -> dict[str, str]:
        name = _start_method(chosen)
        return first_scores(self._start_run(chosen), of="" if name == "identity" else name)

    def _is_best(self, line: Scores, chosen: ValidationSet) -> bool:
        """Better than every earlier one of the same pictures, as the log has them."""
        metric = chosen.best.name
        if metric not in line.values:
            return False
        earlier = [
            one.values[metric]
            for one in self._log.scores()
            if one.comparable(line) and one.step < line.step and metric in one.values
        ]
        return all(chosen.better(line.values[metric], than=one) for one in earlier)

    def _tell(self, line: Scores, chosen: ValidationSet, *, seconds: float) -> None:
        best = " (best)" if line.best else ""
        self._say(
            f"step {line.step:,}: {_shown(line, chosen)}{best} on {line.pictures} pictures of "
            f"{line.set}, {seconds:.0f} s"
        )


def _start_method(chosen: ValidationSet) -> str:
    return "identity" if scale_of(chosen.benchmark.inputs) == 1 else "bicubic"


def _shown(line: Scores, chosen: ValidationSet) -> str:
    parts = []
    for name, value in line.values.items():
        metric = chosen.metrics.get(name)
        parts.append(f"{name} {value:.{metric.decimals if metric else 4}f}")
    return ", ".join(parts) or "no score"


def _device(session: Session) -> str:
    """The session's device as --device names it."""
    device = session.processes.device
    return f"cuda:{device.index}" if device.type == "cuda" and device.index else device.type


def _silent(_done: int, _total: int) -> None:
    """Pictures are scored without a word."""
