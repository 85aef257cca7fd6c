-- How two nights' first ten places differ, over users who had a list on both: made.before and made.after are rows of first_ten.
with lists_before as (
    select user_id, list(item_id order by rank) as items from made.before group by user_id
),

lists_after as (
    select user_id, list(item_id order by rank) as items from made.after group by user_id
),

compared as (
    select
        lists_before.items as earlier,
        lists_after.items as later,
        len(list_intersect(lists_before.items, lists_after.items)) as n_kept
    from lists_before
    inner join lists_after on lists_after.user_id = lists_before.user_id
)

select
    count(*) as n_users,
    count(*) filter (earlier <> later) as n_changed,
    count(*) filter (n_kept < len(later)) as n_with_new,
    sum(len(later)::bigint)::bigint as n_places,
    sum(n_kept::bigint)::bigint as n_kept
from compared
order by n_users
