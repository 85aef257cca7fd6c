-- table: clean.events
-- config: {tags: [leakage]}
-- No event of the log bears an id that an event visible earlier has: with their ids equal instants are in one order.
-- remedy: The failing rows name ids that two events bear. Look at `event_id` in the source's events.sql: it must tell
-- two events of the delivery apart, also of different files. Mend it (or leave it out, then rows are told apart by
-- themselves), land again with `--restate`, and build again.
select new_events.event_id, new_events.visible_night, earlier.visible_night as earlier_night
from clean.events as new_events
inner join clean.events as earlier
    on earlier.event_id = new_events.event_id and earlier.visible_night < new_events.visible_night
where new_events.visible_night > coalesce((select previous_night from this.built), date '0001-01-01')
