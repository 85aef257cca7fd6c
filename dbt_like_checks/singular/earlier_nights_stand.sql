-- table: clean.events
-- config: {severity: warn, tags: [leakage]}
-- What was published of the night built before this one would come out again: all it was made from is still current.
-- Where a table was made again since, the grades of its lists say `rebuilt`.
-- remedy: The failing rows name what was made again since an earlier night used it. Nothing is wrong with tonight;
-- grades of that night say `rebuilt`. Build it again (`recsys backtest --from NIGHT --to NIGHT --rebuild`) if its lists
-- are to be graded as published.
select used_by, input_table, input_night, fingerprint, current_fingerprint
from this.earlier_inputs
where used_by = 'releases.published' and fingerprint is distinct from current_fingerprint
