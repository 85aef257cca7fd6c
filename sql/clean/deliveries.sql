-- What the night first saw of each delivered file: rows, rejected rows with examples, the arrival of a file, and that
-- another took its place. Rows of later nights are not counted, nor is a file named before any of it could be seen.
-- n_rows: null where rows of history have no time of their own. rejects: by column and reason, the first 20 of each as
-- examples; of history only those whose own time could be read.
select
    file,
    table_name,
    content,
    is_history,
    status,
    arrived_at,
    is_superseded,
    n_rows,
    n_rejected,
    rejects
from landed.deliveries
order by table_name, file, content, is_history, status
