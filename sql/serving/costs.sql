-- What the steps of the night cost: seconds, and peak memory in bytes.
select step, algorithm, rows, seconds, peak_memory_bytes
from meta.costs
order by seconds desc nulls last, step, algorithm
