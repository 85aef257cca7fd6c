-- Item attributes that became visible with the night: open-ended versions, the newest visible one counts.
-- A row without a time of its own becomes visible with its item's first visible event.
select
    keys.item_key,
    landed.landed_id,
    landed.known_at,
    landed.* exclude (landed_id, item_id, known_at, known_from, visible_night)
from landed.items as landed
inner join clean.item_keys as keys on keys.item_id = landed.item_id
cross join this.night as this_night
where greatest(keys.visible_night, landed.visible_night) = this_night.night
order by item_key, landed_id
