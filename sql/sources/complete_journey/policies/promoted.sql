-- Items on display or in the mailer of any store in the week that runs at the cutoff (policy.boost.promoted).
select item_key
from features.item_promotion
where weeks_since_promoted = 0
order by item_key
