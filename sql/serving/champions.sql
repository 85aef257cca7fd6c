-- What decided which lists were published: every configuration of one task beside the champion so far, newest night first.
select night, configuration, incumbent, is_champion, reason, difference, low, high, p, p_corrected, n_users, n_user_nights
from meta.champions
where task = $task
order by night desc, is_champion desc, difference desc nulls last, configuration
