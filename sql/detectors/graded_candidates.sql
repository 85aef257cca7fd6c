-- Candidates of the graded night of the users from $first_user to $last_user.
select candidates.*
from graded.recommendations.candidates as candidates
where candidates.user_key between $first_user and $last_user
order by candidates.task, candidates.user_key, candidates.item_key
