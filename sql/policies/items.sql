-- What rules know of each item at the cutoff: all columns of the item table, and from the log:
-- price_paid: median paid for one in the last 28 days, else ever, else the catalogue's. unsold_days: days since anybody
-- took it, else since it became known. is_retired: it is no longer to be had.
select
    items.*,
    features.price as price_paid,
    coalesce(features.recency_days, features.age_days) as unsold_days,
    coalesce(items.retired_at <= night.cutoff, false) as is_retired
from clean.items as items
inner join features.item as features on features.item_key = items.item_key
cross join this.night as night
order by items.item_id
