"""SASL PLAIN (RFC 4616): who proves it, and whose mailbox they act in."""

from dataclasses import dataclass, field

from mail.errors import UnsafeText


@dataclass(frozen=True, slots=True)
class Credential:
    """The person (`authcid`), the secret of their web session, and the mailbox asked for (`authzid`).

    For one's own mailbox `authzid` equals `authcid`; otherwise it is proxy authorization, and the server decides.
    """

    authcid: str
    secret: str = field(repr=False)
    authzid: str


def plain(credential: Credential) -> bytes:
    """The PLAIN message, not yet base64. The authzid is left out when it is the person's own (RFC 4616 section 2).

    Raises UnsafeText for NUL, which would shift the fields, and for an empty name or secret.
    """
    own = credential.authzid == credential.authcid
    fields = ("" if own else credential.authzid, credential.authcid, credential.secret)
    if not (credential.authcid and credential.secret and credential.authzid):
        raise UnsafeText("SASL PLAIN with an empty field")
    if any("\0" in value for value in fields):
        raise UnsafeText("NUL in a SASL PLAIN field")
    return "\0".join(fields).encode()
