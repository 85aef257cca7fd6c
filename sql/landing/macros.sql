-- What a source's SELECTs may call, beside DuckDB's own functions.

-- UTC instant of a text with an offset (2017-10-31T10:00:00+02:00, ...Z); null without one: a local time is no instant.
create macro instant_with_offset(t) as case
    when regexp_matches(t::varchar, ':[0-9]{2}([.][0-9]+)? ?(Z|[+-][0-9]{2}(:?[0-9]{2})?)$')
        then try_cast(regexp_replace(t::varchar, '([+-][0-9]{2}):?([0-9]{2})$', '\1:\2') as timestamptz)::timestamp
end;

-- UTC instant of Unix seconds; null when it is none.
create macro instant_of_seconds(t) as try(make_timestamp(try_cast(try_cast(t as double) * 1000000 as bigint)));

-- UTC instant of Unix milliseconds; null when it is none.
create macro instant_of_milliseconds(t) as try(make_timestamp(try_cast(try_cast(t as double) * 1000 as bigint)));
