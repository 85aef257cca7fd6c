-- Distinct reasons, whose places the lists name: they repeat, as their figures are few.
select distinct reason, reason_algorithm, reason_text
from serving.recommendations
order by reason, reason_algorithm, reason_text
