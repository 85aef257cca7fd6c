-- How many of an item's owners take it again in a week, and whether its price has moved: one row per item anybody took.
-- rebuyers_7d: of the users who took it in the 56 days before the last 7, the part that took it in these, two owners
-- added who did not; rebuyers_change: over the same of the week before.
-- price_7d: median price of the last 7 days over that of the last 91.
-- first_time_buyers_prior_7d: users who took it for the first time in the week before the last.
with pairs as (
    select
        item_key,
        user_key,
        bool_or(age_days <= 7) as is_in_7d,
        bool_or(age_days > 7 and age_days <= 14) as is_in_prior_7d,
        bool_or(age_days > 7 and age_days <= 63) as is_owner,
        bool_or(age_days > 14 and age_days <= 70) as is_prior_owner,
        max(age_days) as first_age_days
    from clean.interactions
    where weight > 0
    group by item_key, user_key
),

owners as (
    select
        item_key,
        count(*) filter (where is_in_7d and is_owner) / (count(*) filter (where is_owner) + 2) as rebuyers_7d,
        count(*) filter (where is_in_prior_7d and is_prior_owner)
        / (count(*) filter (where is_prior_owner) + 2) as rebuyers_prior_7d,
        count(*) filter (where first_age_days > 7 and first_age_days <= 14) as first_time_buyers_prior_7d
    from pairs
    group by item_key
),

prices as (
    select
        item_key,
        median(value / nullif(quantity, 0)) filter (where age_days <= 7) as price_7d,
        median(value / nullif(quantity, 0)) filter (where age_days <= 91) as price_91d
    from clean.interactions
    where weight > 0
    group by item_key
)

select
    owners.item_key,
    owners.rebuyers_7d,
    owners.rebuyers_7d / nullif(owners.rebuyers_prior_7d, 0) as rebuyers_change,
    owners.first_time_buyers_prior_7d,
    prices.price_7d / nullif(prices.price_91d, 0) as price_7d
from owners
inner join prices on prices.item_key = owners.item_key
order by owners.item_key
