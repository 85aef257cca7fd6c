"""Print the table: of all references, or of the algorithms named."""

import sys

from benchmarks.parity.comparison import table

for line in table(sys.argv[1:]):
    print(line, flush=True)
