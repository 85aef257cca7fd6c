-- What was taken together: for each item the 20 others that most baskets held beside it, in at least two, among the events
-- of the last days that the profile says (release.co_purchase_days). A basket is the source's basket, else its session,
-- else the user's UTC day. Of a basket with more than 30 items the 30 count that most baskets hold.
-- support: share of all baskets that hold both; confidence: of those that hold the item; lift: confidence over the share
-- of all baskets that hold the other.
with lines as (
    select
        events.user_key,
        coalesce(events.basket_id, events.session_id, events.event_ts::date::varchar) as basket,
        events.item_key
    from clean.interactions as events
    cross join this.profile as profile
    where events.weight > 0 and events.age_days <= profile.co_purchase_days
    group by all
),

total as (
    select count(*) as n_baskets
    from (select user_key, basket from lines group by user_key, basket)
),

-- What most baskets hold has the lowest place.
places as (
    select
        lines.item_key,
        items.item_id,
        count(*) as n_baskets,
        (row_number() over (order by count(*) desc, items.item_id))::integer as place
    from lines
    inner join clean.item_keys as items on items.item_key = lines.item_key
    group by lines.item_key, items.item_id
    having count(*) > 1
),

baskets as (
    select list(places.place order by places.place)[:30] as held
    from lines
    inner join places on places.item_key = lines.item_key
    group by lines.user_key, lines.basket
    having count(*) > 1
),

firsts as (
    select
        held,
        unnest(held) as place,
        generate_subscripts(held, 1) as n
    from baskets
),

pairs as (
    select place, other, count(*) as n_together
    from (select place, unnest(held[n + 1:]) as other from firsts)
    group by place, other
    having count(*) > 1
),

strongest as (
    select *
    from (
        select place, other, n_together from pairs
        union all
        select other, place, n_together from pairs
    )
    qualify row_number() over (partition by place order by n_together desc, other desc) <= 20
)

select
    items.item_id,
    others.item_id as other_item_id,
    strongest.n_together,
    strongest.n_together / total.n_baskets as support,
    strongest.n_together / items.n_baskets as confidence,
    strongest.n_together * total.n_baskets / (items.n_baskets * others.n_baskets) as lift
from strongest
cross join total
inner join places as items on items.place = strongest.place
inner join places as others on others.place = strongest.other
order by items.item_id, strongest.n_together desc, lift desc, others.item_id
