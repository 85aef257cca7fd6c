-- table: clean.events
-- config: {severity: warn, tags: [leakage]}
-- The release of the night built before this one would come out again as it is: all it was made from is still current.
-- Where a table was made again since, the grades of its lists say `rebuilt`.
select used_by, input_table, input_night, file, current_file
from this.earlier_inputs
where input_table not like 'clean.%' and file is distinct from current_file
