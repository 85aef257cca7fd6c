-- table: recommendations.champions
-- Each task has one champion, and it is a ranking that tonight has.
-- remedy: The failing rows name a task with no champion, or with several. Look at recommendations.champions of the
-- night and at evaluation/champions.py; each task of the profile needs at least the fusion. Mend it, or delete the
-- partition and build the night again.
select tasks.task, count(champions.configuration) as n_champions
from this.tasks as tasks
left join recommendations.champions as champions on champions.task = tasks.task and champions.is_champion
group by tasks.task
having count(champions.configuration) <> 1
