-- table: recommendations.champions
-- Each task has one champion, and it is a ranking that tonight has.
select tasks.task, count(champions.configuration) as n_champions
from this.tasks as tasks
left join recommendations.champions as champions on champions.task = tasks.task and champions.is_champion
group by tasks.task
having count(champions.configuration) <> 1
