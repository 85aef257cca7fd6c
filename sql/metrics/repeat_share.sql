-- Share of what is listed that the user had taken before (repeat consumption: Anderson et al., WWW 2014).
select task, algorithm, 10 as k, count(*) filter (where was_had) / count(*) as value
from made.listed
group by task, algorithm
order by task, algorithm, k
