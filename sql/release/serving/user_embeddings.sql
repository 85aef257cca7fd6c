-- Where each user lies in the night's factor model, the first of the profile that has factors: the dot product of a user's
-- numbers and an item's is the model's score. Users that the model did not learn are not here.
select users.user_id, places.algorithm, places.embedding
from made.user_embeddings as places
inner join clean.users as users on users.user_key = places.user_key
order by users.user_id
