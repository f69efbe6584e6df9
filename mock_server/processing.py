"""How an engagement is processed: a pure function of what is stored, the pace and the instant.

Nothing waits and nothing is stored. Whoever asks says as of which instant, and so the clock moves everything.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import cycle

from mock_server.media.simulated import fails_processing
from mock_server.store import Engagement

STATUSES = PENDING, PROCESSING, COMPLETED, FAILED = ("PENDING", "PROCESSING", "COMPLETED", "FAILED")
LONGEST_NAME = 100  # characters of the name of a speaker
_TOPICS = ("pricing", "onboarding", "renewal", "security review", "integration", "roadmap", "support", "contract terms")
_TASKS = (
    "Send the summary of {topic}",
    "Answer the open question about {topic}",
    "Book a follow-up on {topic}",
    "Share the documents on {topic}",
)
_OPENINGS = ("Thank you for joining.", "Good to see you all.", "Shall we begin?")
_REMARKS = (
    "Let us look at {topic} first.",
    "What are the next steps for {topic}?",
    "We agreed on {topic} last time.",
    "I will write down what we said about {topic}.",
    "There is one open question about {topic}.",
)
_SIGNALS = ("question", "objection", "commitment", "praise")
_UNNAMED = ("Speaker 1", "Speaker 2")


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of processing: from when on an engagement is in it, and its `processing_status` there.

    `at` is the `updated_at` of the engagement until the next stage begins.
    """

    at: datetime
    status: str


@dataclass(frozen=True, slots=True)
class Signal:
    """Something remarkable that was said: what kind of thing, and the words."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Results:
    """What a completed processing has made. Each part is made when somebody asks for it: a list shows few of them.

    All parts follow from the seed and the title. The names in the transcript are of those who took part.
    """

    engagement: Engagement
    seed: int | None

    @property
    def description(self) -> str:
        """A summary, in a sentence."""
        first, second, third = self._topics()
        return f"{self._title}: a conversation about {first}, {second} and {third}."

    @property
    def transcript(self) -> str:
        """What was said, a line for each remark. Those who took part speak in turn."""
        remarks = [self._chance("opening").choice(_OPENINGS), *self._remarks()]
        people = self.engagement.submission.participants[: len(remarks)]
        names = [(one.name or one.email or "")[:LONGEST_NAME] for one in people] or _UNNAMED
        return "\n".join(f"{name}: {remark}" for name, remark in zip(cycle(names), remarks, strict=False))

    @property
    def tags(self) -> list[str]:
        """The names of two tags."""
        return self._topics()[:2]

    @property
    def action_items(self) -> list[str]:
        """Two tasks."""
        tasks = self._chance("tasks").sample(_TASKS, 2)
        return [task.format(topic=topic) for task, topic in zip(tasks, self._topics(), strict=False)]

    @property
    def signals(self) -> list[Signal]:
        """One signal, with a remark of the transcript."""
        chance = self._chance("signals")
        return [Signal(chance.choice(_SIGNALS), chance.choice(self._remarks()))]

    @property
    def _title(self) -> str:
        return self.engagement.submission.title

    def _topics(self) -> list[str]:
        return self._chance("topics").sample(_TOPICS, 3)

    def _remarks(self) -> list[str]:
        chance, topics = self._chance("remarks"), self._topics()
        return [remark.format(topic=chance.choice(topics)) for remark in chance.sample(_REMARKS, len(_REMARKS))]

    def _chance(self, part: str) -> random.Random:
        """Return a source of randomness that says the same each time."""
        return random.Random(f"{self.seed}:{part}:{self._title}")  # noqa: S311  repeatable on purpose


@dataclass(frozen=True, slots=True)
class Processing:
    """The processing of all engagements. `pace` is how long one takes; `seed` makes other results of the same title."""

    pace: timedelta
    seed: int | None = None

    @property
    def offsets(self) -> tuple[timedelta, timedelta, timedelta]:
        """How long after the creation each stage begins. It is the same for every engagement."""
        return timedelta(), self.pace / 4, self.pace

    def stages(self, engagement: Engagement) -> tuple[Stage, Stage, Stage]:
        """Return the stages in their order: PENDING, PROCESSING, and COMPLETED or FAILED.

        With the pace 0 all begin when the engagement is created.
        """
        last = FAILED if fails_processing(engagement.submission.media_url) else COMPLETED
        first, second, third = (engagement.created_at + offset for offset in self.offsets)
        return Stage(first, PENDING), Stage(second, PROCESSING), Stage(third, last)

    def stage(self, engagement: Engagement, at: datetime) -> Stage:
        """Return the stage at an instant. Before its creation, where a clock was set back, it is the first one."""
        stages = self.stages(engagement)
        return next((stage for stage in reversed(stages) if stage.at <= at), stages[0])

    def results(self, engagement: Engagement, stage: Stage) -> Results | None:
        """Return what processing has made of an engagement in this stage: None unless it is completed."""
        return Results(engagement, self.seed) if stage.status == COMPLETED else None
