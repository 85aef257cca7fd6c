-- What the night takes back. A corrected file takes back its former rows, wholly (quantity is null, retracted_by the
-- row itself). A cancellation takes back the latest earlier purchases of its user and item with quantity left.
-- All cancellations visible by now are matched anew, and the difference to what earlier nights recorded is written:
-- a purchase that arrives after its cancellation is found then, and one that had stood in for it is given back
-- (a negative quantity). So the quantities of an event add up to the same in whatever order files arrive.
with replaced_now as (
    select superseded.event_id, superseded.known_at
    from landed.superseded as superseded
    semi join (
        select event_id from clean.events
        union all
        select cancellation_id from clean.cancellations
    ) as visible on visible.event_id = superseded.event_id
),

replaced as (
    select event_id from before.clean.retractions where quantity is null
    union
    select event_id from replaced_now
),

cancellations as (
    select * from clean.cancellations where cancellation_id not in (select event_id from replaced)
),

purchases as (
    select
        events.event_id,
        users.user_id,
        items.item_id,
        events.event_ts,
        events.known_at,
        events.quantity,
        events.value,
        events.basket_id
    from clean.events as events
    inner join clean.user_keys as users on users.user_key = events.user_key
    inner join clean.item_keys as items on items.item_key = events.item_key
    semi join cancellations on cancellations.user_id = users.user_id and cancellations.item_id = items.item_id
    where events.event_type = 'purchase' and events.quantity > 0 and events.event_id not in (select event_id from replaced)
),

-- Purchases of a user and item pile up; a cancellation takes from the top of the pile. At one instant purchases come
-- first, in an order that does not depend on the files they came in.
moves as (
    select
        event_id as move_id,
        user_id,
        item_id,
        event_ts,
        quantity::decimal(38, 12) as change,
        known_at,
        value,
        basket_id
    from purchases
    union all
    select
        cancellation_id,
        user_id,
        item_id,
        event_ts,
        -quantity::decimal(38, 12),
        known_at,
        null,
        basket_id
    from cancellations
),

numbered as (
    select
        *,
        row_number() over (
            partition by user_id, item_id order by event_ts, change desc, value, basket_id, move_id
        ) as move_number
    from moves
),

balances as (
    select
        *,
        sum(change::decimal(38, 12)) over (partition by user_id, item_id order by move_number) as balance
    from numbered
),

-- Where a cancellation finds too little, the pile is empty after it: its height counts from the lowest balance so far.
heights as (
    select
        *,
        balance - least(0, min(balance) over (partition by user_id, item_id order by move_number)) as height
    from balances
),

layers as (
    select
        *,
        least(height, height_before) as bottom,
        greatest(height, height_before) as top
    from (
        select
            *,
            coalesce(lag(height) over (partition by user_id, item_id order by move_number), 0) as height_before
        from heights
    )
),

edges as (
    select user_id, item_id, bottom as edge from layers
    union
    select user_id, item_id, top from layers
),

slices as (
    select
        user_id,
        item_id,
        edge as slice_bottom,
        row_number() over (partition by user_id, item_id order by edge) as slice_number,
        lead(edge) over (partition by user_id, item_id order by edge) as slice_top
    from edges
),

-- Slices are joined by number: a join by "between" would look at all pairs of a user who is a till's guest account.
sliced as (
    select
        layers.*,
        unnest(range(bottoms.slice_number, tops.slice_number)) as slice_number
    from layers
    inner join slices as bottoms
        on bottoms.user_id = layers.user_id
        and bottoms.item_id = layers.item_id
        and bottoms.slice_bottom = layers.bottom
    inner join slices as tops
        on tops.user_id = layers.user_id and tops.item_id = layers.item_id and tops.slice_bottom = layers.top
),

-- At each slice of the pile purchases and cancellations take turns: a cancellation takes what was put there last.
turns as (
    select
        sliced.move_id,
        sliced.known_at,
        sliced.change,
        slices.slice_top - slices.slice_bottom as quantity,
        lag(sliced.move_id) over (
            partition by sliced.user_id, sliced.item_id, sliced.slice_number order by sliced.move_number
        ) as put_by,
        lag(sliced.known_at) over (
            partition by sliced.user_id, sliced.item_id, sliced.slice_number order by sliced.move_number
        ) as put_known_at
    from sliced
    inner join slices
        on slices.user_id = sliced.user_id
        and slices.item_id = sliced.item_id
        and slices.slice_number = sliced.slice_number
),

matched as (
    select
        put_by as event_id,
        move_id as retracted_by,
        exact_sum(quantity) as quantity,
        max(greatest(known_at, put_known_at)) as known_at
    from turns
    where change < 0
    group by put_by, move_id
),

recorded as (
    select
        event_id,
        retracted_by,
        exact_sum(quantity) as quantity,
        max(known_at) as known_at
    from before.clean.retractions
    where quantity is not null
    group by event_id, retracted_by
),

differences as (
    select
        coalesce(matched.event_id, recorded.event_id) as event_id,
        coalesce(matched.retracted_by, recorded.retracted_by) as retracted_by,
        coalesce(matched.quantity, 0)::decimal(38, 12) - coalesce(recorded.quantity, 0)::decimal(38, 12) as quantity,
        coalesce(matched.known_at, recorded.known_at) as known_at
    from matched
    full join recorded
        on recorded.event_id = matched.event_id and recorded.retracted_by = matched.retracted_by
)

select event_id, retracted_by, quantity::double as quantity, 'cancelled' as reason, known_at
from differences
where quantity <> 0
union all
select event_id, event_id, null::double, 'replaced by a corrected file', known_at
from replaced_now
order by event_id, retracted_by
