-- Where each store of The Complete Journey showed a product in a week: one row per display or mailer, as delivered.
-- Weeks begin on Monday at midnight in New York, 04:00 or 05:00 UTC; a row is visible from the later on, never before.
-- used_until: no feature looks back further than 8 weeks, so rows older than that on the first night stay in landing.
-- display_location: 0 none, 1 store front, 2 store rear, 3 front end cap, 4 mid-aisle end cap, 5 rear end cap, 6
-- side-aisle end cap, 7 in-aisle, 9 secondary location, A in-shelf.
-- mailer_location: 0 none, A interior page, C line item inside, D front page, F back page, H wrap front, J coupon in the
-- wrap, L wrap back, P coupon inside, X free on an interior page, Z free on the front page, back page or wrap.
select
    promotions.landed_id,
    timestamp '2017-01-02 05:00' + to_days(7 * (try_cast(promotions.week as integer) - 2)) as known_from,
    timestamp '2017-02-27 05:00' + to_days(7 * (try_cast(promotions.week as integer) - 2)) as used_until,
    promotions.product_id as item_id,
    promotions.store_id,
    promotions.display_location,
    promotions.mailer_location,
    case when try_cast(promotions.week as integer) is null then 'week' end as reject_column,
    case when try_cast(promotions.week as integer) is null then 'not the number of a week' end as reject_reason
from raw.promotions as promotions
