-- How each item is promoted in the week that runs at the cutoff: one row per known item, by the stores' displays and
-- mailers visible on this night. Shares are of the stores that promote anything in the week, and null while nothing is
-- known of it. A week runs for 7 days from its known_from.
-- display_share, mailer_share: part of the stores that show it on display, or in the mailer.
-- display_change, mailer_change: that share less the one of the week before.
-- weeks_since_promoted: 0 in a week with a display or mailer in any store, else weeks since the last; null after 8 weeks.
-- promoted_weeks_8w: of the last 8 weeks, this one included, those with a display or mailer in any store.
-- is_newly_promoted: promoted in this week and not in the one before.
with shown as (
    select
        promotions.item_id,
        promotions.store_id,
        date_diff('second', promotions.known_from, night.cutoff) // 604800 as weeks_ago,
        promotions.display_location <> '0' as is_displayed,
        promotions.mailer_location <> '0' as is_in_mailer
    from clean.promotions as promotions
    cross join this.night as night
    where
        promotions.known_from > night.cutoff - interval 56 days
        and (promotions.display_location <> '0' or promotions.mailer_location <> '0')
),

stores as (
    select
        count(distinct store_id) filter (where weeks_ago = 0) as n_stores,
        count(distinct store_id) filter (where weeks_ago = 1) as n_stores_before
    from shown
    where weeks_ago <= 1
),

shops as (
    select
        item_id,
        count(distinct store_id) filter (where weeks_ago = 0 and is_displayed) as n_displays,
        count(distinct store_id) filter (where weeks_ago = 0 and is_in_mailer) as n_mailers,
        count(distinct store_id) filter (where weeks_ago = 1 and is_displayed) as n_displays_before,
        count(distinct store_id) filter (where weeks_ago = 1 and is_in_mailer) as n_mailers_before
    from shown
    where weeks_ago <= 1
    group by item_id
),

weeks as (
    select distinct item_id, weeks_ago
    from shown
),

histories as (
    select
        item_id,
        min(weeks_ago) as weeks_since_promoted,
        count(*) as promoted_weeks_8w,
        bool_or(weeks_ago = 0) and not bool_or(weeks_ago = 1) as is_newly_promoted
    from weeks
    group by item_id
),

shares as (
    select
        items.item_key,
        coalesce(shops.n_displays, 0) / nullif(stores.n_stores, 0) as display_share,
        coalesce(shops.n_mailers, 0) / nullif(stores.n_stores, 0) as mailer_share,
        coalesce(shops.n_displays_before, 0) / nullif(stores.n_stores_before, 0) as display_share_before,
        coalesce(shops.n_mailers_before, 0) / nullif(stores.n_stores_before, 0) as mailer_share_before,
        histories.weeks_since_promoted::integer as weeks_since_promoted,
        coalesce(histories.promoted_weeks_8w, 0)::integer as promoted_weeks_8w,
        coalesce(histories.is_newly_promoted, false) as is_newly_promoted
    from clean.items as items
    cross join stores
    left join shops on shops.item_id = items.item_id
    left join histories on histories.item_id = items.item_id
)

select
    item_key,
    display_share,
    mailer_share,
    display_share - display_share_before as display_change,
    mailer_share - mailer_share_before as mailer_change,
    weeks_since_promoted,
    promoted_weeks_8w,
    is_newly_promoted
from shares
order by item_key
