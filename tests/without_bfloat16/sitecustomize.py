"""A Python that finds this folder in PYTHONPATH sees a processor without bfloat16.

Python imports a module of this name when it starts. PyTorch takes seconds to load and not every
program needs it, so it is changed when it is loaded.
"""

import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

CHANGED = "torch.cpu"
ABSENT = ("avx512_bf16", "amx_bf16")


class WithoutBfloat16(MetaPathFinder):
    """Finds ``torch.cpu`` where it is, and changes what it says once it is loaded."""

    def find_spec(
        self, name: str, path: object, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != CHANGED:
            return None
        spec = PathFinder.find_spec(name, path, target)  # type: ignore[arg-type]
        assert spec is not None
        assert spec.loader is not None
        execute = spec.loader.exec_module

        def execute_and_change(module: ModuleType) -> None:
            execute(module)
            tells = getattr(module, "get_capabilities", dict)  # since PyTorch 2.10
            module.get_capabilities = lambda: {**tells(), **dict.fromkeys(ABSENT, False)}  # type: ignore[attr-defined]

        spec.loader.exec_module = execute_and_change  # type: ignore[method-assign]
        return spec


if CHANGED not in sys.modules:
    sys.meta_path.insert(0, WithoutBfloat16())
