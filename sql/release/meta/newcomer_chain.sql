-- By which order of contexts each night served those whom it did not know, and the grades of unknown users that decided it.
-- difference: of NDCG@10 to what was trending everywhere, pooled over all nights graded up to then; null where never graded.
select night, kind, place, is_chosen, ndcg, difference, shrunk_difference, n_nights, n_user_nights
from past.recommendations.newcomer_chain
order by night, kind
