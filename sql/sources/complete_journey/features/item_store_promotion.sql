-- What each store promotes in the week that runs at the cutoff: one row per known item and store with a display or mailer
-- there, as visible on this night. Where a store has an item twice in a week, the foremost place counts.
-- store: the store's id, as in clean.events. is_displayed: on display there. is_in_mailer: in the mailer there.
-- display_place: place of its display in the order 1 to 9, A of clean.promotions; 0 none.
-- mailer_place: place in the mailer in the order D, H, F, L, A, C, J, P, X, Z (front page first); 0 none.
with shown as (
    select
        promotions.item_id,
        promotions.store_id as store,
        nullif(strpos('123456789A', promotions.display_location), 0) as display_place,
        nullif(strpos('DHFLACJPXZ', promotions.mailer_location), 0) as mailer_place
    from clean.promotions as promotions
    cross join this.night as night
    where promotions.known_from > night.cutoff - interval 7 days and promotions.store_id is not null
),

places as (
    select
        item_id,
        store,
        coalesce(min(display_place), 0)::smallint as display_place,
        coalesce(min(mailer_place), 0)::smallint as mailer_place
    from shown
    where display_place is not null or mailer_place is not null
    group by item_id, store
)

select
    items.item_key,
    places.store,
    places.display_place > 0 as is_displayed,
    places.mailer_place > 0 as is_in_mailer,
    places.display_place,
    places.mailer_place
from places
inner join clean.items as items on items.item_id = places.item_id
order by items.item_key, places.store
