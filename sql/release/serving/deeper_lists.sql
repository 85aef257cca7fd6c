-- What follows each published list in the ranking that the list is the beginning of, down to the profile's release.depth: a
-- row a list, best first. Nothing of it is published by itself: servers go on with it where what is hidden at request time
-- leaves too few. Who has the whole ranking in the published list has no row.
-- below_item_key: keys, for which the release has items, their places in the order of ids (steps/release.py).
with of_policies as (
    select lists.task, lists.user_key, lists.items[profile.list_length + 1:profile.depth] as below_item_key
    from recommendations.policies as lists
    cross join this.profile as profile
    where lists.without = ''
),

champions as (
    select task, configuration
    from recommendations.champions
    where is_champion
),

-- An algorithm by itself may have nothing for a user, who then has the fusion's list.
of_others as (
    select lists.task, lists.user_key, lists.items[profile.list_length + 1:profile.depth] as below_item_key
    from packed.candidates.lists as lists
    inner join champions on champions.task = lists.task and champions.configuration = lists.algorithm
    cross join this.profile as profile
    union all
    select
        rankings.task,
        rankings.user_key,
        list_select(candidates.items, rankings.below::bigint[]) as below_item_key
    from packed.recommendations.rankings as rankings
    inner join champions
        on
            champions.task = rankings.task
            and champions.configuration = rankings.algorithm
            and champions.configuration <> 'fusion'
    inner join packed.recommendations.candidates as candidates
        on candidates.task = rankings.task and candidates.user_key = rankings.user_key
),

of_fusion as (
    select candidates.task, candidates.user_key, candidates.items[profile.list_length + 1:profile.depth] as below_item_key
    from packed.recommendations.candidates as candidates
    anti join of_others on of_others.task = candidates.task and of_others.user_key = candidates.user_key
    cross join this.profile as profile
),

-- Users no algorithm proposed anything for have what is trending, in discovery without what they have had.
with_trending as (
    select lists.task, lists.user_key
    from recommendations.lists as lists
    inner join this.profile as profile on profile.list_length = lists.rank
    where lists.configuration = 'trending'
),

had as (
    select distinct events.user_key, events.item_key
    from clean.interactions as events
    semi join with_trending as users on users.user_key = events.user_key
),

of_trending as (
    select users.task, users.user_key, list(trending.item_key order by trending.rank) as below_item_key
    from with_trending as users
    cross join recommendations.trending as trending
    left join had on had.user_key = users.user_key and had.item_key = trending.item_key
    where trending.scope = 'all' and (users.task <> 'discovery' or had.item_key is null)
    group by users.task, users.user_key
),

of_rankings as (
    from of_others
    union all
    from of_fusion
),

-- Where rules made the list, what follows it is what they left.
lists as (
    from of_policies
    union all
    select of_rankings.task, of_rankings.user_key, of_rankings.below_item_key
    from of_rankings
    anti join of_policies on of_policies.task = of_rankings.task and of_policies.user_key = of_rankings.user_key
    union all
    select of_trending.task, of_trending.user_key, of_trending.below_item_key[profile.list_length + 1:profile.depth] as below_item_key
    from of_trending
    cross join this.profile as profile
)

select lists.task, users.user_id, lists.below_item_key
from lists
inner join clean.users as users on users.user_key = lists.user_key
where lists.below_item_key <> []
order by lists.task, users.user_id
