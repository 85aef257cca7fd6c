-- The context that is stored for each user: of each part the value of the newest event that tells it, else what the
-- user's newest version tells.
with told as (
    select
        user_key,
        max(struct_pack(at := event_ts, value := device)) filter (where device is not null) as device,
        max(struct_pack(at := event_ts, value := os)) filter (where os is not null) as os,
        max(struct_pack(at := event_ts, value := country)) filter (where country is not null) as country,
        max(struct_pack(at := event_ts, value := region)) filter (where region is not null) as region,
        max(struct_pack(at := event_ts, value := store)) filter (where store is not null) as store
    from clean.interactions
    group by user_key
)

select
    users.user_id,
    told.device.value as device,
    told.os.value as os,
    coalesce(told.country.value, users.country) as country,
    coalesce(told.region.value, users.region) as region,
    told.store.value as store
from clean.users as users
left join told on told.user_key = users.user_key
where coalesce(told.device, told.os, told.country, told.region, told.store) is not null
    or coalesce(users.country, users.region) is not null
order by users.user_id
