-- The kinds of scopes that a newcomer's context is gone by, in order; last diverse, where their lists are spread over
-- categories. Only of releases that tell.
select kind
from meta.newcomer_chain
where is_chosen and night = (select max(night) from meta.newcomer_chain)
order by place nulls last, kind
