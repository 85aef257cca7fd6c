-- The context that is stored for each user, in order of their ids; null what is not. Only of releases that store contexts.
select contexts.device, contexts.os, contexts.country, contexts.region, contexts.store
from serving.users as users
left join serving.contexts as contexts on contexts.user_id = users.user_id
order by users.user_id
