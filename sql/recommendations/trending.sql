-- What is trending, in the whole shop and within each department and category: what unknown ids are served.
-- Items retired by the cutoff are left out.
-- score: distinct buyers, each counted by how long ago they last took the item, halved every 7 days.
with scores as (
    select took.item_key, exact_sum(pow(0.5, took.recency_days / 7)) as score
    from features.user_item as took
    inner join clean.items as items on items.item_key = took.item_key
    cross join this.night as night
    where items.retired_at is null or items.retired_at > night.cutoff
    group by took.item_key
),

scoped as (
    select 'all' as scope, scores.item_key, scores.score, items.item_id
    from scores
    inner join clean.items as items on items.item_key = scores.item_key
    union all
    select 'department:' || items.department as scope, scores.item_key, scores.score, items.item_id
    from scores
    inner join clean.items as items on items.item_key = scores.item_key
    where items.department is not null
    union all
    select 'category:' || items.category as scope, scores.item_key, scores.score, items.item_id
    from scores
    inner join clean.items as items on items.item_key = scores.item_key
    where items.category is not null
),

ranked as (
    select
        scope,
        row_number() over (partition by scope order by score desc, item_id)::integer as rank,
        item_key,
        score
    from scoped
)

select ranked.scope, ranked.rank, ranked.item_key, ranked.score
from ranked
cross join this.profile as profile
where ranked.rank <= profile.n_trending
order by ranked.scope, ranked.rank
