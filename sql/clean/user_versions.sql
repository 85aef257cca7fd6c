-- User attributes that became visible with the night: open-ended versions, the newest visible one counts.
-- A row without a time of its own becomes visible with its user's first visible event.
select
    keys.user_key,
    landed.landed_id,
    landed.known_at,
    landed.* exclude (landed_id, user_id, known_at, known_from, visible_night)
from landed.users as landed
inner join clean.user_keys as keys on keys.user_id = landed.user_id
cross join this.night as this_night
where greatest(keys.visible_night, landed.visible_night) = this_night.night
order by user_key, landed_id
