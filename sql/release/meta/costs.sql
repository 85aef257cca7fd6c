-- What each step of the night cost until its release was made, as it last ran.
select
    step,
    algorithm,
    rows,
    seconds,
    peak_memory_bytes
from made.costs
order by step
