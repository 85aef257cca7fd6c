-- Over which window each night counted what is trending, and the grades of unknown users that decided it.
-- difference: of NDCG@10 to the window of 7 days, pooled over all nights graded up to then; null where never graded.
select night, window_days, is_chosen, ndcg, difference, shrunk_difference, n_nights, n_user_nights
from past.recommendations.trending_windows
order by night, window_days
