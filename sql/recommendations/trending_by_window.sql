-- What is trending, by each window in days that it may be counted over: in the whole shop, and within each department and
-- category. Which of them is served, recommendations.trending_windows says; every one is graded one horizon later.
-- Items retired by the cutoff are left out.
-- score: distinct buyers, each counted by how long ago they last took the item, halved every window_days.
with windows as (
    select unnest([1, 3, 7, 14, 28])::integer as window_days
    from this.night
),

scores as (
    select
        windows.window_days,
        took.item_key,
        exact_sum(pow(0.5, took.recency_days / windows.window_days)) as score
    from features.user_item as took
    inner join clean.items as items on items.item_key = took.item_key
    cross join this.night as night
    cross join windows
    where items.retired_at is null or items.retired_at > night.cutoff
    group by windows.window_days, took.item_key
),

scoped as (
    select 'all' as scope, scores.window_days, scores.item_key, scores.score, items.item_id
    from scores
    inner join clean.items as items on items.item_key = scores.item_key
    union all
    select
        'department:' || items.department as scope,
        scores.window_days,
        scores.item_key,
        scores.score,
        items.item_id
    from scores
    inner join clean.items as items on items.item_key = scores.item_key
    where items.department is not null
    union all
    select 'category:' || items.category as scope, scores.window_days, scores.item_key, scores.score, items.item_id
    from scores
    inner join clean.items as items on items.item_key = scores.item_key
    where items.category is not null
),

ranked as (
    select
        scope,
        window_days,
        row_number() over (partition by scope, window_days order by score desc, item_id)::integer as rank,
        item_key,
        score
    from scoped
)

select ranked.scope, ranked.window_days, ranked.rank, ranked.item_key, ranked.score
from ranked
cross join this.profile as profile
where ranked.rank <= profile.n_trending
order by ranked.scope, ranked.window_days, ranked.rank
