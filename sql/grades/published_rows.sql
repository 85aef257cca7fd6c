-- How often rows of the graded lists were taken since: of all users whom that night knew, also of those who took nothing.
-- A row for each task, ranking, rank and tenth of the score (10: the strongest tenth). Confidence of later nights
-- is fitted on it (recommendations.confidence).
select
    lists.task,
    lists.configuration,
    lists.rank,
    ceil(lists.score * 10)::integer as score_tenth,
    count(*)::integer as n_rows,
    count(relevant.item_key)::integer as n_taken
from graded.recommendations.lists as lists
left join grades.relevant as relevant
    on relevant.task = lists.task and relevant.user_key = lists.user_key and relevant.item_key = lists.item_key
group by lists.task, lists.configuration, lists.rank, score_tenth
order by lists.task, lists.configuration, lists.rank, score_tenth
