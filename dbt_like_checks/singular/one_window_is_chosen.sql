-- table: recommendations.trending_windows
-- What is trending is counted over one window, the usual one where no other was graded better.
-- remedy: None, or several, of the windows is chosen, so unknown users get nothing or items twice. Look at
-- sql/recommendations/trending_windows.sql: it has a row for the usual window also before any grades. Mend it and build
-- the night again.
select chosen.n_chosen
from (select count(*) filter (where is_chosen) as n_chosen from recommendations.trending_windows) as chosen
where chosen.n_chosen <> 1
