-- A reason's text as a template: what the row says besides stands in it as a mark, chr(2) for the title of the item that the
-- reason rests on, chr(3) for how often, chr(4) for the whole days of its age, so that few texts are left. chr(1) before it
-- says that it is one. Putting everything in again gives the very text, whatever the title.
create or replace temp macro template(reason_text, title, n, days) as case
    when regexp_matches(reason_text, '[\x01-\x04]') then reason_text
    else chr(1) || replace(
        replace(
            replace(reason_text, coalesce(nullif(title, ''), chr(1)), chr(2)),
            ' ' || coalesce(days, -1) || ' days',
            ' ' || chr(4) || ' days'
        ),
        ' ' || coalesce(n, -1) || ' ',
        ' ' || chr(3) || ' '
    )
end
