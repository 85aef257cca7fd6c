-- table: grades.summary
-- config: {tags: [leakage]}
-- Grades say published where the lists that were graded are those that were published, else rebuilt.
-- remedy: Grades say published of lists that were not, or the other way round. Look at releases.published of the graded
-- night and at the step of grades.summary, which compares fingerprints. Mend it and build the night again.
with status_given as (
    select distinct task, status
    from grades.summary
    where algorithm = 'published'
)

select status_given.task, status_given.status, inputs.fingerprint, published.lists_fingerprint
from status_given
left join this.partition_inputs as inputs on inputs.input_table = 'recommendations.lists'
left join graded.releases.published as published on true
where (status_given.status = 'published') is distinct from coalesce(inputs.fingerprint = published.lists_fingerprint, false)
