"""Open the encoder once, when it is first needed, and try again later where that failed."""

from __future__ import annotations

import logging
import threading
import time

from kb.errors import ModelUnavailable
from kb.protocols.encoder import Encoder
from kb.reporting import Say
from kb.settings import Settings

_LOG = logging.getLogger(__name__)
RETRY_MODEL_S = 60.0
"""When a model that could not be loaded is tried again: longer each time, since each attempt costs seconds of work."""
RETRY_MODEL_MOST_S = 3600.0


class EncoderOnce:
    """Opens the encoder when it is first needed and then returns the same one.

    When that failed it says why at once, and tries again in the background after a growing pause.
    """

    def __init__(self, settings: Settings, say: Say):
        self._settings = settings
        self._say = say
        self._lock = threading.Lock()
        self._encoder: Encoder | None = None
        self._failure: str | None = None
        self._pause_s = RETRY_MODEL_S
        self._retry_at = 0.0
        self._is_trying = False

    def __call__(self) -> Encoder:
        """Return the encoder. Raises ModelUnavailable."""
        with self._lock:
            if self._encoder is not None:
                return self._encoder
            if self._failure is not None:
                if time.monotonic() >= self._retry_at and not self._is_trying:
                    self._is_trying = True
                    threading.Thread(target=self._try_again, name="model", daemon=True).start()
                raise ModelUnavailable(self._failure)
            try:
                self._encoder = self._opened()
            except ModelUnavailable as error:
                self._failure = str(error)
                self._put_off()
                raise
            return self._encoder

    def _opened(self) -> Encoder:
        from indexer.encoding.open_encoder import open_encoder

        return open_encoder(self._settings.home, self._settings.model, self._say)

    def _put_off(self) -> None:
        self._retry_at = time.monotonic() + self._pause_s
        self._pause_s = min(2 * self._pause_s, RETRY_MODEL_MOST_S)

    def _try_again(self) -> None:
        """Open the encoder without holding up those who ask meanwhile."""
        encoder, failure = None, self._failure
        try:
            encoder = self._opened()
        except ModelUnavailable as error:
            failure = str(error)
        except Exception:  # whatever a half-installed library does: the next attempt may find it whole
            _LOG.exception("the model could not be tried again")
        with self._lock:
            self._encoder, self._failure, self._is_trying = encoder, failure, False
            self._put_off()
        if encoder is not None:
            self._say(f"the model {encoder.recipe.model_name} is there again")
