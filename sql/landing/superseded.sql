-- Rows of a corrected file, taken back from the night that (variable `night`) is the later of when the
-- correction became visible and when the row did. A correction of history (no instant) counts as known with the row.
select
    events.landed_id as event_id,
    coalesce(files.superseded_at, events.landed_known_at) as known_at
from raw.events as events
inner join landing.ledger.files as files on files.file_id = events.landed_file
where greatest(files.superseded_night, case when files.superseded_night is not null then events.landed_night end) = getvariable('night')
