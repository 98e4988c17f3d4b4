"""Take in the files that articles show or lead to, and hand them out to those who may read such an article."""

from __future__ import annotations

import re
from urllib.parse import quote

from flask import Blueprint, Response, abort, current_app, g, json, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user, login_required
from werkzeug.wrappers import Response as WerkzeugResponse

from kb.attachments import KINDS, checked_upload, clean_name, kind_of_name, markdown_for, served_as, site_path
from kb.errors import InvalidInput, TooLarge, WrongKind
from web.addresses import attachment_url
from web.problems import problem, status_of, wants_page
from web.site.permissions import allowed
from web.wiring import Services

pages = Blueprint("attachments", __name__)
POLICY = "default-src 'none'; sandbox"
"""Whatever a file holds, opened by itself it loads and runs nothing."""
_SHA256 = re.compile(r"[0-9a-f]{64}")


def _services() -> Services:
    services: Services = current_app.extensions["fixlore"]
    return services


@pages.get("/attachments")
@allowed("write")
def form() -> str:
    """Show the form that takes a file, and what to write for the one that was just sent."""
    sha256, name = request.args.get("added", ""), clean_name(request.args.get("name", ""))
    return _page(added=markdown_for(sha256, name) if _kind(sha256, name) else "", address=attachment_url(sha256, name))


@pages.post("/attachments")
@allowed("write")
def take() -> Response | WerkzeugResponse | tuple[str, int]:
    """Store a file; a script is answered with JSON, a form with the page that says what to write."""
    sent = request.files.get("file")
    services, limit = _services(), _services().settings.attachment_bytes
    name, content = (sent.filename or "", sent.stream.read(limit + 1)) if sent is not None else ("", b"")
    try:
        upload = checked_upload(name, content, limit)
    except InvalidInput as error:
        sentence = _sentence(error, is_missing=not name and not content)
        if wants_page():
            return _page(problem=sentence), status_of(error)
        return problem(status_of(error), sentence, field="file")
    sha256 = services.store.put_attachment(upload.content, upload.content_type, current_user.viewer.name).sha256
    if wants_page():
        return redirect(url_for("attachments.form", added=sha256, name=upload.name), 303)
    kind = KINDS[upload.name.rpartition(".")[2]]
    answer = {
        "path": site_path(sha256, upload.name),
        "markdown": markdown_for(sha256, upload.name),
        "url": attachment_url(sha256, upload.name),
        "size": len(upload.content),
        "media_type": kind.media_type,
    }
    return Response(json.dumps(answer), mimetype="application/json")


@pages.get("/attachments/<sha256>/<name>")
@login_required
def attachment(sha256: str, name: str) -> Response:
    """Hand out a file: a picture to be shown, anything else to be saved, under the name in its address.

    Browsers ask again each time (and are told that nothing changed), so that a file is gone with the right to read it.
    """
    media_type = _kind(sha256, name)
    if media_type is None:
        abort(404, _("There is no such file."))
    kind = kind_of_name(name)
    response = Response(content_type=media_type)
    response.set_etag(sha256)
    response.cache_control.private = True
    response.cache_control.no_cache = True
    disposition = "inline" if kind is not None and kind.is_picture else "attachment"
    response.headers.set("Content-Disposition", disposition, **_saved_as(clean_name(name)))
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    g.content_policy = POLICY
    if request.if_none_match.contains(sha256):
        response.status_code = 304
    elif request.method == "HEAD":
        response.content_length = _services().store.attachments([sha256])[sha256].size
    else:
        content = _services().store.attachment_content(sha256)
        if content is None:
            abort(404, _("There is no such file."))
        response.data = content
    return response


def _kind(sha256: str, name: str) -> str | None:
    """Return the media type of a file that is there, may be read and can have this name; `None` for any other."""
    if not _SHA256.fullmatch(sha256):
        return None
    store = _services().store
    if not store.may_read_attachment(sha256, current_user.viewer):
        return None
    listed = store.attachments([sha256]).get(sha256)
    kind = served_as(name, listed.content_type) if listed is not None else None
    return kind.media_type if kind is not None else None


def _saved_as(name: str) -> dict[str, str]:
    """Return the parameters of Content-Disposition that tell browsers a name, the old ones too (RFC 6266, 4.3)."""
    if name.isascii():
        return {"filename": name}
    return {"filename": f"file.{name.rpartition('.')[2]}", "filename*": f"UTF-8''{quote(name, safe='')}"}


def _page(*, added: str = "", address: str = "", problem: str = "") -> str:
    limit = _services().settings.attachment_bytes // 2**20
    return render_template(
        "attachments/attachments.html", added=added, address=address, problem=problem, limit=limit, kinds=list(KINDS)
    )


def _sentence(error: InvalidInput, *, is_missing: bool) -> str:
    """Return what is wrong with a file, and what to do, in the reader's language."""
    if is_missing:
        return str(_("Choose a file."))
    if isinstance(error, TooLarge):
        limit = _services().settings.attachment_bytes // 2**20
        return str(_("The file is larger than %(limit)s MB. Make it smaller, or say where it lies.", limit=limit))
    if isinstance(error, WrongKind):
        return str(_("Files of this kind cannot be attached. Use one of these: %(kinds)s.", kinds=", ".join(KINDS)))
    return str(_("The file is empty, damaged, or not what its name says. Save it again."))
