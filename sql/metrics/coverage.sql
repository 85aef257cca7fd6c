-- Catalogue coverage: share of the items known on the graded night that the lists of all users, graded or not, show at
-- each cut (Ge, Delgado-Battenfeld and Jannach, RecSys 2010).
with cuts as (
    select unnest([1, 5, 10, 20])::integer as k
    from this.night
),

lists as (
    select task, algorithm, rank, item_key
    from graded.candidates.lists
    where rank <= 20
    union all
    select task, algorithm, rank, item_key
    from graded.recommendations.rankings
    where rank <= 20
    union all
    select task, 'published' as algorithm, rank, item_key
    from graded.recommendations.lists
    where rank <= 20
),

shown as (
    select task, algorithm, item_key, min(rank) as best_rank
    from lists
    group by task, algorithm, item_key
),

known as (
    select count(*) as n_items
    from clean.items as items
    cross join this.night as night
    where items.available_from <= night.graded_night
)

select
    shown.task,
    shown.algorithm,
    cuts.k,
    count(*) filter (where shown.best_rank <= cuts.k) / known.n_items as value
from shown
cross join cuts
cross join known
group by shown.task, shown.algorithm, cuts.k, known.n_items
order by shown.task, shown.algorithm, cuts.k
