-- Novelty: mean self-information of what is listed, in bits, -log2 of the share of users who had taken the item (Zhou et
-- al., PNAS 2010; Vargas and Castells, RecSys 2011). What nobody had taken counts as taken by one.
with takers as (
    select count(*) as n_users
    from graded.features.user
    where n_events > 0
)

select
    listed.task,
    listed.algorithm,
    10 as k,
    exact_avg(log2(takers.n_users / greatest(listed.n_buyers, 1))) as value
from made.listed as listed
cross join takers
where takers.n_users > 0
group by listed.task, listed.algorithm
order by listed.task, listed.algorithm, k
