-- What was taken together: for each item the 20 others that most baskets held beside it, in at least two, among the events
-- of the last days that the profile says (release.co_purchase_days). A basket is the source's basket, else its session,
-- else the user's UTC day. Of a basket with more than 30 items the 30 count that most baskets hold.
-- support: share of all baskets that hold both; confidence: of those that hold the item; lift: confidence over the share
-- of all baskets that hold the other. n_lately and lift_lately are of the later half of those days, lift_before of the
-- earlier one; a basket belongs to the half of its last event.
with lines as (
    select
        events.user_key,
        coalesce(events.basket_id, events.session_id, events.event_ts::date::varchar) as basket,
        events.item_key,
        bool_or(events.age_days * 2 <= profile.co_purchase_days) as is_late
    from clean.interactions as events
    cross join this.profile as profile
    where events.weight > 0 and events.age_days <= profile.co_purchase_days
    group by all
),

total as (
    select count(*) as n_baskets, count(*) filter (where is_late) as n_late
    from (select user_key, basket, bool_or(is_late) as is_late from lines group by user_key, basket)
),

-- What most baskets hold has the lowest place.
places as (
    select
        lines.item_key,
        items.item_id,
        count(*) as n_baskets,
        count(*) filter (where lines.is_late) as n_late,
        (row_number() over (order by count(*) desc, items.item_id))::integer as place
    from lines
    inner join clean.item_keys as items on items.item_key = lines.item_key
    group by lines.item_key, items.item_id
    having count(*) > 1
),

baskets as (
    select list(places.place order by places.place)[:30] as held, bool_or(lines.is_late) as is_late
    from lines
    inner join places on places.item_key = lines.item_key
    group by lines.user_key, lines.basket
    having count(*) > 1
),

firsts as (
    select
        held,
        is_late,
        unnest(held) as place,
        generate_subscripts(held, 1) as n
    from baskets
),

pairs as (
    select place, other, count(*) as n_together, count(*) filter (where is_late) as n_late
    from (select place, is_late, unnest(held[n + 1:]) as other from firsts)
    group by place, other
    having count(*) > 1
),

strongest as (
    select *
    from (
        select place, other, n_together, n_late from pairs
        union all
        select other, place, n_together, n_late from pairs
    )
    qualify row_number() over (partition by place order by n_together desc, other desc) <= 20
)

select
    items.item_id,
    others.item_id as other_item_id,
    strongest.n_together,
    strongest.n_together / total.n_baskets as support,
    strongest.n_together / items.n_baskets as confidence,
    strongest.n_together * total.n_baskets / (items.n_baskets * others.n_baskets) as lift,
    strongest.n_late as n_lately,
    strongest.n_late * total.n_late / nullif(items.n_late * others.n_late, 0) as lift_lately,
    (strongest.n_together - strongest.n_late) * (total.n_baskets - total.n_late)
    / nullif((items.n_baskets - items.n_late) * (others.n_baskets - others.n_late), 0) as lift_before
from strongest
cross join total
inner join places as items on items.place = strongest.place
inner join places as others on others.place = strongest.other
order by items.item_id, strongest.n_together desc, lift desc, others.item_id
