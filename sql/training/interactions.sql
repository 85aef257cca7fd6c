-- What base algorithms learn from: every interaction visible to the night, with its age in days and its weight.
select
    user_key,
    item_key,
    age_days,
    weight
from clean.interactions
where weight > 0
order by event_id
