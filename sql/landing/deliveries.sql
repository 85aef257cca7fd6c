-- Of each file what the night (variable `night`) first sees of it; landed_rows are the rows of all raw tables.
-- A file that arrives is first seen by the night that its arrival opens, history by its first row. What replaces a file
-- is told of one that was seen.
with landed as (
    select landed_file as file_id, nullif(count(landed_known_at), 0) as n_rows
    from landed_rows
    where landed_night = getvariable('night')
    group by landed_file
),

rejected as (
    select
        file_id,
        column_name,
        regexp_replace(reason, '(?s): ''.*''$', '') as reason,
        row_number,
        delivered,
        row_number() over (
            partition by file_id, column_name, regexp_replace(reason, '(?s): ''.*''$', '') order by row_number
        ) as place
    from landing.ledger.rejects
    where visible_night = getvariable('night')
),

reasons as (
    select
        file_id,
        {
            column_name: column_name,
            reason: reason,
            n_rows: count(*),
            examples: list({row_number: row_number, delivered: delivered} order by row_number) filter (where place <= 20)
        } as told
    from rejected
    group by file_id, column_name, reason
),

rejects as (
    select
        file_id,
        sum(told.n_rows)::bigint as n_rejected,
        list(told order by told.column_name, told.reason) as rejects
    from reasons
    group by file_id
),

arriving as (
    select file_id
    from landing.ledger.files
    where
        kind = 'arrival'
        and getvariable('night')
        = greatest($first_night::date, sealed_night + 1, (arrived_at - to_seconds($grace))::date)
),

replaced as (
    select file_id
    from landing.ledger.files
    where superseded_night = getvariable('night')
),

seen as (
    select landed_file as file_id
    from landed_rows
    where landed_night <= getvariable('night') and landed_file in (select file_id from replaced)
    group by landed_file
),

known as (
    select file_id from landed
    union
    select file_id from rejects
    union
    select file_id from arriving
    union
    select file_id from seen
)

select
    files.name as file,
    files.raw_table as table_name,
    files.content,
    files.kind = 'history' as is_history,
    if(files.status = 'quarantined', 'quarantined', 'landed') as status,
    min(case when files.kind = 'arrival' then files.arrived_at end) as arrived_at,
    coalesce(bool_or(files.superseded_night <= getvariable('night')), false) as is_superseded,
    sum(
        case
            when files.kind = 'arrival' and files.status <> 'quarantined' then coalesce(landed.n_rows, 0)
            else landed.n_rows
        end
    )::bigint as n_rows,
    coalesce(sum(rejects.n_rejected), 0)::bigint as n_rejected,
    coalesce(flatten(list(rejects.rejects order by files.file_id) filter (where rejects.rejects is not null)), []) as rejects
from known
inner join landing.ledger.files as files on files.file_id = known.file_id
left join landed on landed.file_id = files.file_id
left join rejects on rejects.file_id = files.file_id
group by all
order by table_name, file, content, is_history, status
