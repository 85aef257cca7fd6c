-- Where each item lies in the night's factor model, the first of the profile that has factors: the dot product of a user's
-- numbers and an item's is the model's score. Items that the model did not learn are not here.
select items.item_id, places.algorithm, places.embedding
from made.item_embeddings as places
inner join clean.items as items on items.item_key = places.item_key
order by items.item_id
