-- table: raw.each
-- config: {tags: [leakage]}
-- No row is visible to a night before the first one, or to one that had closed when the row was known.
select delivered.landed_id, delivered.landed_file, delivered.landed_row, delivered.landed_known_at, delivered.landed_night
from raw.each as delivered
cross join this.calendar as calendar
where
    coalesce(delivered.landed_night < calendar.first_night, true)
    or delivered.landed_known_at >= delivered.landed_night + interval 1 day + calendar.grace
