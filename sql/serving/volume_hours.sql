-- Events by hour of the UTC day and kind, over all days.
select extract(hour from hour)::integer as hour, event_type, sum(n_events::bigint)::bigint as n_events
from meta.volume
group by extract(hour from hour), event_type
order by hour, event_type
