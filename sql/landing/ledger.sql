-- The ledger of landing.duckdb: which files came, what became of their rows, which nights are sealed.
create schema if not exists landing.ledger;
create schema if not exists landing.raw;

create table if not exists landing.ledger.files (
    file_id integer primary key,
    name varchar not null,
    raw_table varchar not null,
    content varchar not null,          -- SHA-256 of the bytes as delivered
    bytes bigint not null,
    kind varchar not null,             -- history | arrival
    arrived_at timestamp not null,     -- UTC; for history the moment it was landed
    status varchar not null,           -- landed | superseded | quarantined
    superseded_night date,             -- first night that no longer counts its rows
    superseded_at timestamp,           -- UTC; when the file that replaces it arrived; null: history
    rows_read bigint not null,
    rows_landed bigint not null,
    rows_rejected bigint not null,
    message varchar,                   -- why it was quarantined
    sealed_night date,                 -- last sealed night when it landed; null: none was
    rows_repeated bigint,              -- landed rows that equal an earlier one of the file; null: landed by an earlier version
    most_equal bigint,                 -- the most landed rows that are all equal; null: landed by an earlier version
    rows_adding_nothing bigint         -- landed rows that other files held when it landed; null: not known
);

create table if not exists landing.ledger.rejects (
    file_id integer not null,
    row_number bigint not null,        -- 1-based row of data in the file
    column_name varchar not null,
    reason varchar not null,
    delivered varchar,                 -- the row as delivered, as JSON
    landed_id uuid,                    -- its id; null: a line that could not be split into columns
    visible_night date                 -- first night that may count it; null: history whose time cannot be read, or of an earlier version
);

-- Ledgers from before these columns.
alter table landing.ledger.files add column if not exists sealed_night date;
alter table landing.ledger.rejects add column if not exists landed_id uuid;
alter table landing.ledger.rejects add column if not exists visible_night date;
alter table landing.ledger.files add column if not exists rows_repeated bigint;
alter table landing.ledger.files add column if not exists most_equal bigint;
alter table landing.ledger.files add column if not exists rows_adding_nothing bigint;

create table if not exists landing.ledger.sealed_nights (
    night date primary key,
    sealed_at timestamp not null
);
