"""What checksums and fingerprints cost: bytes a second of one core, over tables of a clean log's columns."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

N_ROWS = 5_000_000


def run() -> Iterator[str]:
    """MB of Arrow buffers hashed a second, and MB of a file."""
    import numpy as np
    import pyarrow as pa

    from recsys_assets.storage.checksums import checksum
    from recsys_assets.storage.lake.fingerprint import fingerprint_of

    rng = np.random.default_rng(0)
    rows = pa.table(
        {
            "event_id": pa.array(rng.integers(0, 2**62, N_ROWS).astype("U")),
            "user_key": rng.integers(0, 100_000, N_ROWS, dtype=np.int32),
            "event_ts": pa.array(rng.integers(0, 10**15, N_ROWS), pa.timestamp("us")),
            "quantity": rng.random(N_ROWS),
            "list": pa.FixedSizeListArray.from_arrays(pa.array(rng.random(N_ROWS * 4)), 4),
        }
    )
    columns = {field.name: str(field.type) for field in rows.schema}
    started = time.process_time()
    fingerprint_of(rows.to_batches(max_chunksize=122_880), rows.schema, columns)
    yield f"fingerprint: {rows.nbytes / 1e6 / (time.process_time() - started):,.0f} MB of Arrow buffers a second"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(rng.bytes(1 << 30))
        started = time.perf_counter()
        checksum(path)
        yield f"checksum: {(1 << 30) / 1e6 / (time.perf_counter() - started):,.0f} MB of a file in memory a second"
