-- config: {tags: [leakage]}
-- No row is visible to a night that closed before the row was known; one without such a time was always known.
select *
from {model}
where {column_name} >= {close}
