-- table: features.item
-- config: {tags: [leakage]}
-- Each item's events and buyers are as many as the log shows to the night, counted anew: none is of a later label.
-- remedy: The feature counts other events than the log has. Look at sql/features/item.sql: it may read
-- clean.interactions of the night and nothing later, and no join may double rows. Mend it and build the night again.
with counted as (
    select item_key, count(*) as n_events, count(distinct user_key) as n_buyers
    from clean.interactions
    where weight > 0
    group by item_key
)

select items.item_key, items.n_events, counted.n_events as counted_events, items.n_buyers, counted.n_buyers as counted_buyers
from features.item as items
full join counted on counted.item_key = items.item_key
where
    coalesce(items.n_events, -1) <> coalesce(counted.n_events, 0)
    or coalesce(items.n_buyers, -1) <> coalesce(counted.n_buyers, 0)
