"""The scripts of ``packaging/``, which is a folder of scripts and no package, as modules."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

FOLDER = Path(__file__).parents[2] / "packaging"


def script(name: str) -> ModuleType:
    """Load ``packaging/NAME.py``."""
    spec = importlib.util.spec_from_file_location(f"packaging_script_{name}", FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
