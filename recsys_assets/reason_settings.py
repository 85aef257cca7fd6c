"""Settings of the words of reasons: in which languages, and with whose templates."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator


class SentenceSettings(BaseModel):
    """Settings of sentences by a language model (``[reasons.sentences]``); where it is, the environment says."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )

    enabled: bool = False
    """Whether titles, categories and brands of items may be sent to the language model that ``RECSYS_LLM_URL`` names,
    to have reasons written by it. Nothing of users is ever sent, and nothing at all without both."""
    max_requests: int = Field(default=200, ge=1)
    """Requests a night, repeated ones too."""
    max_tokens: int = Field(default=200_000, ge=1)
    """Tokens a night, of questions and answers, as the model counts them."""
    max_seconds: float = Field(default=600, gt=0)
    """Seconds a night: what has no sentence then keeps that of its template."""
    batch: int = Field(default=20, ge=1, le=100)
    """Reasons a request."""
    timeout_seconds: float = Field(default=60, gt=0)
    """Seconds that one request may take."""
    retry_seconds: float = Field(default=1, gt=0)
    """Seconds until a request that failed is repeated, twice as many each time; three times at most."""


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

    sentences: SentenceSettings = SentenceSettings()
    """Sentences by a language model, beside the templates': off unless the profile says so."""

    def without_sentences(self) -> ReasonSettings:
        """The same, with nobody asked for sentences."""
        return self.model_copy(update={"sentences": SentenceSettings()})

    @field_validator("languages")
    @classmethod
    def _once(cls, languages: list[str]) -> list[str]:
        if len({language.lower() for language in languages}) < len(languages):
            raise ValueError("a language is given twice; keep one")
        return languages

    @model_validator(mode="after")
    def _guarded(self) -> ReasonSettings:
        if self.sentences.enabled and self.languages[0].partition("-")[0] not in ("de", "en"):
            raise ValueError(
                "sentences are written in the first language, and the guard that refuses wrong ones knows en and de"
            )
        return self

    @field_validator("templates")
    @classmethod
    def _for_each_language(cls, templates: str | None) -> str | None:
        if templates and (templates.count("{language}") != 1 or not templates.endswith(".toml")):
            raise ValueError("a file a language: end it in .toml, and write {language} where its name stands")
        return templates
