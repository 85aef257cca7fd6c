-- Share of the items known on the graded night that each algorithm's lists, and the published ones, show at each cut
-- (catalogue coverage: Ge, Delgado-Battenfeld and Jannach, RecSys 2010).
with cuts as (
    select unnest([1, 5, 10, 20])::integer as k
    from this.night
),

listed as (
    select task, algorithm, rank, item_key
    from graded.candidates.lists
    union all
    select task, 'published' as algorithm, rank, item_key
    from graded.recommendations.lists
),

known as (
    select count(*) as n_items
    from clean.items as items
    cross join this.night as night
    where items.available_from <= night.graded_night
)

select
    listed.task,
    listed.algorithm,
    cuts.k,
    count(distinct listed.item_key) as n_listed_items,
    known.n_items,
    count(distinct listed.item_key) / known.n_items as coverage
from listed
inner join cuts on listed.rank <= cuts.k
cross join known
group by listed.task, listed.algorithm, cuts.k, known.n_items
order by listed.task, listed.algorithm, cuts.k
