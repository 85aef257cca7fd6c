-- What is trending, in the whole shop and within each department and category: what unknown ids are served.
-- It is counted over the window that unknown users' grades prefer (recommendations.trending_windows).
-- score: distinct buyers, each counted by how long ago they last took the item, halved every so many days.
select lists.scope, lists.rank, lists.item_key, lists.score
from recommendations.trending_by_window as lists
inner join recommendations.trending_windows as windows
    on windows.window_days = lists.window_days and windows.is_chosen
order by lists.scope, lists.rank
