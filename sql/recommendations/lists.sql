-- The lists a night publishes: for each task and known user the candidates in the order of the task's champion, the ranking
-- that the grades of earlier nights prefer (recommendations.champions). algorithms: who proposed the item, at which rank.
-- A user no algorithm proposed anything for gets what is trending, in discovery without what the user has had.
-- reason: bought_again, because_you_took, trending, popular, or new (nobody took it yet): the first whose evidence exists.
-- evidence_item_key, _count, _days and _category hold the figures the text rests on, all of events that weigh; days count
-- back from the cutoff.
with id_order as (
    select item_key, row_number() over (order by item_id) as place
    from clean.items
),

chosen_lists as (
    select rankings.task, rankings.user_key, rankings.item_key, rankings.rank, rankings.score
    from recommendations.rankings as rankings
    inner join recommendations.champions as champions
        on
            champions.task = rankings.task
            and champions.configuration = rankings.algorithm
            and champions.is_champion
    cross join this.profile as profile
    where rankings.rank <= profile.list_length
),

chosen_sources as (
    select
        lists.task,
        lists.user_key,
        lists.item_key,
        list(
            {'algorithm': proposals.algorithm, 'rank': proposals.rank}
            order by proposals.rank, proposals.algorithm
        ) as algorithms
    from chosen_lists as lists
    inner join candidates.lists as proposals
        on
            proposals.task = lists.task
            and proposals.user_key = lists.user_key
            and proposals.item_key = lists.item_key
    group by lists.task, lists.user_key, lists.item_key
),

without_candidates as (
    select tasks.task, users.user_key
    from clean.users as users
    cross join this.tasks as tasks
    anti join chosen_lists on chosen_lists.task = tasks.task and chosen_lists.user_key = users.user_key
),

had as (
    select distinct events.user_key, events.item_key
    from clean.interactions as events
    semi join without_candidates as users on users.user_key = events.user_key
),

trending_ranks as (
    select
        users.task,
        users.user_key,
        trending.item_key,
        trending.rank as trending_rank,
        row_number() over (partition by users.task, users.user_key order by trending.rank)::integer as rank
    from without_candidates as users
    cross join recommendations.trending as trending
    left join had on had.user_key = users.user_key and had.item_key = trending.item_key
    where trending.scope = 'all' and (users.task <> 'discovery' or had.item_key is null)
),

ranked as (
    select lists.task, lists.user_key, lists.rank, lists.item_key, lists.score, sources.algorithms
    from chosen_lists as lists
    inner join chosen_sources as sources
        on
            sources.task = lists.task
            and sources.user_key = lists.user_key
            and sources.item_key = lists.item_key
    union all
    select
        lists.task,
        lists.user_key,
        lists.rank,
        lists.item_key,
        1 / (profile.rrf_k + lists.trending_rank) as score,
        [{'algorithm': 'trending', 'rank': lists.trending_rank}] as algorithms
    from trending_ranks as lists
    cross join this.profile as profile
    where lists.rank <= profile.list_length
),

not_taken as (
    select distinct ranked.user_key, ranked.item_key
    from ranked
    anti join features.user_item as took on took.user_key = ranked.user_key and took.item_key = ranked.item_key
),

led_to as (
    select
        not_taken.user_key,
        not_taken.item_key,
        took.item_key as took_item_key,
        row_number() over (
            partition by not_taken.user_key, not_taken.item_key
            order by took.decayed_weight * similar_items.score desc, id_order.place
        ) as place
    from not_taken
    inner join recommendations.similar_items as similar_items on similar_items.similar_item_key = not_taken.item_key
    inner join features.user_item as took
        on took.user_key = not_taken.user_key and took.item_key = similar_items.item_key
    inner join id_order on id_order.item_key = took.item_key
    where took.decayed_weight * similar_items.score > 0
),

-- Trending: at least 3 buyers this week, half as many events again as in the weeks before, and among the
-- 10 most bought of its category (else department, else the shop) this week.
trend_ranks as (
    select
        trends.item_key,
        trends.buyers_7d,
        trends.trend_ratio,
        coalesce(items.category, items.department, 'the shop') as place,
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
            when had.item_key is not null then 'bought_again'
            when took.item_key is not null then 'because_you_took'
            when risen.item_key is not null then 'trending'
            when popularity.n_buyers > 0 then 'popular'
            else 'new'
        end as reason,
        case when had.item_key is not null then had.item_key else took.item_key end as evidence_item_key,
        case
            when had.item_key is not null then had.n_baskets
            when took.item_key is not null then took.n_baskets
            when risen.item_key is not null then risen.buyers_7d
            else popularity.n_buyers
        end as evidence_count,
        case
            when had.item_key is not null then had.recency_days
            when took.item_key is not null then took.recency_days
            when risen.item_key is not null then 7
            else popularity.age_days
        end as evidence_days,
        case
            when had.item_key is null and took.item_key is null and risen.item_key is not null then risen.place
        end as evidence_category,
        had.n_purchases = had.n_events as all_purchases,
        coalesce(took_items.title, took_items.item_id) as took_title
    from ranked
    inner join features.item as popularity on popularity.item_key = ranked.item_key
    left join features.user_item as had on had.user_key = ranked.user_key and had.item_key = ranked.item_key
    left join led_to
        on led_to.user_key = ranked.user_key and led_to.item_key = ranked.item_key and led_to.place = 1
    left join features.user_item as took
        on took.user_key = led_to.user_key and took.item_key = led_to.took_item_key
    left join clean.items as took_items on took_items.item_key = took.item_key
    left join risen on risen.item_key = ranked.item_key
),

-- Where all that weighs is of one type and that is a verb, reasons use it: liked, played. Else things are taken.
words as (
    select
        coalesce(case when count(*) = 1 then max(verb) end, 'took') as took,
        coalesce(case when count(*) = 1 then max(verb) end, 'taken') as taken
    from (
        select
            case
                when event_type like '%ed' then event_type
                when event_type in ('borrow', 'click', 'download', 'order', 'play', 'rent', 'stream', 'view', 'watch')
                    then event_type || 'ed'
            end as verb
        from this.event_weights
        where weight > 0
    )
),

worded as (
    select
        *,
        case
            when evidence_days < 1 then 'less than 1 day'
            when evidence_days < 2 then '1 day'
            else floor(evidence_days)::integer || ' days'
        end as days_text
    from evidence
)

select
    worded.task,
    worded.user_key,
    worded.rank,
    worded.item_key,
    worded.score,
    worded.algorithms,
    worded.reason,
    worded.evidence_item_key,
    worded.evidence_count::integer as evidence_count,
    worded.evidence_days::double as evidence_days,
    worded.evidence_category,
    case worded.reason
        when 'bought_again'
            then
                case when worded.all_purchases then 'bought ' else words.taken || ' ' end
                || case
                    when worded.evidence_count = 1 then 'once, '
                    else worded.evidence_count || ' times, last '
                end
                || worded.days_text || ' ago'
        when 'because_you_took' then 'because you ' || words.took || ' ' || worded.took_title
        when 'trending' then 'trending in ' || worded.evidence_category
        when 'popular'
            then
                'popular: ' || words.taken || ' by ' || worded.evidence_count
                || case when worded.evidence_count = 1 then ' person' else ' people' end
        else 'new: first seen ' || worded.days_text || ' ago'
    end as reason_text,
    night.night as model_night
from worded
cross join words
cross join this.night as night
order by worded.task, worded.user_key, worded.rank
