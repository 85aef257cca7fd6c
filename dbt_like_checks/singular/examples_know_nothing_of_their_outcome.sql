-- table: recommendations.examples
-- config: {tags: [leakage]}
-- The features and ranks beside an outcome are those of the graded night, before anything of the outcome happened.
select inputs.input_table, inputs.input_night, night.graded_night
from this.partition_inputs as inputs
cross join this.night as night
where
    regexp_matches(inputs.input_table, '^(features|candidates|recommendations)[.]')
    and inputs.input_night <> night.graded_night
