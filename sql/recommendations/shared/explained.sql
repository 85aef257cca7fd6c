-- Published rows of the $n_users users of a sample, the same ones every night (by a hash of the id), and the parts that the raw score
-- is the sum of. parts: of the fusion what each proposal counts; of the blend the ranks of the algorithms that lead, and the
-- reranker's; of the reranker its ranks by either kind of trees, where one of them is stored: the raw score tells the other.
-- Null of other lists: what trees or an algorithm say, and what is trending, has no such parts. The greatest part stands first.
with sampled as (
    select user_key
    from clean.user_keys
    qualify row_number() over (order by md5(user_id), user_id) <= $n_users
),

explained as (
    select lists.task, lists.user_key, lists.rank, lists.item_key, lists.configuration, lists.raw_score, lists.algorithms
    from recommendations.lists as lists
    semi join sampled on sampled.user_key = lists.user_key
),

weights as (
    select task, algorithm, weight, leads, count(*) filter (where leads) over (partition by task) as n_leading
    from recommendations.fusion_weights
),

proposed as (
    select
        explained.task,
        explained.user_key,
        explained.rank,
        explained.configuration,
        explained.item_key,
        explained.raw_score,
        unnest(explained.algorithms) as proposal
    from explained
    where explained.configuration in ('fusion', 'blend')
),

by_proposals as (
    select
        proposed.task,
        proposed.user_key,
        proposed.rank,
        weights.algorithm as part,
        case
            when proposed.configuration = 'fusion' then weights.weight / (profile.rrf_k + proposed.proposal.rank)
            else 1 / ($blend_k + proposed.proposal.rank) / weights.n_leading
        end as contribution
    from proposed
    cross join this.profile as profile
    inner join weights on weights.task = proposed.task and weights.algorithm = proposed.proposal.algorithm
    where proposed.configuration = 'fusion' or weights.leads
),

by_trees as (
    select
        explained.task,
        explained.user_key,
        explained.rank,
        replace(rankings.algorithm, 'reranker_', '') as part,
        0 - ln(rankings.rank) / 2 as contribution
    from explained
    inner join recommendations.rankings as rankings
        on
            rankings.task = explained.task
            and rankings.user_key = explained.user_key
            and rankings.item_key = explained.item_key
    where explained.configuration = 'reranker' and rankings.algorithm in ('reranker_lambdamart', 'reranker_binary')
    qualify
        row_number() over (partition by explained.task, explained.user_key, explained.rank order by rankings.algorithm) = 1
),

known as (
    from by_proposals
    union all
    from by_trees
),

sums as (
    select task, user_key, rank, max(part) as part, exact_sum(contribution) as contribution
    from known
    group by task, user_key, rank
),

rests as (
    select
        explained.task,
        explained.user_key,
        explained.rank,
        case
            when explained.configuration = 'blend' then 'reranker'
            when sums.part = 'lambdamart' then 'binary'
            else 'lambdamart'
        end as part,
        explained.raw_score - coalesce(sums.contribution, 0) + 0 as contribution
    from explained
    left join sums
        on
            sums.task = explained.task
            and sums.user_key = explained.user_key
            and sums.rank = explained.rank
    where explained.configuration = 'blend' or (explained.configuration = 'reranker' and sums.part is not null)
),

-- Under rules of [policy] a place keeps the score that the ranking has there, whichever item stands at it: no sum of parts.
under_rules as (
    select distinct task, user_key
    from recommendations.lists
    where policies <> []
),

parts as (
    select
        summed.task,
        summed.user_key,
        summed.rank,
        list({'part': summed.part, 'contribution': summed.contribution} order by abs(summed.contribution) desc, summed.part) as parts
    from (
        from known
        union all
        from rests
    ) as summed
    anti join under_rules on under_rules.task = summed.task and under_rules.user_key = summed.user_key
    group by summed.task, summed.user_key, summed.rank
)

select
    explained.task,
    explained.user_key,
    explained.rank,
    explained.item_key,
    explained.configuration,
    explained.raw_score,
    parts.parts
from explained
left join parts
    on parts.task = explained.task and parts.user_key = explained.user_key and parts.rank = explained.rank
order by explained.task, explained.user_key, explained.rank
