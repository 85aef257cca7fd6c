-- Where each event that algorithms learn from took place, in the order of training/interactions.sql; null where not delivered.
select
    device,
    os,
    country,
    region,
    store
from clean.interactions
order by event_id
