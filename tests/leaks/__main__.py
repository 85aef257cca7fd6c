"""Plant every leak and print, as Markdown, what caught it: `python -m tests.leaks` (some minutes)."""

import sys
from pathlib import Path

import pytest

sys.exit(pytest.main(["--slow", "-q", "-k", "planted", str(Path(__file__).parent)]))
