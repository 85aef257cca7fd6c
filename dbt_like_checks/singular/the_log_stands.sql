-- table: clean.events
-- config: {tags: [leakage]}
-- The log that the models of the night built before this one were fitted on is there as it was. Else build that night
-- again, first.
select used_by, input_table, input_night, fingerprint, current_fingerprint
from this.earlier_inputs
where used_by <> 'releases.published' and input_table like 'clean.%' and fingerprint is distinct from current_fingerprint
