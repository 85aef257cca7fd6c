-- What is trending in the whole shop, by each window in days that it may be counted over: every one is graded one horizon
-- later, and which of them is served, recommendations.trending_windows says. Items retired by the cutoff are left out.
-- scope: all, as in recommendations.trending; nights of earlier versions hold departments and categories, too.
-- score: distinct buyers, each counted by how long ago they last took the item, halved every window_days.
with windows as (
    select unnest([1, 3, 7, 14, 28])::integer as window_days
    from this.night
),

available as (
    select items.item_key, items.item_id
    from clean.items as items
    cross join this.night as night
    where items.retired_at is null or items.retired_at > night.cutoff
),

scores as (
    select windows.window_days, took.item_key, exact_sum(pow(0.5, took.recency_days / windows.window_days)) as score
    from features.user_item as took
    cross join windows
    group by windows.window_days, took.item_key
),

ranked as (
    select
        scores.window_days,
        row_number() over (
            partition by scores.window_days order by scores.score desc, available.item_id
        )::integer as rank,
        scores.item_key,
        scores.score
    from scores
    inner join available on available.item_key = scores.item_key
)

select 'all' as scope, ranked.window_days, ranked.rank, ranked.item_key, ranked.score
from ranked
cross join this.profile as profile
where ranked.rank <= profile.n_trending
order by scope, ranked.window_days, ranked.rank
