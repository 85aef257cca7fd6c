-- table: clean.retractions
-- config: {tags: [leakage]}
-- A corrected file takes its former rows back from the night that could see it on, and as known when it arrived.
-- remedy: The failing rows were taken back too early, so a night saw a correction that had not come yet. Look at
-- sql/landing/superseded.sql and sql/clean/retractions.sql. Mend them, and build the night again.
select
    retractions.event_id,
    retractions.known_at,
    retractions.visible_night,
    landed.superseded_at,
    landed.superseded_night
from clean.retractions as retractions
cross join this.built as built
left join this.landed as landed on landed.landed_id = retractions.event_id
where
    retractions.quantity is null
    and (built.previous_night is null or retractions.visible_night > built.previous_night)
    and (
        coalesce(retractions.visible_night < landed.superseded_night, true)
        or coalesce(retractions.known_at < coalesce(landed.superseded_at, landed.landed_known_at), true)
    )
