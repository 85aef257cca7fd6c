-- Lists of those who have told what they like (the source's optional table onboarding) and have done nothing yet, as long as
-- any list: what is trending in the categories they named and what goes with the items they named, then what is trending
-- everywhere. Each such list gives its item at place n the weight of the answer divided by n, so that an answer twice as heavy
-- has twice the places (D'Hondt's method); what an item gets is summed. Of several answers to one question the newest counts.
-- Items they named are left out.
-- score: share of the list's rows that rank no higher. reason: goes_with (evidence_item_key is what they named), liked (it is
-- trending in a category they named) or trending; of several the one that gave most.
with newest as (
    select user_id, category, item_id, weight
    from clean.onboarding
    where user_id not in (select user_id from clean.user_keys)
    qualify row_number() over (
        partition by user_id, category, item_id order by coalesce(known_from, known_at) desc, landed_id
    ) = 1
),

named as (
    select newest.user_id, items.item_key, newest.weight
    from newest
    inner join clean.item_keys as items on items.item_id = newest.item_id
),

proposed as (
    select
        named.user_id,
        similar_items.similar_item_key as item_key,
        named.item_key as named_item_key,
        named.weight / similar_items.rank as given
    from named
    inner join recommendations.similar_items as similar_items on similar_items.item_key = named.item_key
    union all
    select
        newest.user_id,
        trending.item_key,
        null as named_item_key,
        newest.weight / trending.rank as given
    from newest
    inner join recommendations.trending as trending on trending.scope = 'category:' || newest.category
),

proposals as (
    select proposed.*, items.item_id, named_items.item_id as named_item_id
    from proposed
    inner join clean.item_keys as items on items.item_key = proposed.item_key
    left join clean.item_keys as named_items on named_items.item_key = proposed.named_item_key
    anti join named on named.user_id = proposed.user_id and named.item_key = proposed.item_key
),

best as (
    select
        user_id,
        item_key,
        item_id,
        named_item_key,
        exact_sum(given) over (partition by user_id, item_key) as points
    from proposals
    qualify
        row_number() over (partition by user_id, item_key order by given desc, named_item_id desc nulls last) = 1
),

followed as (
    select user_id, item_key, named_item_key, true as is_theirs, row_number() over (
        partition by user_id order by points desc, item_id
    ) as place
    from best
    union all
    select users.user_id, everywhere.item_key, null as named_item_key, false as is_theirs, everywhere.rank as place
    from (select distinct user_id from newest) as users
    cross join recommendations.trending as everywhere
    anti join named on named.user_id = users.user_id and named.item_key = everywhere.item_key
    anti join best on best.user_id = users.user_id and best.item_key = everywhere.item_key
    where everywhere.scope = 'all'
),

ranked as (
    select
        *,
        row_number() over (partition by user_id order by not is_theirs, place)::integer as rank
    from followed
    cross join this.profile as profile
    qualify rank <= profile.list_length
)

select
    user_id,
    rank,
    item_key,
    (count(*) over (partition by user_id) + 1 - rank) / count(*) over (partition by user_id) as score,
    case when named_item_key is not null then 'goes_with' when is_theirs then 'liked' else 'trending' end as reason,
    named_item_key as evidence_item_key
from ranked
order by user_id, rank
