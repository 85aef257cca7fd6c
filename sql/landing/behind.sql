-- What landing knows of the raw rows behind some ids (asked): when each was known, the first night that could see it, and
-- of the file that took its place, where one did, the same.
select
    delivered.landed_id,
    delivered.landed_known_at,
    delivered.landed_night,
    files.superseded_at,
    files.superseded_night
from raw.events as delivered
semi join asked on asked.landed_id = delivered.landed_id
inner join landing.ledger.files as files on files.file_id = delivered.landed_file
