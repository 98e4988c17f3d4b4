"""Shape incidents as the API answers them, and what people decide about them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from web.api.models import Answer, Asked, Described, Moment, example, example_of

State = Literal["candidate", "confirmed", "dismissed"]
_UNDER_WAY: dict[str, Any] = {
    "candidate": True,
    "size": 5,
    "window_minutes": 240,
    "tickets": ["zammad:48190", "zammad:48193", "zammad:48201", "zammad:48207", "zammad:48213"],
    "id": "zammad:48190",
    "state": "candidate",
    "title": "VPN drops every 10 minutes, error 809",
    "since": "2026-11-21T06:50:00Z",
    "latest": "2026-11-21T08:12:00Z",
    "similarity": 0.71,
    "identifiers": ["809"],
    "words": ["vpn", "drops"],
    "services": ["vpn"],
    "decided_by": None,
    "decided_at": None,
    "grown": False,
    "explanation": "5 similar open tickets within 82 minutes.",
}


class Incident(Answer):
    """Whether a burst of similar open tickets is under way, and of which; only those that the token may read count."""

    model_config = example(
        _UNDER_WAY,
        {**_UNDER_WAY, "state": "confirmed", "decided_by": "token:helpdesk", "decided_at": "2026-11-21T08:20:00Z"},
    )

    candidate: bool
    """Whether there is one that nobody has dismissed."""
    size: int
    """How many tickets are in it, the one that was asked about among them."""
    window_minutes: int
    """Within how many minutes they were opened, each after one before it."""
    tickets: list[str]
    """The ids of those that are stored, at most a hundred, the newest."""
    id: str | None = None
    """What it is called: the id of one of its tickets. The id of any of them leads to it."""
    state: State | None = None
    """What people decided, `candidate` while nobody has; `null` where there is no incident."""
    title: str | None = None
    """The title of the ticket that is most like the others."""
    since: Moment | None = None
    """When its first ticket was opened."""
    latest: Moment | None = None
    """When its last ticket was opened."""
    similarity: float | None = None
    """The mean cosine of its tickets to the one in the middle."""
    identifiers: list[str] = Field(default_factory=list)
    """Error codes and other identifiers that its tickets have in common."""
    words: list[str] = Field(default_factory=list)
    """Words that its tickets have in common."""
    services: list[str] = Field(default_factory=list)
    """The services that its tickets name."""
    decided_by: str | None = None
    """Who confirmed or dismissed it."""
    decided_at: Moment | None = None
    """When that was."""
    grown: bool = False
    """Whether it was dismissed and has doubled since."""
    explanation: str | None = None
    """Why it is thought to be one, in a sentence."""


class IncidentList(Answer):
    """A page of incidents, the one with the latest ticket first."""

    model_config = example(
        {"incidents": [example_of(Incident)], "size": 4, "window_minutes": 240, "cursor": "zammad:48190"}
    )

    incidents: list[Incident]
    """The incidents."""
    size: int
    """How many similar open tickets make a candidate."""
    window_minutes: int
    """Within how many minutes they must have been opened."""
    cursor: str | None = None
    """What asks for the next page; `null` on the last."""


class IncidentQuery(Asked):
    """Which incidents, and how many."""

    model_config = example({"state": "candidate", "limit": 50, "cursor": "zammad:48190"})

    state: State | None = None
    """Only those in this state."""
    limit: Annotated[int, Field(ge=1, le=100)] = 50
    """How many at most."""
    cursor: Annotated[str | None, Field(max_length=1024)] = None
    """The `cursor` of the page before."""


class IncidentPath(Described):
    """An incident."""

    model_config = example({"incident_id": "zammad:48190"})

    incident_id: str
    """The id of any of its tickets."""


class DecisionBody(Asked):
    """What somebody decided."""

    model_config = example({"state": "confirmed"})

    state: Literal["confirmed", "dismissed"]
    """Whether it is an incident."""
