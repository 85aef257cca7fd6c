-- Tonight's candidates of users whom the graded night knew, out of some with all their features (made.candidates).
select candidates.*
from made.candidates as candidates
inner join clean.users as users on users.user_key = candidates.user_key
cross join this.night as night
where users.available_from <= night.graded_night
order by candidates.task, candidates.user_key, candidates.item_key
