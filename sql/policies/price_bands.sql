-- What each user of a batch usually pays for one piece: two quantiles of the prices paid in events that weigh (price).
select
    user_key,
    quantile_cont(value / quantity, $low) as low,
    quantile_cont(value / quantity, $high) as high
from clean.interactions
where weight > 0 and value is not null and quantity > 0 and user_key between $first and $last
group by user_key
having count(*) >= $min_purchases
order by user_key
