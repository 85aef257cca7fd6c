-- table: recommendations.lists
-- A reason is evidence of an algorithm that proposed the item and that counts in the fusion, or of what is trending where
-- nobody proposed anything. What a rule pinned needs no weight.
-- remedy: The failing rows name the algorithm of the reason. Look at sql/recommendations/lists.sql: who is named there must
-- be among the row's algorithms and have a weight. Mend it and build the night again.
select lists.task, lists.user_key, lists.rank, lists.reason_algorithm, lists.algorithms, weights.weight
from recommendations.lists as lists
left join recommendations.fusion_weights as weights
    on weights.task = lists.task and weights.algorithm = lists.reason_algorithm
where
    not list_contains(list_transform(lists.algorithms, lambda proposed: proposed.algorithm), lists.reason_algorithm)
    or (lists.configuration <> 'trending' and lists.reason <> 'pinned' and coalesce(weights.weight, 0) <= 0)
