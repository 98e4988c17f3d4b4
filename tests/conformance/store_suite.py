"""What every store of record must do. A store passes by inheriting `StoreSuite` and giving a fixture `store`."""

from __future__ import annotations

import pytest

from tests.conformance.store_access import AccessSuite
from tests.conformance.store_action_items import ActionItemsSuite
from tests.conformance.store_articles import ArticleSuite
from tests.conformance.store_attachments import AttachmentSuite
from tests.conformance.store_changes import ChangeSuite
from tests.conformance.store_connectors import ConnectorSuite
from tests.conformance.store_drafts import DraftSuite
from tests.conformance.store_feedback import FeedbackSuite
from tests.conformance.store_incidents import IncidentSuite
from tests.conformance.store_people import PeopleSuite
from tests.conformance.store_requests import RequestSuite
from tests.conformance.store_samples import SetClock
from tests.conformance.store_tickets import TicketSuite
from tests.conformance.store_upkeep import UpkeepSuite


class StoreSuite(
    ArticleSuite,
    AttachmentSuite,
    TicketSuite,
    ChangeSuite,
    IncidentSuite,
    AccessSuite,
    FeedbackSuite,
    ConnectorSuite,
    DraftSuite,
    UpkeepSuite,
    ActionItemsSuite,
    PeopleSuite,
    RequestSuite,
):
    """Give a fixture `store` that is empty and told the time by `clock`."""

    @pytest.fixture
    def clock(self) -> SetClock:
        """Return a clock that stands still until it is moved."""
        return SetClock()
