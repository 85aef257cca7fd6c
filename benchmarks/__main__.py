"""Run benchmarks: all of them, or the ones named."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from pathlib import Path


def main() -> None:
    """Run each module's ``run()`` and print its lines."""
    names = sorted(m.name for m in pkgutil.iter_modules([str(Path(__file__).parent)]) if m.name != "__main__")
    for name in sys.argv[1:] or names:
        if name not in names:
            raise SystemExit(f"There is no benchmark {name!r}. There are: {', '.join(names)}.")
        module = importlib.import_module(f"benchmarks.{name}")
        print(f"\n{name}: {(module.__doc__ or '').splitlines()[0]}")
        for line in module.run():
            print(f"  {line}", flush=True)


main()
