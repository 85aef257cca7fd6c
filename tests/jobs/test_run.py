"""Running nights from a program: what a process does beside them."""

import subprocess
import sys

from recsys_assets.profile import PROJECT


def test_modules_are_imported_while_a_block_waits_and_one_that_is_missing_is_left_to_who_needs_it():
    code = (
        "import sys\n"
        "from recsys_jobs.run import imported_meanwhile\n"
        "assert 'colorsys' not in sys.modules\n"
        "with imported_meanwhile('not_installed', 'colorsys'):\n"
        "    pass\n"
        "assert 'colorsys' in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
