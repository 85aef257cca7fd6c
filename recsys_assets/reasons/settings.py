"""Settings of the words of reasons: in which languages, and with whose templates."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator


class ReasonSettings(BaseModel):
    """Settings of reasons (``[reasons]``)."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )

    languages: list[Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]] = Field(
        default=["en"], min_length=1
    )
    """Languages that reasons are told in, as BCP 47 names them: ``["en", "de"]``. The tables hold the first one's
    sentences; a server puts the others together as they are asked for."""
    templates: str | None = Field(default=None, min_length=1)
    """Pattern of files with sentences of one's own, such as ``data/profiles/shop.reasons.{language}.toml``, relative to
    the project: what one says goes before what ``recsys_assets/reasons/reasons.<language>.toml`` does, key by key. A
    language that has no such file of ours needs one that says everything."""

    @field_validator("languages")
    @classmethod
    def _once(cls, languages: list[str]) -> list[str]:
        if len({language.lower() for language in languages}) < len(languages):
            raise ValueError("a language is given twice; keep one")
        return languages

    @field_validator("templates")
    @classmethod
    def _for_each_language(cls, templates: str | None) -> str | None:
        if templates and (templates.count("{language}") != 1 or not templates.endswith(".toml")):
            raise ValueError("a file a language: end it in .toml, and write {language} where its name stands")
        return templates
