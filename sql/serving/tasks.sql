-- How many users each task serves, and by which ranking.
select task, configuration, n_users, n_users_listed, n_users_trending, n_rows, empty_because
from meta.tasks
order by task desc
