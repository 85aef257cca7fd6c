-- Users known to the night, each with the version visible to it; attributes are null where none was delivered.
with versions as (
    select *
    from clean.user_versions
    qualify row_number() over (partition by user_key order by visible_night desc) = 1
)

select
    keys.user_key,
    keys.user_id,
    keys.visible_night as available_from,
    versions.* exclude (user_key, landed_id, known_from, known_at, content, visible_night)
from clean.user_keys as keys
left join versions on versions.user_key = keys.user_key
