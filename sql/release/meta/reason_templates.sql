-- The sentences of reasons in every language of the profile, that of reason_text first: what a server puts together.
select
    templates.place,
    templates.language,
    templates.template,
    templates.form,
    templates.text
from made.reason_templates as templates
order by templates.place, templates.template, templates.form
