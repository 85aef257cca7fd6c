-- table: recommendations.examples
-- config: {tags: [leakage]}
-- The features, ranks and log beside an outcome are those of the graded night, before anything of the outcome happened.
-- remedy: The reranker's examples were made from tables of another night than the graded one, so it learns from what it
-- is to foretell. Look at what sql/training/labels.sql and examples.sql read: features, candidates and the log as
-- `graded.`. Mend it and build the night again.
select inputs.input_table, inputs.input_night, night.graded_night
from this.partition_inputs as inputs
cross join this.night as night
where
    (
        regexp_matches(inputs.input_table, '^(features|candidates|recommendations)[.]')
        and inputs.input_night <> night.graded_night
    )
    or (starts_with(inputs.input_table, 'clean.') and inputs.input_night > night.graded_night)
