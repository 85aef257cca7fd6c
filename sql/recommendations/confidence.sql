-- How often a row such as each of tonight's is taken within the horizon, as all nights graded so far say: by task, the ranking
-- that makes the list, rank, and tenth of the score (10: the strongest tenth). No row where no night was graded.
-- n_nights, n_rows, n_taken: what was graded of the very cell. confidence: its share taken, as though 200 rows more had been
-- taken as often as those of the ranking's rank, and of these as though 200 more had been as often as those of the rank under
-- any ranking; told to two digits, as a few hundred rows say no more. A ranking that no graded night published has the rank's.
-- What is trending, for users whom nothing is proposed for, is judged by itself.
with graded as (
    select
        night,
        task,
        configuration,
        configuration = 'trending' as is_trending,
        rank,
        score_tenth,
        n_rows,
        n_taken
    from past.grades.published_rows
),

by_rank as (
    select task, is_trending, rank, exact_sum(n_taken) / exact_sum(n_rows) as share
    from graded
    group by task, is_trending, rank
),

by_configuration as (
    select task, configuration, rank, exact_sum(n_rows) as n_rows, exact_sum(n_taken) as n_taken
    from graded
    group by task, configuration, rank
),

by_tenth as (
    select
        task,
        configuration,
        rank,
        score_tenth,
        count(distinct night)::integer as n_nights,
        exact_sum(n_rows)::integer as n_rows,
        exact_sum(n_taken)::integer as n_taken
    from graded
    group by task, configuration, rank, score_tenth
),

published as (
    select task, configuration
    from recommendations.champions
    where is_champion
    union
    select task, unnest(['fusion', 'trending']) as configuration
    from this.tasks
),

cells as (
    select published.task, published.configuration, by_rank.rank, by_rank.share, tenths.score_tenth
    from published
    inner join by_rank
        on by_rank.task = published.task and by_rank.is_trending = (published.configuration = 'trending')
    cross join (select unnest(range(1, 11))::integer as score_tenth) as tenths
),

of_ranking as (
    select
        cells.*,
        (coalesce(by_configuration.n_taken, 0) + 200 * cells.share)
        / (coalesce(by_configuration.n_rows, 0) + 200) as ranking_share
    from cells
    left join by_configuration
        on
            by_configuration.task = cells.task
            and by_configuration.configuration = cells.configuration
            and by_configuration.rank = cells.rank
),

shares as (
    select
        of_ranking.task,
        of_ranking.configuration,
        of_ranking.rank,
        of_ranking.score_tenth,
        coalesce(by_tenth.n_nights, 0) as n_nights,
        coalesce(by_tenth.n_rows, 0) as n_rows,
        coalesce(by_tenth.n_taken, 0) as n_taken,
        (coalesce(by_tenth.n_taken, 0) + 200 * of_ranking.ranking_share)
        / (coalesce(by_tenth.n_rows, 0) + 200) as share
    from of_ranking
    left join by_tenth
        on
            by_tenth.task = of_ranking.task
            and by_tenth.configuration = of_ranking.configuration
            and by_tenth.rank = of_ranking.rank
            and by_tenth.score_tenth = of_ranking.score_tenth
)

select
    task,
    configuration,
    rank,
    score_tenth,
    n_nights,
    n_rows,
    n_taken,
    case when share >= .1 then round(share, 2) when share >= .01 then round(share, 3) else round(share, 4) end as confidence
from shares
order by task, configuration, rank, score_tenth
