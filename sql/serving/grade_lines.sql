-- One metric of one task over nights: of what was published, of the ranking that is champion now, and of the best single
-- algorithm of each night. Of users whom the graded night knew.
with graded as (
    select night, graded_night, algorithm, mean, low, high, n_users, status
    from meta.grades
    where task = $task and metric = $metric and k = $k::integer and users is distinct from 'unknown'
),

champion as (
    select configuration
    from meta.champions
    where task = $task and is_champion
    order by night desc, configuration
    limit 1
),

singles as (
    select *
    from graded
    where algorithm not in ('published', 'fusion', 'reranker', 'reranker_binary', 'reranker_lambdamart', 'blend')
    qualify row_number() over (partition by night order by mean desc, algorithm) = 1
),

lines as (
    select 'published' as line, graded.* from graded where algorithm = 'published'
    union all
    select 'champion' as line, graded.* from graded inner join champion on champion.configuration = graded.algorithm
    union all
    select 'best single algorithm' as line, singles.* from singles
)

select line, night, graded_night, algorithm, mean, low, high, n_users, status
from lines
order by line desc, night
