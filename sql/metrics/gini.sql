-- Gini coefficient of how often the items known on the graded night stand in the first 10 ranks of all users' lists: 0
-- all alike, 1 one item in every list (Fleder and Hosanagar, Management Science 2009; Shani and Gunawardana, 2011).
with lists as (
    select task, algorithm, item_key
    from graded.candidates.lists
    where rank <= 10
    union all
    select task, algorithm, item_key
    from graded.recommendations.rankings
    where rank <= 10
    union all
    select task, 'published' as algorithm, item_key
    from graded.recommendations.lists
    where rank <= 10
),

shown as (
    select task, algorithm, item_key, count(*) as n_times
    from lists
    group by task, algorithm, item_key
),

-- Items shown equally often stand beside each other when all are ordered by it.
steps as (
    select task, algorithm, n_times, count(*) as n_items
    from shown
    group by task, algorithm, n_times
),

known as (
    select count(*) as n_items
    from clean.items as items
    cross join this.night as night
    where items.available_from <= night.graded_night
),

places as (
    select
        steps.task,
        steps.algorithm,
        steps.n_times,
        steps.n_items,
        known.n_items as n_known,
        known.n_items - sum(steps.n_items::bigint) over (
            partition by steps.task, steps.algorithm order by steps.n_times desc
        ) as n_before
    from steps
    cross join known
)

select
    task,
    algorithm,
    10 as k,
    sum((n_times * n_items * (2 * n_before + n_items - n_known))::bigint)
    / ((n_known - 1) * sum((n_times * n_items)::bigint)) as value
from places
where n_known > 1
group by task, algorithm, n_known
order by task, algorithm, k
