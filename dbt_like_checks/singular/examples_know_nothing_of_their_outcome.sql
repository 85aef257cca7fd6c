-- table: recommendations.examples
-- config: {tags: [leakage]}
-- The features and ranks beside an outcome are those of the graded night, before anything of the outcome happened.
-- remedy: The reranker's examples were made from tables of another night than the graded one, so it learns from what it
-- is to foretell. Look at what sql/training/examples.sql reads: features and candidates as `graded.`. Mend it and build
-- the night again.
select inputs.input_table, inputs.input_night, night.graded_night
from this.partition_inputs as inputs
cross join this.night as night
where
    regexp_matches(inputs.input_table, '^(features|candidates|recommendations)[.]')
    and inputs.input_night <> night.graded_night
