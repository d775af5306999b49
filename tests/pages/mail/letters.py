"""Mail for tests: written here, delivered for real."""

import email
import email.policy
import uuid
from email.message import EmailMessage

from tests.cast import KIM, SUPPORT
from tests.servers.harness import World
from tests.visitor import Visitor, folder_url
from tests.waiting import until


def letter(subject: str, *, sender: str = f"Kim Keller <{KIM}>", to: str = SUPPORT, text: str = "Hello!") -> bytes:
    """A message as it arrives from outside."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, subject
    message["Date"] = email.utils.formatdate()
    message["Message-ID"] = f"<{uuid.uuid4().hex}@customer.test>"
    message.set_content(text)
    return message.as_bytes(policy=email.policy.SMTP)


def deliver(world: World, subject: str, to: str = SUPPORT, text: str = "Hello!") -> None:
    world.deliver(to, letter(subject, to=to, text=text), sender=KIM)


def find(visitor: Visitor, mailbox: str, subject: str, folder: str = "INBOX") -> str:
    """The URL of the message with this subject in the list, once it has arrived."""
    found: list[str] = []

    def is_there() -> bool:
        links = visitor.page(folder_url(mailbox, folder)).links
        found.extend(url for url, text in links.items() if subject in text and "/f/" in url)
        return bool(found)

    until(is_there)
    return found[0]


def arrived(world: World, address: str, subject: str, folder: str = "INBOX") -> EmailMessage:
    """The message as it lies in somebody's mailbox."""
    until(lambda: messages(world, address, subject, folder))
    return messages(world, address, subject, folder)[0]


def messages(world: World, address: str, about: str, folder: str = "INBOX") -> list[EmailMessage]:
    """The messages with this subject that lie in the folder now."""
    parsed = [email.message_from_bytes(raw, policy=email.policy.default) for raw in world.folder(address, folder)]
    return [one for one in parsed if one["Subject"] == about and isinstance(one, EmailMessage)]


def copies(world: World, address: str, about: str, folder: str = "INBOX") -> int:
    """How many messages with this subject lie in the folder."""
    return sum(f"Subject: {about}\n".encode() in raw.replace(b"\r\n", b"\n") for raw in world.folder(address, folder))
