-- config: {severity: warn}
-- rows: (select file_id from ledger.files where 'raw.' || raw_table = '{table}')
-- No file of the last days before the newest one was set aside as unreadable, unless one of its name landed since.
-- remedy: The failing rows name each file and why it could not be read. Mend the file, or the delivery's format, encoding
-- or skip in the profile. Then land it again under the same name.
select files.name, files.arrived_at, files.message
from ledger.files as files
cross join (select max(arrived_at) as newest from ledger.files where 'raw.' || raw_table = '{table}') as arrivals
anti join (from ledger.files where status <> 'quarantined') as landed
    on landed.name = files.name and landed.raw_table = files.raw_table and landed.file_id > files.file_id
where
    'raw.' || files.raw_table = '{table}'
    and files.status = 'quarantined'
    and files.arrived_at >= arrivals.newest - to_days({days})
