from datetime import datetime
from typing import Literal

from pydantic import BaseModel, EmailStr, Field, HttpUrl, field_validator, model_validator


class Participant(BaseModel):
    name: str | None = Field(default=None, min_length=1)
    email: EmailStr | None = None

    @model_validator(mode="after")
    def name_or_email(self):
        if not self.name and not self.email:
            raise ValueError("a participant needs a name or an email")
        return self


class CreateEngagement(BaseModel):
    type: Literal["CALL", "MEETING"]
    title: str = Field(min_length=1, max_length=500)
    source_system: str = Field(min_length=1, max_length=100)
    external_id: str = Field(min_length=1, max_length=500)
    media_url: HttpUrl
    run_workflows: bool
    start_at: datetime | None = None
    is_private: bool | None = None
    participants: list[Participant] | None = None
    transcript_text: str | None = Field(default=None, max_length=900_000)

    @field_validator("media_url")
    @classmethod
    def https_only(cls, value: HttpUrl) -> HttpUrl:
        if value.scheme != "https":
            raise ValueError("media_url must use https")
        return value

    @field_validator("transcript_text")
    @classmethod
    def max_bytes(cls, value: str | None) -> str | None:
        if value is not None and len(value.encode("utf-8")) > 950_000:
            raise ValueError("transcript_text must not exceed 950000 bytes")
        return value
