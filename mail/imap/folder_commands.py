"""What can be asked about folders, and changed in them."""

from mail.errors import BadFolderName, FolderNotFound, NotPermitted, ProtocolTrouble
from mail.imap.answers import number, pairs, parse
from mail.imap.folders import LIST_EVERYTHING, Folder, folders, to_wire
from mail.imap.session import Session


class FolderCommands:
    """The folders of the mailbox. Their names are ours, not the wire's."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def all(self) -> list[Folder]:
        """All folders with their counts, in one round trip."""
        session = self._session
        return folders(session.first(lambda: session.connection.run(*LIST_EVERYTHING, keep=(b"LIST", b"STATUS"))))

    def unseen(self, folder: str) -> int:
        """How many messages of the folder are unread. Raises FolderNotFound."""
        command = (b"STATUS", to_wire(folder), b"(UNSEEN)")
        reply = self._session.first(
            lambda: self._session.connection.run(*command, keep=(b"STATUS",), otherwise=FolderNotFound)
        )
        if not (told := reply.get(b"STATUS")):
            raise ProtocolTrouble("no STATUS")
        return number(pairs(parse(told[0])[1]).get(b"UNSEEN"))

    def create(self, name: str) -> None:
        """Raises FolderExists, BadFolderName."""
        self._manage(b"CREATE", name, otherwise=BadFolderName)

    def rename(self, name: str, new_name: str) -> None:
        """Raises FolderNotFound, FolderExists, BadFolderName."""
        self._manage(b"RENAME", name, new_name, otherwise=BadFolderName)

    def delete(self, name: str) -> None:
        """Remove the folder with all messages in it. Raises FolderNotFound, NotPermitted for INBOX."""
        self._session.let_go(name)
        self._manage(b"DELETE", name, otherwise=NotPermitted)

    def _manage(self, verb: bytes, *names: str, otherwise: type[BadFolderName | NotPermitted]) -> None:
        wire = [to_wire(name) for name in names]
        self._session.awake()
        self._session.connection.run(verb, *wire, changes=True, otherwise=otherwise)
