-- table: clean.retractions
-- What a retraction takes back, and a cancellation that does it, is a row that the night can see.
-- remedy: The failing rows take back an event that the night cannot see. Look at sql/clean/retractions.sql and at the
-- file that was corrected. If a clean partition is missing, build its night again; else mend the SQL.
with visible as (
    select event_id from clean.events
    union all
    select cancellation_id from clean.cancellations
)

select event_id, retracted_by
from clean.retractions
where event_id not in (select event_id from visible) or retracted_by not in (select event_id from visible)
