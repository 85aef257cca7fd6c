-- User attributes that became visible with the night: open-ended versions, the one with the latest own time counts.
-- A row without a time of its own becomes visible with its user's first visible event. What changes nothing, or is older
-- than what is known, makes no version. content is a hash of the attributes; known_from the row's own time, else its arrival.
with delivered as (
    select
        keys.user_key,
        landed.* exclude (user_id, known_from, visible_night),
        coalesce(landed.known_from, landed.known_at) as known_from
    from landed.users as landed
    inner join clean.user_keys as keys on keys.user_id = landed.user_id
),

newest as (
    select *
    from delivered
    qualify row_number() over (
        partition by user_key order by known_from desc nulls last, known_at desc nulls last, landed_id desc
    ) = 1
),

current_versions as (
    select
        user_key,
        content,
        coalesce(known_from, '-infinity'::timestamp) as known_from,
        coalesce(known_at, '-infinity'::timestamp) as known_at,
        landed_id
    from before.clean.user_versions as versions
    qualify row_number() over (
        partition by user_key
        order by versions.known_from desc nulls last, versions.known_at desc nulls last, landed_id desc, night desc
    ) = 1
)

select newest.*
from newest
left join current_versions on current_versions.user_key = newest.user_key
where
    current_versions.user_key is null
    or (
        newest.content <> current_versions.content
        and (
            coalesce(newest.known_from, '-infinity'::timestamp),
            coalesce(newest.known_at, '-infinity'::timestamp),
            newest.landed_id
        ) >= (current_versions.known_from, current_versions.known_at, current_versions.landed_id)
    )
order by user_key
