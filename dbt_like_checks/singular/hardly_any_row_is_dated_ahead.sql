-- table: raw.each
-- config: {severity: warn, tags: [leakage]}
-- Hardly any row of the files that came on the newest day of a delivery is dated after its own arrival: at most nine, or
-- one in five: a file that was written while the last of its lines were being made has some.
-- remedy: Rows that tell of what had not happened yet are rejected; where they are many, a clock is off. Look at how the
-- source's SQL makes its times UTC: a clock that is ahead dates all of them ahead. Or the file was landed with an
-- `--arrived-at` that is too early. See docs/detectors.md.
select pattern as delivery, name, n_ahead, n_rows
from this.deliveries
where is_newest and n_ahead >= 10 and n_ahead > 0.2 * n_rows
