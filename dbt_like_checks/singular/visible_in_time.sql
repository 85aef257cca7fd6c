-- table: raw.each
-- config: {tags: [leakage]}
-- No row is visible to a night before the first one, or to one that had closed when the row was known; what arrived was
-- known when it arrived.
-- remedy: landing.duckdb was changed by something else than `recsys land`, or the clock of the machine went backwards.
-- Look at the file and its arrival in the ledger. Put landing.duckdb back from the last backup, set the clock, and land
-- what came since.
select delivered.landed_id, delivered.landed_file, delivered.landed_row, delivered.landed_known_at, delivered.landed_night
from raw.each as delivered
cross join this.calendar as calendar
left join ledger.files as files on files.file_id = delivered.landed_file and files.kind = 'arrival'
where
    coalesce(delivered.landed_night < calendar.first_night, true)
    or (files.file_id is not null and delivered.landed_known_at is distinct from files.arrived_at)
    or delivered.landed_known_at >= delivered.landed_night + interval 1 day + calendar.grace
