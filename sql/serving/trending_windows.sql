-- Over which window what is trending was counted, night by night, and why.
select night, window_days, is_chosen, ndcg, difference, shrunk_difference, n_nights, n_user_nights
from meta.trending_windows
order by night desc, window_days
