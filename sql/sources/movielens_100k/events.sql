-- Ratings of MovieLens 100K (u.data), in whole stars from 1 to 5, at Unix seconds. From 4 on a film was liked; one rated
-- lower was seen, and the profile gives that no weight: neither learned from nor recommended again.
select
    ratings.landed_id,
    ratings.user_id,
    ratings.item_id,
    instant_of_seconds(ratings.timestamp) as event_ts,
    case when try_cast(ratings.rating as double) >= 4 then 'liked' else 'rated' end as event_type,
    ratings.rating,
    case
        when coalesce(try_cast(ratings.rating as double) not between 1 and 5, true) then 'rating'
    end as reject_column,
    case
        when coalesce(try_cast(ratings.rating as double) not between 1 and 5, true) then 'not a rating from 1 to 5'
    end as reject_reason
from raw.ratings as ratings
