-- How far the confidence that the graded night published held: rows of each task by confidence, in at most 20 bins of about as many
-- rows (equal confidence stands in one bin). predicted, observed: mean confidence of the bin, and the share of its rows that was
-- taken. brier: mean over all rows of the task of the squared distance of confidence and outcome (Brier, 1950); base_brier: of
-- the same had every row been given the share of all that was taken. ece: mean over all rows of the task of the distance between
-- predicted and observed of their bin (expected calibration error; Naeini et al., AAAI 2015). No row where the graded
-- night had no confidence to tell.
with told as (
    select
        graded.task,
        published.confidence,
        exact_sum(graded.n_rows) as n_rows,
        exact_sum(graded.n_taken) as n_taken
    from grades.published_rows as graded
    inner join graded.recommendations.confidence as published
        on
            published.task = graded.task
            and published.configuration = graded.configuration
            and published.rank = graded.rank
            and published.score_tenth = graded.score_tenth
    group by graded.task, published.confidence
),

placed as (
    select
        *,
        ceil(
            20 * exact_sum(n_rows) over (partition by task order by confidence)
            / exact_sum(n_rows) over (partition by task)
        )::integer as bin
    from told
),

bins as (
    select
        task,
        bin,
        exact_sum(n_rows) as n_rows,
        exact_sum(n_rows * confidence) / exact_sum(n_rows) as predicted,
        exact_sum(n_taken) / exact_sum(n_rows) as observed,
        exact_sum(n_rows * confidence * confidence - 2 * n_taken * confidence + n_taken) as squares
    from placed
    group by task, bin
),

tasks as (
    select
        task,
        exact_sum(squares) / exact_sum(n_rows) as brier,
        exact_sum(n_rows * observed) / exact_sum(n_rows) as share,
        exact_sum(n_rows * abs(predicted - observed)) / exact_sum(n_rows) as ece
    from bins
    group by task
)

select
    bins.task,
    bins.bin,
    bins.n_rows::integer as n_rows,
    bins.predicted::double as predicted,
    bins.observed::double as observed,
    tasks.brier::double as brier,
    (tasks.share * (1 - tasks.share))::double as base_brier,
    tasks.ece::double as ece
from bins
inner join tasks on tasks.task = bins.task
order by bins.task, bins.bin
