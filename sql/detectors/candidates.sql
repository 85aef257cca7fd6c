-- Tonight's candidates of the users from $first_user to $last_user whom the graded night knew.
select candidates.*
from recommendations.candidates as candidates
inner join clean.users as users on users.user_key = candidates.user_key
cross join this.night as night
where users.available_from <= night.graded_night and candidates.user_key between $first_user and $last_user
order by candidates.task, candidates.user_key, candidates.item_key
