"""The asset graph as readable JSON. After a wanted change renew the snapshot: `python -m tests.jobs.graph`."""

import json
import os
from pathlib import Path
from typing import Any

from dagster import AssetKey, AssetSpec, TimeWindowPartitionMapping

from recsys_assets.profile_file import load_profile

SNAPSHOT = Path(__file__).with_name("asset_graph.json")


def specs() -> dict[str, AssetSpec]:
    """Every asset of the shipped default profile, by name."""
    from recsys_jobs.definitions import build_definitions

    given = build_definitions(load_profile("complete_journey")).assets or []
    all_specs = [spec for assets in given for spec in assets.specs]
    return {name(spec.key): spec for spec in sorted(all_specs, key=lambda spec: spec.key)}


def graph() -> dict[str, dict[str, Any]]:
    """What the snapshot holds: `deps` ends in `@N-7` where the graded night's partition is read."""
    return {
        asset: {
            "group": spec.group_name,
            "kinds": sorted(spec.kinds),
            "owners": list(spec.owners),
            "partitioned": spec.partitions_def is not None,
            "deps": sorted(name(dep.asset_key) + offset(dep.partition_mapping) for dep in spec.deps),
        }
        for asset, spec in specs().items()
    }


def name(key: AssetKey) -> str:
    return ".".join(key.path)


def offset(mapping: Any) -> str:
    if mapping is None:
        return ""
    assert isinstance(mapping, TimeWindowPartitionMapping)
    assert mapping.start_offset == mapping.end_offset
    return f" @N{mapping.start_offset}"


def text() -> str:
    """JSON with one line per field."""
    assets = (
        f' "{asset}": {{\n' + ",\n".join(f'  "{field}": {json.dumps(value)}' for field, value in entry.items()) + "\n }"
        for asset, entry in graph().items()
    )
    return "{\n" + ",\n".join(assets) + "\n}\n"


if __name__ == "__main__":
    os.environ.pop("RECSYS_PROFILE", None)
    SNAPSHOT.write_text(text())
