-- Households that told their demographics: 801 of 2,469.
select
    demographics.landed_id,
    demographics.household_id as user_id,
    demographics.age,
    demographics.income,
    demographics.home_ownership,
    demographics.marital_status,
    demographics.household_size,
    demographics.household_comp,
    demographics.kids_count
from raw.demographics as demographics
