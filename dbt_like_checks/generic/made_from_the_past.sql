-- config: {tags: [leakage]}
-- The latest event it rests on (watermark) lies before the cutoff of its night, for which it was written, and it was
-- made from partitions of that night and earlier ones; of tables named as graded, from the graded night's alone.
-- remedy: The failing rows name what it was made from that it may not see. Look at what its SQL or its step reads:
-- tables of the night itself, `past.` for earlier nights, `graded.` for the graded one, and no file, clock or table of
-- another night. Mend it, and build the night again from there.
select night, 'watermark' as what, watermark::varchar as found
from this.partition
where watermark >= night + interval 1 day
union all
select night, 'night it was written for', written_for::varchar
from this.partition
where written_for <> night
union all
select night, input_table, input_night::varchar
from this.partition_inputs
where
    input_night > night
    or (list_contains($graded::varchar[], input_table) and input_night <> (select graded_night from this.night))
