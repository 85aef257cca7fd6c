-- Items known to the night, each with the version visible to it; attributes are null where none was delivered.
with versions as (
    select *
    from clean.item_versions
    qualify row_number() over (partition by item_key order by visible_night desc) = 1
)

select
    keys.item_key,
    keys.item_id,
    keys.visible_night as available_from,
    versions.* exclude (item_key, landed_id, known_from, known_at, content, visible_night)
from clean.item_keys as keys
left join versions on versions.item_key = keys.item_key
