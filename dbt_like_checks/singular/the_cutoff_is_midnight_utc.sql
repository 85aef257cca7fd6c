-- table: clean.events
-- config: {tags: [leakage]}
-- The night ends at midnight UTC, one horizon after the night it grades, whatever the time zone of the process.
-- remedy: Something set a time zone, or changed the arithmetic of nights. Look at recsys_assets/nights.py and at the
-- settings of DuckDB in storage/connections.py. Undo the change and build the night again.
select nights.*
from this.night as nights
cross join this.profile as profile
where
    epoch(nights.cutoff) <> (date_diff('day', date '1970-01-01', nights.night) + 1) * 86400
    or nights.graded_night <> nights.night - profile.horizon
    or nights.graded_cutoff <> nights.cutoff - to_days(profile.horizon)
    or (timestamptz '2000-07-01 12:00:00+00')::timestamp <> timestamp '2000-07-01 12:00:00'
