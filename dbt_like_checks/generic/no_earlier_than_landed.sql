-- config: {tags: [leakage]}
-- No row is known, or visible to a night, earlier than landing has it of the raw row that it was made from.
-- remedy: The SQL that made the rows says an earlier instant, or a step took rows that the night may not see. Look at
-- `known_at` in sql/clean/ and sql/landing/: it is landing's own and is handed on as it is. What a source knows ahead is
-- said by `known_earlier` of the profile. Mend it, and build the night again.
select checked.*, landed.landed_known_at, landed.landed_night
from {model} as checked
left join this.landed as landed on landed.landed_id = checked.{column_name}
where
    coalesce(checked.visible_night < landed.landed_night, true)
    or (landed.landed_known_at is not null and coalesce(checked.known_at < landed.landed_known_at, true))
