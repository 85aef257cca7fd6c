-- By which order of contexts newcomers were served, night by night, and why.
select night, kind, place, is_chosen, ndcg, difference, shrunk_difference, n_nights, n_user_nights
from meta.newcomer_chain
order by night desc, place nulls last, kind
