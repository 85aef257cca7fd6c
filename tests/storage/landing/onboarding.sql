-- What newcomers said they like, a line an answer.
select
    answers.landed_id,
    time_without_offset(answers.answered_at) as known_from,
    answers.household_id as user_id,
    nullif(answers.category, '') as category,
    nullif(answers.product_id, '') as item_id,
    answers.weight
from raw.answers as answers
