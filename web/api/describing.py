"""Return this description."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from flask import Response, current_app, json

from web.api.authentication import open_to_all
from web.api.description import described
from web.api.resources import open_resource

if TYPE_CHECKING:
    from flask_openapi3.openapi import OpenAPI

api = open_resource("description", __name__, prefix="/api/v1")
_ANSWER = {
    "description": "OpenAPI 3.1.",
    "content": {
        "application/json": {
            "schema": {"type": "object", "required": ["openapi", "info", "paths"]},
            "example": {"openapi": "3.1.0", "info": {"title": "Fixlore", "version": "1"}, "paths": {}},
        }
    },
}


@api.get("/openapi.json", responses={200: _ANSWER}, summary="The description of the API")
@open_to_all
def get_description() -> Response:
    """Describe every endpoint as OpenAPI 3.1, generated from the code that answers. No token is needed."""
    kept: dict[str, str] = current_app.extensions["description"]
    if not kept:  # the first one asks for it; everybody may, and it is some work
        kept["text"] = json.dumps(described(cast("OpenAPI", current_app)))
    return Response(kept["text"], mimetype="application/json")
