-- What base algorithms learn from: every interaction visible to the night, with its age in days and its weight.
-- One of weight 0 says that the user has had the item, and teaches nothing.
select
    user_key,
    item_key,
    age_days,
    weight
from clean.interactions
order by event_id
