-- The delivered row behind each event.
select
    events.landed_id::varchar as event_id,
    files.name,
    events.landed_row as row_number,
    files.kind,
    files.arrived_at,
    events.landed_known_at as known_at
from raw.events as events
inner join landing.ledger.files as files on files.file_id = events.landed_file
where events.landed_id in (select unnest($1::uuid[]))
order by event_id
