"""Compile all kernels, some twenty seconds, so that no night has to: ``python -m recsys_assets.kernels``."""

import importlib
import pkgutil

from recsys_assets import kernels

for module in pkgutil.iter_modules(kernels.__path__):
    if module.name != "__main__":
        importlib.import_module(f"{kernels.__name__}.{module.name}")
