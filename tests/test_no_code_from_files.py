"""Nothing that is read is ever run: no pickle, no eval, no shell.

The one exception is a classifier of the user's own, ``path/file.py:Class``, which the user names.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "src" / "hsidiff"
FILES = sorted(PACKAGE.rglob("*.py"))

MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "yaml",
           "subprocess", "pty", "commands"}  # fmt: skip
BUILTINS = {"eval", "exec", "compile", "__import__"}
METHODS = {"system", "popen", "spawnl", "exec_module", "run_path", "run_module", "read_pickle"}
MAY = {
    ("catalog.py", "exec_module"),
    ("viewer/jobs.py", "subprocess"),  # starts this Python with a module of the package
}


def dangers(tree: ast.AST) -> Iterator[str]:
    """What in a program could run code, or a command, that stands in a file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name.split(".")[0] in MODULES)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in MODULES:
            yield str(node.module)
        elif isinstance(node, ast.Call):
            yield from _of_call(node)


def _of_call(call: ast.Call) -> Iterator[str]:
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    if isinstance(call.func, ast.Name) and call.func.id in BUILTINS:
        yield call.func.id
    if isinstance(call.func, ast.Attribute):
        whole = ast.unparse(call.func)
        if call.func.attr in METHODS:
            yield call.func.attr
        if whole in {"torch.load", "np.memmap.load"}:
            yield whole
        pickles = ast.unparse(given.get("allow_pickle", ast.Constant(False)))
        if whole in {"np.load", "np.lib.format.read_array"} and (
            "allow_pickle" not in given or pickles != "False"
        ):
            yield whole
    yield from (name for name in ("shell", "allow_pickle") if _is_true(given.get(name)))


def _is_true(node: ast.expr | None) -> bool:
    return node is not None and not (isinstance(node, ast.Constant) and node.value is False)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_file_of_the_package_runs_what_it_reads(path: Path) -> None:
    if path.is_relative_to(PACKAGE / "testing"):
        return  # runs in tests alone
    name = str(path.relative_to(PACKAGE))
    found = set(dangers(ast.parse(path.read_text(encoding="utf-8"))))
    assert {danger for danger in found if (name, danger) not in MAY} == set()


@pytest.mark.parametrize(
    "line",
    ["import pickle", "from subprocess import run", "eval(x)", "exec(x)", "os.system(x)",
     "torch.load(path)", "np.load(path)", "np.load(path, allow_pickle=True)",
     "np.load(path, allow_pickle=wanted)", "run(x, shell=True)", "np.lib.format.read_array(f)"],
)  # fmt: skip
def test_a_danger_is_seen(line: str) -> None:
    assert list(dangers(ast.parse(line)))


@pytest.mark.parametrize(
    "line", ["network.eval()", "re.compile(x)", "np.load(p, allow_pickle=False)"]
)
def test_what_only_sounds_like_one_is_none(line: str) -> None:
    assert not list(dangers(ast.parse(line)))
