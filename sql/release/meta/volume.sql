-- Events of the log by hour (UTC) and type, over the 60 days before the night's end: every type that was delivered, also
-- what was cancelled since.
select
    date_trunc('hour', events.event_ts) as hour,
    events.event_type,
    count(*) as n_events
from clean.events as events
cross join this.night as night
where events.event_ts >= night.cutoff - interval 60 day
group by hour, events.event_type
order by hour, events.event_type
