-- What a source's SELECTs may call, beside DuckDB's own functions.

-- UTC instant of a text that says its offset: +02:00, -0500, Z, UTC, GMT+1 or Europe/Berlin behind the clock. Null
-- without one: a local time is no instant. Also null with CET or EST, which mean other offsets in other places or months.
create macro instant_with_offset(t) as case
    when regexp_matches(trim(t::varchar), ':[0-9]{2}([.,][0-9]+)? ?(Z|[+-](0[0-9]|1[0-4])(:?[0-9]{2})?)$')
        then try_cast(
            regexp_replace(
                regexp_replace(replace(trim(t::varchar), ',', '.'), ' (Z|[+-][0-9:]+)$', '\1'), '([+-][0-9]{2}):?([0-9]{2})$', '\1:\2'
            ) as timestamptz
        )::timestamp
    when regexp_matches(
        trim(t::varchar),
        ':[0-9]{2}([.,][0-9]+)? ((UTC|GMT)([+-][0-9]{1,2}(:[0-9]{2})?)?|[A-Z][A-Za-z]+(/[A-Z][A-Za-z_-]+)+)$'
    )
        then try_cast(replace(trim(t::varchar), ',', '.') as timestamptz)::timestamp
end;

-- Day and clock of an ISO 8601 text without an offset; null when anything else stands behind the clock. A cast alone
-- would drop it, so that 10:00 +02:00 or 10:00 PM became 10:00. A fraction of a second may follow a comma.
create macro time_without_offset(t) as case
    when regexp_matches(
        trim(t::varchar), '^[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}([ T][0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?)?$'
    )
        then try_cast(replace(trim(t::varchar), ',', '.') as timestamp)
end;

-- Day and clock of a day's number as Excel counts: 45000.5 is noon of 2023-03-15. To the millisecond; null when it is
-- no such number.
create macro time_of_excel_days(t) as case
    when regexp_matches(trim(t::varchar), '^[0-9]{1,6}([.,][0-9]+)?$')
        then make_timestamp(
            (round((try_cast(replace(trim(t::varchar), ',', '.') as double) - 25569) * 86400000) * 1000)::bigint
        )
end;

-- UTC instant of Unix seconds; null when it is none.
create macro instant_of_seconds(t) as try(make_timestamp(try_cast(try_cast(t as double) * 1000000 as bigint)));

-- UTC instant of Unix milliseconds; null when it is none.
create macro instant_of_milliseconds(t) as try(make_timestamp(try_cast(try_cast(t as double) * 1000 as bigint)));
