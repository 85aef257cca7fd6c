-- The lists a night publishes: for each task and known user the candidates in the order of the task's champion, the ranking
-- that the grades of earlier nights prefer (recommendations.champions). algorithms: who proposed the item, at which rank.
-- A user no algorithm proposed anything for gets what is trending, in discovery without what the user has had.
-- score: share of the night's rows of the task whose raw score is no higher, of what is trending the same among all that
-- trends: above 0, at most 1, and never growing with the rank. raw_score: what the configuration ordered the list by.
-- reason_algorithm: of those that proposed the item the one with the greatest part in its fused score, weight / (rrf_k + rank).
-- reason: evidence of that algorithm's own kind: bought_again (the user took the very item), goes_with (another that the
-- user took leads to it), trending or popular (many take it); proposed, its title, where it has none of these. pinned: no algorithm proposed the
-- item, a rule put it there. policies: the rules of the profile behind the row's place (ranking/policies/).
-- made.published: the champions' lists as rows, with who proposed what, and what the user took that leads to it
-- (ranking/proposals.py).
-- evidence_item_key, _count, _days and _category hold the figures the text rests on, all of events that weigh; days count
-- back from the cutoff. reason_template: which sentence tells it, of those that made.templates has in the profile's first
-- language; reason_about: the category or title of an algorithm that stands in it. made.figures: how numbers, ages in days
-- and days are written there (reasons/figures.py).
with listed_users as (
    select task, user_key
    from made.published
    where rank = 1
),

without_candidates as (
    select tasks.task, users.user_key
    from clean.users as users
    cross join this.tasks as tasks
    anti join listed_users on listed_users.task = tasks.task and listed_users.user_key = users.user_key
),

had as (
    select distinct events.user_key, events.item_key
    from clean.interactions as events
    semi join without_candidates as users on users.user_key = events.user_key
),

trending_scores as (
    select item_key, rank, score as raw_score, cume_dist() over (order by score) as score
    from recommendations.trending
    where scope = 'all'
),

trending_ranks as (
    select
        users.task,
        users.user_key,
        trending.item_key,
        trending.score,
        trending.raw_score,
        trending.rank as trending_rank,
        row_number() over (partition by users.task, users.user_key order by trending.rank)::integer as rank
    from without_candidates as users
    cross join trending_scores as trending
    left join had on had.user_key = users.user_key and had.item_key = trending.item_key
    where users.task <> 'discovery' or had.item_key is null
),

ranked as (
    select
        lists.task,
        lists.user_key,
        lists.rank,
        lists.item_key,
        lists.score,
        lists.raw_score,
        lists.configuration,
        lists.algorithms,
        lists.reason_algorithm,
        lists.took_item_key,
        lists.policies,
        fusion.title as reason_title,
        coalesce(fusion.rests_on, []) as rests_on
    from made.published as lists
    left join recommendations.fusion_weights as fusion
        on fusion.task = lists.task and fusion.algorithm = lists.reason_algorithm
    union all
    select
        lists.task,
        lists.user_key,
        lists.rank,
        lists.item_key,
        lists.score,
        lists.raw_score,
        'trending' as configuration,
        [{'algorithm': 'trending', 'rank': lists.trending_rank}] as algorithms,
        'trending' as reason_algorithm,
        null as took_item_key,
        []::varchar[] as policies,
        'Trending' as reason_title,
        ['popularity'] as rests_on
    from trending_ranks as lists
    cross join this.profile as profile
    where lists.rank <= profile.list_length
),

-- Trending: at least 3 buyers this week, half as many events again as in the weeks before, and among the
-- 10 most bought of its category (else department, else the shop) this week.
trend_ranks as (
    select
        trends.item_key,
        trends.buyers_7d,
        trends.trend_ratio,
        coalesce(items.category, items.department) as place,
        rank() over (
            partition by items.category, case when items.category is null then items.department end
            order by trends.buyers_7d desc
        ) as rank
    from features.item_trend as trends
    inner join clean.items as items on items.item_key = trends.item_key
),

risen as (
    select item_key, buyers_7d, place
    from trend_ranks
    where buyers_7d >= 3 and trend_ratio >= 1.5 and rank <= 10
),

evidence as (
    select
        ranked.*,
        case
            when ranked.reason_algorithm = 'pin' then 'pinned'
            when had.item_key is not null then 'bought_again'
            when took.item_key is not null then 'goes_with'
            when risen.item_key is not null then 'trending'
            when popularity.item_key is not null then 'popular'
            else 'proposed'
        end as reason,
        coalesce(had.item_key, took.item_key) as evidence_item_key,
        coalesce(had.n_baskets, took.n_baskets, risen.buyers_7d, popularity.n_buyers) as evidence_count,
        case
            when had.item_key is not null then had.recency_days
            when took.item_key is not null then took.recency_days
            when risen.item_key is not null then 7
            else popularity.age_days
        end as evidence_days,
        case
            when had.item_key is null and took.item_key is null and risen.item_key is not null
                then coalesce(risen.place, 'the shop')
        end as evidence_category,
        risen.place,
        had.n_purchases = had.n_events as all_purchases,
        coalesce(took_items.title, took_items.item_id) as took_title
    from ranked
    left join features.user_item as had
        on
            had.user_key = ranked.user_key
            and had.item_key = ranked.item_key
            and list_contains(ranked.rests_on, 'own_items')
    left join features.user_item as took
        on took.user_key = ranked.user_key and took.item_key = ranked.took_item_key
    left join clean.items as took_items on took_items.item_key = took.item_key
    left join risen on risen.item_key = ranked.item_key and list_contains(ranked.rests_on, 'popularity')
    left join features.item as popularity
        on
            popularity.item_key = ranked.item_key
            and popularity.n_buyers > 0
            and list_contains(ranked.rests_on, 'popularity')
),

worded as (
    select
        evidence.*,
        case
            when reason = 'bought_again' and not all_purchases then 'taken_again'
            when reason = 'trending' and place is null then 'trending_shop'
            else reason
        end as reason_template,
        case reason when 'trending' then place when 'proposed' then reason_title end as reason_about,
        floor(evidence_days)::bigint as whole_days,
        greatest(ceil(evidence_days)::bigint - 1, 0) as days_before
    from evidence
)

select
    worded.task,
    worded.user_key,
    worded.rank,
    worded.item_key,
    worded.score,
    worded.raw_score,
    worded.configuration,
    worded.algorithms,
    worded.reason,
    worded.reason_algorithm,
    worded.evidence_item_key,
    worded.evidence_count::integer as evidence_count,
    worded.evidence_days::double as evidence_days,
    worded.evidence_category,
    worded.reason_template,
    worded.reason_about,
    -- Last what others wrote, which may hold anything.
    replace(
        replace(
            replace(
                replace(coalesce(exact.text, plural.text), '{count}', coalesce(counts.text, '')),
                '{age}',
                coalesce(ages.age, '')
            ),
            '{date}',
            coalesce(days.day, '')
        ),
        '{about}',
        coalesce(worded.took_title, worded.reason_about, '')
    ) as reason_text,
    worded.policies,
    night.night as model_night
from worded
left join made.figures as counts on counts.number = worded.evidence_count
left join made.figures as ages on ages.number = worded.whole_days
left join made.figures as days on days.number = worded.days_before
left join made.templates as exact
    on exact.template = worded.reason_template and exact.form = '=' || worded.evidence_count
left join made.templates as plural
    on plural.template = worded.reason_template and plural.form = coalesce(counts.form, 'other')
cross join this.night as night
order by worded.task, worded.user_key, worded.rank
