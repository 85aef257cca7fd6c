-- The ranking of each user of a batch that the champion of a task is, down to the depth that the release has: a reranker's
-- list and what follows it, the union's order for the fusion, an algorithm's own list. Who has none of these has the fusion's.
with rankings as (
    select
        rankings.user_key,
        (rankings.items || list_select(candidates.items, rankings.below::bigint[]))[:$depth] as items
    from packed.recommendations.rankings as rankings
    inner join packed.recommendations.candidates as candidates
        on candidates.task = rankings.task and candidates.user_key = rankings.user_key
    where
        rankings.task = $task
        and rankings.algorithm = $champion
        and rankings.algorithm <> 'fusion'
        and rankings.user_key between $first and $last
    union all
    select lists.user_key, lists.items[:$depth] as items
    from packed.candidates.lists as lists
    where lists.task = $task and lists.algorithm = $champion and lists.user_key between $first and $last
)

select user_key, items
from rankings
union all
select candidates.user_key, candidates.items[:$depth] as items
from packed.recommendations.candidates as candidates
anti join rankings on rankings.user_key = candidates.user_key
where candidates.task = $task and candidates.user_key between $first and $last
order by user_key
