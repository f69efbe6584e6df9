import os
from datetime import datetime, timezone

from sqlalchemy import JSON, DateTime, String, Text, UniqueConstraint, create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

engine = create_engine(os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://"), pool_pre_ping=True)


def now() -> datetime:
    return datetime.now(timezone.utc)


class Base(DeclarativeBase):
    pass


class Engagement(Base):
    __tablename__ = "engagements"
    __table_args__ = (UniqueConstraint("workspace_id", "external_id"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    workspace_id: Mapped[str] = mapped_column(String(64))
    external_id: Mapped[str] = mapped_column(String(500))
    type: Mapped[str] = mapped_column(String(20))
    title: Mapped[str] = mapped_column(String(500))
    source_system: Mapped[str] = mapped_column(String(100))
    media_url: Mapped[str] = mapped_column(Text)
    run_workflows: Mapped[bool]
    start_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    is_private: Mapped[bool]
    participants: Mapped[list] = mapped_column(JSON)
    transcript_text: Mapped[str | None] = mapped_column(Text)
    owner_user_id: Mapped[str] = mapped_column(String(64))
    processing_status: Mapped[str] = mapped_column(String(20), default="PENDING")
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now, onupdate=now)


def get_session():
    with Session(engine) as session:
        yield session
