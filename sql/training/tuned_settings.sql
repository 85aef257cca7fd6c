-- What the newest study of each algorithm before the night chose: its settings as JSON, and the night whose data it saw.
-- A study that gained nothing on the night it had held out is there, and its settings are not adopted.
with newest as (
    select algorithm, is_instance_of, settings, is_adopted, night
    from before.models.tuned_settings
    qualify row_number() over (partition by algorithm order by night desc, task) = 1
)

select
    algorithm,
    is_instance_of,
    night as learned_night,
    settings
from newest
where is_adopted
order by algorithm
