-- Events that became visible with the night, with surrogate keys. Of equal rows as many count as one file holds at most:
-- a day delivered again adds nothing, a file with more of them adds what it has more. A row keeps the id it landed under,
-- whose first 96 bits are its file's. Rows that a corrected file replaced count for nothing. A row with an id of its
-- sender (delivered_id) is told apart by that alone, and landing gives each id once: see storage/landing/export.py.
with delivered as (
    select
        landed.landed_id as event_id,
        users.user_key,
        items.item_key,
        landed.event_type,
        landed.event_ts,
        landed.known_at,
        landed.* exclude (landed_id, user_id, item_id, event_type, event_ts, known_at, visible_night)
    from landed.events as landed
    inner join clean.user_keys as users on users.user_id = landed.user_id
    inner join clean.item_keys as items on items.item_id = landed.item_id
),

earlier as (
    select * exclude (night)
    from before.clean.events
    where event_ts >= (select min(event_ts) from delivered)
),

-- After a correction all rows that still count come again, with those that are in the log.
arriving as (
    select delivered.*
    from delivered
    anti join earlier on earlier.event_id = delivered.event_id
),

replaced as (
    select event_id from before.clean.retractions where quantity is null
    union
    select event_id from landed.superseded
),

both_logs as (
    select
        logs.*,
        replaced.event_id is not null as is_replaced
    from (
        select * exclude (delivered_id), delivered_id is null as is_arriving from arriving
        union all by name
        select *, false as is_arriving from earlier
    ) as logs
    left join replaced on replaced.event_id = logs.event_id
),

-- Most rows have no equal: only those that do are numbered.
equal_rows as (
    select
        unnest(event_ids) as event_id,
        content
    from (
        select
            list(event_id order by event_id) as event_ids,
            min(event_id) as content
        from both_logs
        group by
            user_key, item_key, event_type, event_ts, quantity, value, rating, basket_id, session_id,
            device, os, country, region, store, is_replaced
        having count(*) > 1
    )
),

numbered as (
    select
        both_logs.event_id,
        both_logs.is_arriving,
        equal_rows.content,
        row_number() over (
            partition by equal_rows.content, both_logs.event_id::uhugeint >> 32
            order by both_logs.is_arriving, both_logs.event_id
        ) as number_in_file,
        count(*) filter (where not both_logs.is_arriving) over (partition by equal_rows.content) as n_visible
    from both_logs
    inner join equal_rows on equal_rows.event_id = both_logs.event_id
),

added as (
    select numbered.event_id
    from numbered
    cross join this.profile as profile
    where
        numbered.is_arriving
        and numbered.number_in_file > numbered.n_visible
        and (numbered.number_in_file = 1 or profile.repeated_lines = 'count')
    qualify row_number() over (partition by numbered.content, numbered.number_in_file order by numbered.event_id) = 1
)

select * exclude (delivered_id)
from arriving
where
    delivered_id is not null
    or event_id not in (select event_id from equal_rows)
    or event_id in (select event_id from added)
order by event_id
