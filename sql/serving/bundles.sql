-- What can be offered with an item as one bundle, as serving.bundle says it: the strongest first; with a user ($user_id, or null)
-- what fits the user's list of the task first, in discovery nothing that the user's history holds.
with offered as (
    select rank, items, n_together, support, confidence, lift, price, diversity
    from serving.bundles
    where item_id = $item_id
),

parts as (
    select rank, unnest(items) as item_id, generate_subscripts(items, 1) as n
    from offered
),

listed as (
    select item_id, score
    from serving.recommendations
    where user_id = $user_id and task = $task
),

had as (
    select distinct item_id
    from serving.history
    where user_id = $user_id and $task = 'discovery'
),

fitting as (
    select
        parts.rank,
        list(about.title order by parts.n) as titles,
        sum(coalesce(listed.score, 0)::decimal(38, 12))::double / count(*) as fit
    from parts
    left join serving.items as about on about.item_id = parts.item_id
    left join listed on listed.item_id = parts.item_id
    left join had on had.item_id = parts.item_id
    group by parts.rank
    having count(had.item_id) = 0
)

select
    (row_number() over (order by fitting.fit desc, offered.rank))::integer as rank,
    offered.items,
    fitting.titles,
    offered.n_together,
    offered.support,
    offered.confidence,
    offered.lift,
    offered.price,
    offered.diversity,
    case when $user_id is not null then fitting.fit end as fit
from offered
inner join fitting on fitting.rank = offered.rank
order by fitting.fit desc, offered.rank
limit $k::integer
