"""The fields at the beginning of a form that nobody will read to its end.

Whose session ended while they wrote gets their words back, however long the letter: of a stranger's form as much is
read as its bound says, and what is attached comes last.
"""

from urllib.parse import unquote_plus

from flask import request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.sansio.multipart import NEED_DATA, Data, Epilogue, Field, File, MultipartDecoder

CUT = "\n[The rest was too long to be given back here. Go back to find it in the form.]"


def first_fields(octets: int, most: int) -> MultiDict[str, str]:
    """At most so many fields of what stands in so many octets, the last one as far as it goes and `CUT`. No files.

    Asks nothing of the rest. What is no form has no fields. Takes the octets: for a request whose form nobody has
    looked at.
    """
    beginning = request.environ["wsgi.input"].read(min(octets, request.content_length or octets))
    if request.mimetype == "multipart/form-data":
        return _of_parts(beginning, request.mimetype_params.get("boundary", ""), most)
    if request.mimetype != "application/x-www-form-urlencoded":
        return MultiDict()
    pairs = [pair.partition(b"=") for pair in beginning.split(b"&", most)[:most]]
    found = [(_unquoted(name), _unquoted(value)) for name, _, value in pairs]
    if len(beginning) < (request.content_length or 0) and len(found) < most:
        found[-1] = (found[-1][0], found[-1][1] + CUT)
    return MultiDict(found)


def _of_parts(beginning: bytes, boundary: str, most: int) -> MultiDict[str, str]:
    """RFC 7578."""
    found: list[tuple[str, bytearray]] = []
    decoder = MultipartDecoder(boundary.encode("utf-8", "replace"), max_parts=most)
    decoder.receive_data(beginning)
    is_field = goes_on = False
    try:
        while (event := decoder.next_event()) is not NEED_DATA and not isinstance(event, Epilogue):
            if isinstance(event, Field | File):
                is_field = goes_on = isinstance(event, Field)
                if is_field:
                    found.append((event.name or "", bytearray()))
            elif isinstance(event, Data) and is_field:
                found[-1][1].extend(event.data)
                goes_on = event.more_data
    except (ValueError, RequestEntityTooLarge):
        pass  # it isn't made as forms are, or has too many parts: what came until there is what there is
    if goes_on:
        found[-1][1].extend(CUT.encode())
    return MultiDict([(name, value.decode("utf-8", "replace")) for name, value in found])


def _unquoted(octets: bytes) -> str:
    return unquote_plus(octets.decode("latin-1"), errors="replace")
