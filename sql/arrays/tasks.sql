-- Tasks of the night, the one first that is meant where none is named.
select task
from meta.tasks
order by task <> 'next', task
