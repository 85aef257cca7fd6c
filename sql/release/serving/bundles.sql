-- What can be offered with an item as one bundle: the item with one or with two others, of each kind the three strongest.
-- A pair is an edge of the graph of what is taken together (serving.co_purchases), a bundle of three a triangle of it: each
-- of its items is taken with each. Of an item's edges the eight strongest make triangles, of which those are counted whose
-- weakest edge is strongest, so the work is bounded by the items, however large the baskets are.
-- Figures are those of the rule "who takes the item takes the others", counted over the baskets of serving.co_purchases.
-- The strongest has the greatest added value: confidence less the share of all baskets that hold the others.
-- What is no longer to be had is in no bundle.
with lines as (
    select distinct
        events.user_key,
        coalesce(events.basket_id, events.session_id, events.event_ts::date::varchar) as basket,
        events.item_key
    from clean.interactions as events
    cross join this.profile as profile
    where events.weight > 0 and events.age_days <= profile.co_purchase_days
),

total as (
    select count(*) as n_baskets
    from (select distinct user_key, basket from lines)
),

-- What most baskets hold has the lowest place; as many baskets count an item as in serving.co_purchases.
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

sold as (
    select places.place, places.item_id, places.n_baskets, items.category, popularity.price
    from places
    inner join clean.items as items on items.item_key = places.item_key
    inner join features.item as popularity on popularity.item_key = places.item_key
    cross join this.night as night
    where items.retired_at is null or items.retired_at > night.cutoff
),

-- added_value: of the rule from the item to the other.
edges as (
    select
        items.place,
        others.place as other,
        pairs.n_together,
        pairs.lift,
        pairs.confidence - pairs.confidence / pairs.lift as added_value,
        row_number() over (
            partition by items.place
            order by pairs.confidence - pairs.confidence / pairs.lift desc, pairs.n_together desc, others.place
        ) as n
    from made.co_purchases as pairs
    inner join sold as items on items.item_id = pairs.item_id
    inner join sold as others on others.item_id = pairs.other_item_id
),

-- Every edge in both directions, as each item has only its own twenty.
joined as (
    select place, other, n_together from edges
    union
    select other, place, n_together from edges
),

triangles as (
    select
        one.place,
        one.other as first,
        two.other as second,
        joined.n_together as n_others
    from edges as one
    inner join edges as two on two.place = one.place and two.other > one.other
    inner join joined on joined.place = one.other and joined.other = two.other
    where one.n <= 8 and two.n <= 8 and one.lift > 1 and two.lift > 1
    qualify row_number() over (
        partition by one.place
        order by least(one.n_together, two.n_together, joined.n_together) desc, one.other, two.other
    ) <= 3
),

sets as (
    select distinct list_sort([place, first, second]) as places
    from triangles
),

-- Only baskets that hold the rarest of three are looked at: the one whose place is highest.
rarest as (
    select distinct places[3] as place
    from sets
),

baskets as (
    select list(places.place order by places.place)[:30] as held
    from lines
    inner join places on places.item_key = lines.item_key
    group by lines.user_key, lines.basket
    having count(*) > 2
),

holding as (
    select each.place, each.held
    from (select held, unnest(held[3:]) as place from baskets) as each
    semi join rarest on rarest.place = each.place
),

counted as (
    select sets.places, count(*) as n_together
    from sets
    inner join holding on holding.place = sets.places[3]
    where list_contains(holding.held, sets.places[1]) and list_contains(holding.held, sets.places[2])
    group by sets.places
    having count(*) > 1
),

bundles as (
    select place, [other] as others, n_together, added_value, lift
    from edges
    where lift > 1 and n <= 3
    union all
    select
        triangles.place,
        [triangles.first, triangles.second] as others,
        counted.n_together,
        counted.n_together / items.n_baskets - triangles.n_others / total.n_baskets as added_value,
        counted.n_together * total.n_baskets / (items.n_baskets * triangles.n_others) as lift
    from triangles
    cross join total
    inner join sold as items on items.place = triangles.place
    inner join counted on counted.places = list_sort([triangles.place, triangles.first, triangles.second])
    where counted.n_together * total.n_baskets > items.n_baskets * triangles.n_others
)

select
    items.item_id,
    (row_number() over (
        partition by items.item_id
        order by bundles.added_value desc, bundles.n_together desc, firsts.item_id, seconds.item_id nulls first
    ))::integer as rank,
    case when seconds.item_id is null then [firsts.item_id] else [firsts.item_id, seconds.item_id] end as items,
    bundles.n_together,
    bundles.n_together / total.n_baskets as support,
    bundles.n_together / items.n_baskets as confidence,
    bundles.lift,
    items.price + firsts.price + case when seconds.item_id is null then 0 else seconds.price end as price,
    case
        when seconds.item_id is null then (items.category <> firsts.category)::integer
        else (
            (items.category <> firsts.category)::integer
            + (items.category <> seconds.category)::integer
            + (firsts.category <> seconds.category)::integer
        ) / 3
    end::double as diversity
from bundles
cross join total
inner join sold as items on items.place = bundles.place
inner join sold as firsts on firsts.place = bundles.others[1]
left join sold as seconds on seconds.place = bundles.others[2]
order by items.item_id, rank
