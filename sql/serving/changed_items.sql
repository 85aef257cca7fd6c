-- In how many users' first ten places each item stood on two nights: made.before and made.after are rows of first_ten.
with counted_before as (
    select item_id, min(title) as title, count(*) as n_lists from made.before group by item_id
),

counted_after as (
    select item_id, min(title) as title, count(*) as n_lists from made.after group by item_id
),

compared as (
    select
        coalesce(counted_after.item_id, counted_before.item_id) as item_id,
        coalesce(counted_after.title, counted_before.title) as title,
        coalesce(counted_before.n_lists, 0) as n_before,
        coalesce(counted_after.n_lists, 0) as n_after
    from counted_before
    full join counted_after on counted_after.item_id = counted_before.item_id
)

select item_id, title, n_before, n_after, n_after - n_before as change
from compared
where n_after <> n_before
order by abs(change) desc, item_id
limit 100
