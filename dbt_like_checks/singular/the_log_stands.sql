-- table: clean.events
-- config: {tags: [leakage]}
-- The log that the models of the night built before this one were fitted on is there as it was. Else build that night
-- again, first.
-- remedy: A partition of the clean log that an earlier night learned from was made again or is gone. Build that night
-- again first (`recsys night`, or `recsys backtest --from NIGHT --to NIGHT --rebuild`), then this one.
select used_by, input_table, input_night, fingerprint, current_fingerprint
from this.earlier_inputs
where used_by <> 'releases.published' and input_table like 'clean.%' and fingerprint is distinct from current_fingerprint
