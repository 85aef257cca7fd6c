-- What a user is like.
select
    categories,
    price_level,
    value_per_basket,
    basket_size,
    repeat_share,
    new_share_28d,
    usual_gap_days,
    usual_weekday,
    usual_hour,
    store,
    segments
from serving.user_profiles
where user_id = $user_id
order by user_id
