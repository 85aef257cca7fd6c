-- User attributes that became visible with the night: open-ended versions, the last one written counts.
-- Of all rows delivered up to the night the one with the latest time of its own tells the attributes (known_from: that
-- time, else its arrival). A row without a time becomes visible with its user's first visible event.
-- Attributes that are as they were make no version; content is a hash of them.
with current_versions as (
    select
        user_key,
        content
    from before.clean.user_versions
    qualify row_number() over (partition by user_key order by night desc) = 1
)

select
    keys.user_key,
    newest.* exclude (user_id, known_from, visible_night),
    coalesce(newest.known_from, newest.known_at) as known_from
from landed.users as newest
inner join clean.user_keys as keys on keys.user_id = newest.user_id
left join current_versions on current_versions.user_key = keys.user_key
where current_versions.content is distinct from newest.content
order by keys.user_key
