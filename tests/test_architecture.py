"""The house rules that no linter knows: import order, sizes, names, light roads, clean text."""

from __future__ import annotations

import ast
import functools
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# A package imports itself and those before it in this order, never one after it.
ORDER = ("degrade", "builders", "evaluation", "baselines", "pairsmith")
# The front door alone may have long signatures: they are the command line's options.
LIBRARIES = ORDER[:-1]

LINES = 300
# Tables of data may be longer, each named here with what it tabulates.
TABLES: dict[str, str] = {}

FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "base", "misc", "core"}
ARGUMENTS = 7

# Written with a bar inside, so that this file does not hold what it forbids.
FORBIDDEN_WORDS = [
    word.replace("|", "")
    for word in (
        "pypi|.org files.python|hosted.org registry.npm|js.org deb.|debian.org "
        "/wo|rk/ /tmp/|brief facts/|raw.md facts/|style.md facts/|protocols.md shared/|design.md "
        "sub|agent co-authored|-by"
    ).split()
]

SEEDS = {
    *("np.random.seed", "numpy.random.seed", "np.random.set_state", "numpy.random.set_state"),
    *("random.seed", "random.setstate", "cv2.setRNGSeed"),
    *("torch.manual_seed", "torch.seed", "torch.random.manual_seed"),
    *("torch.cuda.manual_seed", "torch.cuda.manual_seed_all"),
}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def tracked() -> list[Path]:
    """Files of the repository that git does not ignore; in a copy without .git, all but caches."""
    if (ROOT / ".git").exists():
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout
        found = [ROOT / name for name in listed.split("\0") if name]
    else:
        left_out = {".venv", "datasets", "build", "dist", "__pycache__"}
        found = [
            path
            for path in ROOT.rglob("*")
            if not any(
                part in left_out or part.endswith(("_cache", ".egg-info"))
                for part in path.relative_to(ROOT).parts
            )
        ]
    return sorted(path for path in found if path.is_file())


def name_of(path: Path) -> str:
    """'builders/raw.py': how a message calls a file."""
    return path.relative_to(ROOT).as_posix()


def sources(*folders: str) -> list[Path]:
    """The Python files under these top-level folders; at least one each, or the test is blind."""
    found = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    assert {path.relative_to(ROOT).parts[0] for path in found} == set(folders)
    return found


@functools.cache
def tree_of(path: Path) -> ast.Module:
    """The parsed file."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=name_of(path))


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """(line, top-level package) of each absolute import anywhere in the file, named ones included.

    A relative import cannot leave its own package, so it cannot break the order.
    """
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name.partition(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.lineno, node.module.partition(".")[0]
        elif (
            isinstance(node, ast.Call)
            and ast.unparse(node.func).rpartition(".")[2] in {"import_module", "__import__"}
            and node.args
            and isinstance(node.args[0], ast.Constant)
        ):
            yield node.lineno, str(node.args[0].value).partition(".")[0]


def functions(path: Path) -> Iterator[tuple[str, Function, bool]]:
    """(dotted name, node, public) of module-level functions and of the methods of classes."""

    def inside(
        body: list[ast.stmt], prefix: str, public: bool
    ) -> Iterator[tuple[str, Function, bool]]:
        for node in body:
            if isinstance(node, Function):
                shown = node.name == "__init__" or not node.name.startswith("_")
                yield f"{prefix}{node.name}", node, public and shown
            elif isinstance(node, ast.ClassDef):
                shown = not node.name.startswith("_")
                yield from inside(node.body, f"{prefix}{node.name}.", public and shown)

    yield from inside(tree_of(path).body, f"{name_of(path)}: ", True)


def own_arguments(node: Function) -> list[ast.arg]:
    """All arguments, without the leading self or cls and without `*args` and `**kwargs`."""
    listed = [*node.args.posonlyargs, *node.args.args]
    if listed and listed[0].arg in {"self", "cls"}:
        listed = listed[1:]
    return [*listed, *node.args.kwonlyargs]


@pytest.mark.parametrize("package", ORDER)
def test_imports_run_in_one_direction(package: str) -> None:
    later = ORDER[ORDER.index(package) + 1 :]
    wrong = [
        f"{name_of(path)}:{line} imports {name}"
        for path in sources(package)
        for line, name in imports(path)
        if name in later
    ]
    assert not wrong, f"{package} may import itself and {ORDER[: ORDER.index(package)]}: {wrong}"


def test_files_are_short() -> None:
    lengths = {
        name_of(path): len(path.read_text(encoding="utf-8").splitlines())
        for path in tracked()
        if path.suffix == ".py"
    }
    assert set(TABLES) <= set(lengths), "TABLES names a file that is gone"
    long = {name: n for name, n in lengths.items() if n > LINES and name not in TABLES}
    assert not long, f"over {LINES} lines: {long}; split by what the parts are about"


def test_file_names_say_what_is_inside() -> None:
    vague = [
        name_of(path)
        for path in tracked()
        if path.suffix == ".py"
        and FORBIDDEN_NAMES & {*path.relative_to(ROOT).with_suffix("").parts}
    ]
    assert not vague, f"named after nothing in particular: {vague}"


def loaded_by(code: str) -> set[str]:
    """The top-level modules in sys.modules after `code` ran in a fresh interpreter."""
    report = "import sys; print(chr(10) + chr(31).join({m.partition('.')[0] for m in sys.modules}))"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{report}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split(chr(31)))


def test_help_is_light() -> None:
    code = (
        "from pairsmith.main import app\n"
        "try:\n"
        "    app(['--help'])\n"
        "except SystemExit as stop:\n"
        "    assert not stop.code, stop.code\n"
    )
    loaded = loaded_by(code)
    assert "pairsmith" in loaded
    heavy = loaded & {"torch", "datasets", "pyiqa", "distributed"}
    assert not heavy, f"`pairsmith --help` imports {heavy}; import them where they are used"


@pytest.mark.parametrize("module", ["builders.raw", "builders.render", "builders.dng"])
def test_raw_road_needs_no_torch(module: str) -> None:
    loaded = loaded_by(f"import {module}")
    assert "builders" in loaded
    heavy = loaded & {"torch", "datasets", "pairsmith"}
    assert not heavy, f"`import {module}` imports {heavy}"


def test_text_names_no_workplace() -> None:
    found = []
    for path in tracked():
        data = path.read_bytes()
        if b"\0" in data:
            continue
        text = data.decode("utf-8").lower()
        found += [f"{name_of(path)}: {word!r}" for word in FORBIDDEN_WORDS if word in text]
    assert not found, f"text that means nothing to a reader elsewhere: {found}"


def test_public_functions_have_docstrings() -> None:
    # A Protocol documents its methods once for all classes that have them.
    promised = {
        method.name
        for path in sources(*ORDER)
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ClassDef) and "Protocol" in map(ast.unparse, node.bases)
        for method in node.body
        if isinstance(method, Function) and ast.get_docstring(method)
    }
    silent = [
        name
        for path in sources(*ORDER)
        for name, node, public in functions(path)
        if public and node.name != "__init__" and not ast.get_docstring(node)
        if not ("." in name.partition(": ")[2] and node.name in promised)
    ]
    assert not silent, f"without a docstring: {silent}"


def test_functions_are_annotated() -> None:
    bare = []
    for path in sources(*ORDER):
        for name, node, _ in functions(path):
            stars = [star for star in (node.args.vararg, node.args.kwarg) if star]
            untyped = [a.arg for a in (*own_arguments(node), *stars) if a.annotation is None]
            if untyped or node.returns is None:
                bare.append(f"{name}({', '.join(untyped)}){'' if node.returns else ' -> ?'}")
    assert not bare, f"without annotations: {bare}"


def test_no_catch_all_handlers() -> None:
    wide = [
        f"{name_of(path)}:{node.lineno}"
        for path in sources(*ORDER)
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ExceptHandler)
        and {"", "Exception", "BaseException"}
        & set(ast.unparse(node.type).strip("()").split(", ") if node.type else [""])
    ]
    assert not wide, f"catches everything; name what can go wrong: {wide}"


def test_signatures_are_closed_and_short() -> None:
    open_ended = [
        f"{name_of(path)}:{node.lineno}"
        for path in sources(*ORDER)
        for node in ast.walk(tree_of(path))
        if isinstance(node, Function | ast.Lambda) and node.args.kwarg
    ]
    assert not open_ended, f"takes **{{...}}, so that a misspelt argument passes: {open_ended}"
    long = {
        name: len(own_arguments(node))
        for path in sources(*LIBRARIES)
        for name, node, public in functions(path)
        # an operator's columns are declared with their laws, and set by name
        if public and not any("operator(" in ast.unparse(mark) for mark in node.decorator_list)
        if len(own_arguments(node)) > ARGUMENTS
    }
    assert not long, f"over {ARGUMENTS} arguments; make a frozen dataclass: {long}"


def test_no_global_random_state_and_no_work_at_import() -> None:
    seeding = [
        f"{name_of(path)}:{node.lineno}"
        for path in sources(*ORDER)
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in SEEDS
    ]
    assert not seeding, f"seeds a generator that everybody shares: {seeding}"
    # A call whose value nobody keeps is there for its effect; the front door registers verbs so.
    effects = [
        f"{name_of(path)}:{node.lineno}"
        for path in sources(*LIBRARIES)
        for node in tree_of(path).body
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    ]
    assert not effects, f"does something when it is imported: {effects}"


def test_init_files_hold_names_only() -> None:
    logic = [
        f"{name_of(path)}:{node.lineno}"
        for path in sources(*ORDER)
        if path.name == "__init__.py"
        for node in ast.walk(tree_of(path))
        if isinstance(node, Function | ast.ClassDef)
    ]
    assert not logic, f"move it into a file with a name: {logic}"
