-- The settings of every algorithm that each night built up to this one was made with, and where each came from.
-- origin: profile (written there by hand), tuned (by the newest study before the night) or default; learned_night: of tuned
-- ones the night whose data the study saw.
select
    night,
    algorithm,
    setting,
    value,
    origin,
    learned_night
from past.recommendations.algorithm_settings
order by night, algorithm, setting
