"""How many algorithms to blend with a reranker: NDCG@10 of each blend beside the reranker's own, night by night.

    FOLDER=/data/unattended python -m benchmarks blends

FOLDER: where ``python -m benchmarks unattended`` left its deployments. Of every night that graded a reranker, the blend
adds 1 / (4 + rank) of the reranker to the mean over its leaders, the algorithms that did best on the nights before; so
nothing is chosen by what it is judged by. Of users whom the lists' nights knew.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

N_LEADERS = (1, 2, 3, 5)
_BLENDS = """
with graded as (
    select night, task, user_key, algorithm, ndcg from grades where k = 10 and not is_cold_user
),

means as (
    select own.night, own.task, before.algorithm, avg(before.ndcg) as ndcg
    from (select distinct night, task from graded) as own
    inner join graded as before on before.task = own.task and before.night < own.night
    where not list_contains($rankings, before.algorithm)
    group by all
),

leaders as (
    select night, task, algorithm
    from means
    qualify row_number() over (partition by night, task order by ndcg desc, algorithm) <= $n_leaders
),

parts as (
    select graded.night, graded.task, graded.user_key, unnest(lists.items[1:100]) as item_key,
        1 / (4 + generate_subscripts(lists.items[1:100], 1))
            / case when leaders.algorithm is null then 1 else $n_leaders end as part
    from graded
    inner join lists on lists.graded_night = graded.night and lists.task = graded.task
        and lists.user_key = graded.user_key
    left join leaders on leaders.night = graded.night and leaders.task = graded.task
        and leaders.algorithm = lists.algorithm
    where graded.algorithm = 'reranker' and (lists.algorithm = 'reranker' or leaders.algorithm is not null)
),

blends as (
    select night, task, user_key, item_key,
        row_number() over (partition by night, task, user_key order by sum(part) desc, item_key) as rank
    from parts
    group by night, task, user_key, item_key
    qualify rank <= 10
),

gains as (
    select blends.night, blends.task, blends.user_key, sum(1 / log2(blends.rank + 1)) as gain
    from blends
    semi join relevant on relevant.night = blends.night and relevant.task = blends.task
        and relevant.user_key = blends.user_key and relevant.item_key = blends.item_key
    group by all
),

ideals as (
    select night, task, user_key, list_sum([1 / log2(r + 1) for r in range(1, 1 + least(10, count(*)))]) as ideal
    from relevant
    group by all
)

select graded.task, count(*)::integer as n, avg(graded.ndcg) as reranker, avg(coalesce(gain, 0) / ideal) as blend
from graded
inner join ideals using (night, task, user_key)
left join gains using (night, task, user_key)
where graded.algorithm = 'reranker' and graded.night in (select night from leaders)
group by graded.task
order by graded.task
"""


def run() -> Iterator[str]:
    """A line for each deployment, task and number of leaders."""
    import duckdb

    from recsys_assets.ranking import CONFIGURATIONS

    folders = sorted(Path(os.environ["FOLDER"]).glob("deployment_*"))
    for folder in folders:
        (lake,) = folder.glob("data/*/lake")
        horizon = _horizon(lake)
        with duckdb.connect() as con:
            views = {
                "grades": f"from read_parquet('{lake}/grades/candidates/night=*/*.parquet')",
                "relevant": f"from read_parquet('{lake}/grades/relevant/night=*/*.parquet')",
                "lists": f"select *, (night + interval {horizon} day)::date as graded_night from read_parquet("
                f"['{lake}/candidates/*/night=*/*.parquet', '{lake}/recommendations/rankings/night=*/*.parquet'], "
                "union_by_name = true)",
            }
            for name, query in views.items():
                con.execute(f"create table {name} as {query}")
            for n in N_LEADERS:
                asked = {"rankings": list(CONFIGURATIONS), "n_leaders": n}
                for task, n_user_nights, reranker, blend in con.execute(_BLENDS, asked).fetchall():
                    yield (
                        f"{folder.name.removeprefix('deployment_')}, {task}, {n_user_nights:,} user-nights: reranker "
                        f"{reranker:.4f}, with {n} leaders {blend:.4f} ({blend / max(reranker, 1e-9) - 1:+.1%})"
                    )


def _horizon(lake: Path) -> int:
    """Days of the deployment's horizon, as its profile has it."""
    import re

    text = next((lake.parents[2] / "project" / "data" / "profiles").glob("stranger.toml")).read_text(encoding="utf-8")
    return int(re.findall(r"^horizon = (\d+)", text, re.MULTILINE)[0])
