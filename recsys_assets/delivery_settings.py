"""Settings of a delivery: which files hold a raw table, and how their text is read."""

from __future__ import annotations

import re

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator


class Delivery(BaseModel):
    """Where the files of one raw table come from."""

    # Strict, since TOML has types of its own: `true` is no number, and "7" none either.
    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )

    table: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    """Name of the raw table, as the source's SQL reads it (``raw.<table>``)."""
    files: str = Field(min_length=1)
    """File name pattern, e.g. ``transactions*.parquet``; matched inside ``folder`` and inside the landing folder."""
    folder: str | None = Field(default=None, min_length=1)
    """Folder of delivered history: a path (relative to the project) or ``package:<python package>/<folder>``."""
    format: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9_]*$")
    """What the files are, where their names (``u.data``) do not tell: ``csv``, ``parquet``, ``jsonl``, or what else
    lies in `storage.landing.formats`; None: by the end of the name, ``.gz`` aside."""
    delimiter: str | None = Field(default=None, min_length=1, max_length=4)
    """Delimiter of text files, e.g. ``";"``; None: of comma, semicolon, tab and ``|`` the one that the first line has
    most of, or ``::``. Where ``::`` parts values, quotes are part of them."""
    encoding: str = "utf-8"
    """Encoding of text files, by any name that Python knows (``latin-1``, ``cp1252``, ``utf-16``). UTF-16 with a
    byte-order mark needs no setting."""
    skip: int = Field(default=0, ge=0, le=1000)
    """Lines of delimited text above its names, such as a report's title, blank ones too; not a first ``sep=;``."""
    max_unpacked_gb: float = Field(default=100, gt=0)
    """Gigabytes (10**9 bytes) that one packed file, gzip or Parquet, may unpack to; one with more is quarantined."""
    max_expansion: float = Field(default=100, ge=1)
    """How many times its own size a packed file may unpack to; nobody asks up to one gigabyte."""
    columns: list[str] | None = Field(default=None, min_length=1)
    """Names of the columns of delimited text that has no line of names; None: its first line has them."""

    @field_validator("files")
    @classmethod
    def _files_are_names(cls, files: str) -> str:
        if "/" in files or "\\" in files:
            raise ValueError(f"{files!r} is a path; give the pattern of names here, and the folder as folder")
        if files.startswith(".") or "\0" in files:
            raise ValueError(f"{files!r} can be no delivered file: hidden ones are left alone")
        return files

    @field_validator("folder")
    @classmethod
    def _folder_is_one(cls, folder: str | None) -> str | None:
        if folder and ("\0" in folder or folder.startswith("package:/") or folder == "package:"):
            raise ValueError(f"{folder!r} is no folder; write a path, or package:<python package>/<folder>")
        return folder

    @field_validator("delimiter")
    @classmethod
    def _delimits(cls, delimiter: str | None) -> str | None:
        if delimiter and re.search(r"[\w\"'\r\n\0]", delimiter):
            raise ValueError(f"{delimiter!r} stands in values or quotes them, so it can part none")
        return delimiter

    @field_validator("encoding")
    @classmethod
    def _encoding_exists(cls, encoding: str) -> str:
        try:
            "".encode(encoding)
        except LookupError as error:
            raise ValueError(f"encoding {encoding!r} is unknown; latin-1, cp1252 and utf-16 are some") from error
        return encoding

    @field_validator("columns")
    @classmethod
    def _columns_differ(cls, columns: list[str] | None) -> list[str] | None:
        names = [name.strip().lower() for name in columns or []]
        if "" in names or len(set(names)) < len(names):
            raise ValueError("each column needs a name of its own (a and A are the same)")
        return columns

    @model_validator(mode="after")
    def _columns_of_text(self) -> Delivery:
        if (self.columns or self.skip) and self.format not in {None, "csv"}:
            raise ValueError(f"columns and skip are for delimited text, not for {self.format}")
        return self
