"""How a folder stands in a URL, and how large a number may."""

from flask import Flask
from werkzeug.routing import BaseConverter, ValidationError

from mail.imap.refs import BadRef, decode_folder, encode_folder

# Row numbers are 32 bits wide in the database; a larger one names nothing.
BIGGEST = 2**31 - 1


class FolderConverter(BaseConverter):
    """One path segment for a folder's whole name, whatever is in it."""

    regex = "[^/]{1,1000}"

    def to_python(self, value: str) -> str:
        try:
            return decode_folder(value)
        except BadRef as error:
            raise ValidationError from error

    def to_url(self, value: str) -> str:
        return super().to_url(encode_folder(value))


def install(app: Flask) -> None:
    app.url_map.converters["folder"] = FolderConverter
