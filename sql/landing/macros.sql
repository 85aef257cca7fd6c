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

-- A text as people see it: characters in their composed form (Unicode NFC), white space of any kind around it gone and a
-- plain space inside, and nothing invisible: zero-width characters, byte-order marks, soft hyphens, marks of direction,
-- controls. Zero-width joiners stay in texts without a Latin letter or digit: they shape emoji and other scripts. Null
-- when nothing is left. Case and leading zeros stay.
create macro visible_text(t) as case
    when regexp_full_match(t::varchar, '[!-~¡-¬®-ɏ\p{Sc}]+( [!-~¡-¬®-ɏ\p{Sc}]+)*') then t::varchar
    else nullif(
        trim(
            nfc_normalize(
                regexp_replace(
                    regexp_replace(
                        if(
                            regexp_matches(t::varchar, '[0-9A-Za-z]'),
                            translate(t::varchar, chr(8204) || chr(8205), ''),
                            t::varchar
                        ),
                        '[\s\v\x{85}\p{Z}]',
                        ' ',
                        'g'
                    ),
                    '[\p{Cc}\x{AD}\x{34F}\x{61C}\x{180E}\x{200B}\x{200E}\x{200F}\x{202A}-\x{202E}'
                    || '\x{2060}-\x{206F}\x{FEFF}]',
                    '',
                    'g'
                )
            )
        ),
        ''
    )
end;

-- Letters, digits and signs that East Asian keyboards write as wide as their characters, in their usual width.
create macro with_usual_width(t) as if(
    regexp_matches(t::varchar, '[！-～]'),
    translate(
        t::varchar,
        '！＂＃＄％＆＇（）＊＋，－．／０１２３４５６７８９：；＜＝＞？＠ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺ［＼］＾＿｀ａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚ｛｜｝～',
        '!"#$%&''()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\]^_`abcdefghijklmnopqrstuvwxyz{|}~'
    ),
    t::varchar
);

-- The one form of an id: its visible text in usual width, a whole number without the point and zeros that pandas or a
-- decimal column write behind it. 17012.0 and １７０１２ are 17012, 007 and 1.10 stay. Where 1.0 and 1 are two ids
-- (versions), write visible_text.
create macro canonical_id(t) as case
    when regexp_full_match(with_usual_width(visible_text(t)), '-?[0-9]+[.]0+')
        then split_part(with_usual_width(visible_text(t)), '.', 1)
    else with_usual_width(visible_text(t))
end;

-- What may stand beside an amount of money, as a regular expression: a currency sign, perhaps with letters (US$, R$), an
-- ISO 4217 code, or a word people write for one. Points behind a word may be commas: they are swapped with them. The
-- backslash is the yen or won of Japanese and Korean code pages.
create macro currencies() as '(?:[A-Z]{1,3})?\p{Sc}|A(?:ED|FN|LL|MD|NG|OA|RS|UD|WG|ZN)|B(?:AM|BD|DT|GN|HD|IF|MD|ND|OB|RL|SD|TN'
|| '|WP|YN|ZD)|C(?:AD|DF|HF|LP|NY|OP|RC|UP|VE|ZK)|D(?:JF|KK|OP|ZD)|E(?:GP|RN|TB|UR)|F(?:JD|KP)|G(?:BP|EL|HS|IP|MD|NF|TQ'
|| '|YD)|H(?:KD|NL|RK|TG|UF)|I(?:DR|LS|NR|QD|RR|SK)|J(?:MD|OD|PY)|K(?:ES|GS|HR|MF|PW|RW|WD|YD|ZT)|L(?:AK|BP|KR|RD|SL|YD)'
|| '|M(?:AD|DL|GA|KD|MK|NT|OP|RU|UR|VR|WK|XN|YR|ZN)|N(?:AD|GN|IO|OK|PR|ZD)|OMR|P(?:AB|EN|GK|HP|KR|LN|YG)|QAR|R(?:ON|SD'
|| '|UB|WF)|S(?:AR|BD|CR|DG|EK|GD|HP|LE|OS|RD|SP|TN|VC|YP|ZL)|T(?:HB|JS|MT|ND|OP|RY|TD|WD|ZS)|U(?:AH|GX|SD|YU|ZS)|V(?:ES'
|| '|ND|UV)|WST|X(?:AF|CD|OF|PF)|YER|Z(?:AR|MW|WG)|[Kk]r[.,]?|S?Fr[.,]?|Rs[.,]?|Rp[.,]?|RM|TL|Lei|lei|[Ee]uros?|zł|Kč|Ft'
|| '|лв[.,]?|руб[.,]?|元|円|원|\\';

-- A number's visible text with the digits and signs of other scripts as ours: ٣٫٥ and ３．５ are 3.5, 1’234 is 1'234, and
-- ▲5 is -5, as Japanese accounts write it.
create macro with_plain_signs(t) as case
    when regexp_full_match(visible_text(t), '[ -_a-~\p{Sc}]*') then visible_text(t)
    else translate(
        visible_text(t),
        '−‒–—﹣－‐‑▲△＋’‘ʼ′＇`´％﹪٪٬٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹०१२३४५६७८९０１２３４５６７８９（）．，',
        '----------+''''''''''''''%%%''0123456789012345678901234567890123456789().,'
    )
end;

-- The same with a decimal point: where the decimal sign is a comma, both change places.
create macro with_decimal_point(t, decimal_sign) as translate(
    if(decimal_sign = ',', translate(with_plain_signs(t), ',.', '.,'), with_plain_signs(t)), '٫', '.'
);

-- The number in a text, whose decimal sign ('.' or ',') the column tells; null when it is none. Read are: a sign before or
-- behind, or brackets for a minus; a currency on either side, or percent; thousands in groups of three (1,234 1.234 1 234
-- 1'234) or as in India (12,34,567); 5,- and 500/- and 1.5e3. Anything else is no number (0x10, 1_000, 3 pcs, inf, nan), as
-- are two signs, or groups of another length: nothing is left out of a value to make it one.
create macro read_number(t, decimal_sign) as case
    when typeof(t) not in ('VARCHAR', 'JSON') then try_cast(t::varchar as double)
    when regexp_full_match(t::varchar, '[-+]?[0-9]+') then try_cast(t::varchar as double)
    when decimal_sign = '.' and regexp_full_match(t::varchar, '[-+]?[0-9]*[.][0-9]+') then try_cast(t::varchar as double)
    when decimal_sign = ',' and regexp_full_match(t::varchar, '[-+]?[0-9]*,[0-9]+')
        then try_cast(replace(t::varchar, ',', '.') as double)
    else list_transform(
        [
            regexp_extract(
                regexp_replace(with_decimal_point(t, decimal_sign), currencies(), '¤', 'g'),
                '^([-+(]?) ?([¤%]?) ?([-+(]?) ?('
                || '(?:[1-9][0-9]{0,2}(?:(?:,[0-9]{3})+|(?: [0-9]{3})+|(?:''[0-9]{3})+)|[1-9][0-9]?(?:,[0-9]{2})+,[0-9]{3}'
                || '|[0-9]+)(?:[.](?:--?|[0-9]*)|(?:[.][0-9]+)?/[-=])?|[.][0-9]+|[0-9]+(?:[.][0-9]*)?[eE][-+]?[0-9]{1,2}'
                || ') ?([-)]?) ?([¤%]?) ?([-)]?)$',
                ['mark1', 'unit1', 'mark2', 'digits', 'mark3', 'unit2', 'mark4']
            )
        ],
        lambda part: case
            when '%' not in (part.unit1, part.unit2) or part.unit1 || part.unit2 = '%'
                then try_cast(translate(regexp_replace(part.digits, '([.]-+|/[-=])$', ''), ', ''', '') as double)
                    * case part.mark1 || part.mark2 || part.mark3 || part.mark4
                        when '' then 1 when '+' then 1 when '-' then -1 when '()' then -1
                    end
                    / if(part.unit1 || part.unit2 = '%', 100, 1)
        end
    )[1]
end;

-- Why a row is rejected whose text read_number cannot read, with that text; null where it can, and where there is none.
create macro unread_number(t, decimal_sign) as case
    when visible_text(t) is not null and read_number(t, decimal_sign) is null
        then 'cannot be read as a number: ''' || left(visible_text(t), 40) || ''''
end;
