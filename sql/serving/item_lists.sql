-- In how many users' lists an item stands, by task: within the first 5, 10 and 20 places, and where on average.
select
    task,
    count(*) filter (rank <= 5) as n_first_5,
    count(*) filter (rank <= 10) as n_first_10,
    count(*) filter (rank <= 20) as n_first_20,
    count(*) as n_lists,
    sum(rank::bigint) / count(*) as mean_rank
from serving.recommendations
where item_id = $item_id
group by task
order by task desc
