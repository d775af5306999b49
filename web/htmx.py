"""Page or fragment: the one place that decides."""

from flask import Response, make_response, render_template, request


def is_fragment_request() -> bool:
    """True when htmx wants a piece to swap; a boosted link or a restored history entry wants the page."""
    headers = request.headers
    return (
        headers.get("HX-Request") == "true"
        and headers.get("HX-Boosted") != "true"
        and headers.get("HX-History-Restore-Request") != "true"
    )


def render(page: str, fragment: str, *, status: int = 200, **context: object) -> Response:
    """The fragment for htmx, the page for everybody else."""
    template = fragment if is_fragment_request() else page
    answer = make_response(render_template(template, **context), status)
    answer.vary.add("HX-Request")
    return answer
