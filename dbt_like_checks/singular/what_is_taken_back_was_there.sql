-- table: clean.retractions
-- What a retraction takes back, and a cancellation that does it, is a row that the night can see.
with visible as (
    select event_id from clean.events
    union all
    select cancellation_id from clean.cancellations
)

select event_id, retracted_by
from clean.retractions
where event_id not in (select event_id from visible) or retracted_by not in (select event_id from visible)
