-- Item attributes that became visible with the night: open-ended versions, the last one written counts.
-- Of all rows delivered up to the night the one with the latest time of its own tells the attributes (known_from: that
-- time, else its arrival). A row without a time becomes visible with its item's first visible event.
-- Attributes that are as they were make no version; content is a hash of them.
with current_versions as (
    select
        item_key,
        content
    from before.clean.item_versions
    qualify row_number() over (partition by item_key order by night desc) = 1
)

select
    keys.item_key,
    newest.* exclude (item_id, known_from, visible_night),
    coalesce(newest.known_from, newest.known_at) as known_from
from landed.items as newest
inner join clean.item_keys as keys on keys.item_id = newest.item_id
left join current_versions on current_versions.item_key = keys.item_key
where current_versions.content is distinct from newest.content
order by keys.item_key
