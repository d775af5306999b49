"""All that a letter says is on the page and in the answer, in whatever way its program wrapped it."""

import base64
import re
import uuid
from collections.abc import Callable

import pytest

from tests.cast import ANA, CLEO, KIM, SUPPORT
from tests.mail.message.test_tnef import WHOLE
from tests.pages.mail.conftest import SignIn
from tests.pages.mail.letters import arrived
from tests.servers.harness import World
from tests.visitor import Page, Visitor, folder_url

HTML = "Content-Type: text/html\n\n"
PGP = (
    "Content-Type: multipart/encrypted; boundary=E\n\n--E\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n"
    "--E\nContent-Type: application/octet-stream; name=encrypted.asc\n\n-----BEGIN\n--E--"
)
Deliver = Callable[[str], str]
PAGES = ("reply", "forward")
MIXED = 'Content-Type: multipart/mixed; boundary="M"\n\n'
ALTERNATIVE = 'Content-Type: multipart/alternative; boundary="A"\n\n'
PDF = (
    '--M\nContent-Type: application/pdf; name="offer.pdf"\nContent-Disposition: inline; filename="offer.pdf"\n\n%PDF\n'
)


@pytest.fixture
def delivered(world: World) -> Deliver:
    """Lays a letter of this shape into support@; the URL of its page."""

    def lay(letter: str) -> str:
        with world.imap(ANA, mailbox=SUPPORT) as imap:
            imap.select()
            validity, uid = (imap.response(name)[1][0].decode() for name in ("UIDVALIDITY", "UIDNEXT"))
        top = f"From: Kim <kim@customer.test>\nSubject: As it came\nMessage-ID: <{uuid.uuid4().hex}@x.test>\n"
        world.deposit(SUPPORT, f"{top}MIME-Version: 1.0\n{letter}".replace("\n", "\r\n").encode())
        return f"{folder_url(SUPPORT)}{validity}.{uid}"

    return lay


def fragment(visitor: Visitor, url: str) -> str:
    answer = visitor.get(url, **{"HX-Request": "true"})
    assert answer.status_code == 200, url
    return answer.text


def shown(visitor: Visitor, url: str) -> str:
    """The page's part about the message, each frame with its document in its place."""

    def document(frame: re.Match[str]) -> str:
        return visitor.get(frame[1].replace("&amp;", "&")).text.partition("<body")[2]

    return re.sub(r'<iframe[^>]* src="([^"]*)"', document, fragment(visitor, url).partition("</header>")[2])


def quoted(visitor: Visitor, url: str) -> str:
    return Page(fragment(visitor, f"{url}/reply")).fields["text"]


@pytest.mark.parametrize(
    "letter",
    [
        f"{MIXED}--M\n\nFirst words.\n{PDF}--M\nContent-Type: text/plain\n\nLast words.\n--M--",
        f"{MIXED}--M\n\nFirst words.\n--M\n{ALTERNATIVE}--A\n\nLast words.\n"
        "--A\nContent-Type: text/html\n\n<p>Last words.</p>\n--A--\n--M--",
        f"{MIXED}--M\nContent-Type: text/html\n\n<p>First words.</p>\n{PDF}"
        "--M\nContent-Type: text/html\n\n<p>Last words.</p>\n--M--",
        f"{ALTERNATIVE}--A\n\nFirst words. Last words.\n--A\n{MIXED}--M\n{HTML}<p>First words.</p>\n"
        f"{PDF}--M\n{HTML}<p>Last words.</p>\n--M--\n--A--",
        f"{ALTERNATIVE}--A\n\nFirst words. Last words.\n--A\n{HTML}<html><body> <p></p></body></html>\n--A--",
        f"{ALTERNATIVE}--A\n\n \n--A\n{HTML}<p>First words.<p>Last words.\n--A--",
        "Content-Type: text/enriched\n\n<bold>First</bold>\nwords. Last words.",
        "Content-Type: text\n\nFirst words. Last words.",
        "Content-Type: strange\n\nFirst words. Last words.",
        "Content-Type: text/markdown\n\nFirst words. Last words.",
        "Content-Type: multipart/mixed\n\nFirst words. Last words.",
        "Content-Type: multipart/alternative; boundary=X\n\n--Y\n\nFirst words. Last words.\n--Y--",
        f'{MIXED}--M\n\nFirst words.\n--M\nContent-Type: text/plain; name="notes.txt"\n\nLast words.\n--M--',
        "".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(70))
        + "\nFirst words. Last words.",
        f"{MIXED}--M\n\nFirst words. Last words.\n" + "--M\nContent-Type: image/png\n\nx\n" * 600 + "--M--",
    ],
    ids=["text file text", "banner", "two pages", "apple", "empty page", "empty text", "enriched", "no subtype",
         "no type", "markdown", "no boundary", "wrong boundary", "named text", "70 deep", "600 parts"],
)  # fmt: skip
def test_all_words_are_shown_in_order_and_quoted(sign_in: SignIn, delivered: Deliver, letter: str) -> None:
    ana, url = sign_in(ANA), delivered(letter)
    for where in (shown(ana, url), quoted(ana, url)):
        assert re.search(r"First(?:\s|</?b>)+words\..*Last words\.", where, re.DOTALL), where
    assert Page(fragment(ana, f"{url}/forward")).fields["subject"] == "Fwd: As it came"
    assert "attachment.txt" not in fragment(ana, url)
    assert "attachment.html" not in fragment(ana, url)


def test_a_named_text_and_the_files_of_winmail_are_offered(world: World, sign_in: SignIn, delivered: Deliver) -> None:
    winmail = base64.encodebytes(WHOLE).decode()
    url = delivered(
        f'{MIXED}--M\nContent-Type: text/plain; name="notes.txt"\n\nLast words.\n--M\n'
        f'Content-Type: application/ms-tnef; name="winmail.dat"\nContent-Transfer-Encoding: base64\n\n{winmail}--M--'
    )
    ana = sign_in(ANA)
    links = [link for link, text in Page(fragment(ana, url)).links.items() if text.startswith("Download")]
    assert [link.rpartition("/")[2] for link in links] == [
        "notes.txt", "winmail.dat", "Bestellung%20f%C3%BCr%20Ana.txt", "gr%C3%BC%C3%9Fe.doc",
    ]  # fmt: skip
    assert [ana.get(link).data for link in links[2:]] == [b"12 notebooks\r\n", b""]
    assert ana.get(links[2].replace("~1", "~9")).status_code == 404
    # Who forwards it sends on what is inside, which every program opens.
    begun = ana.page(f"{url}/forward")
    keep = re.findall(r'name="keep" value="([^"]*)"', begun.html)
    form = begun.fields | {"to": KIM, "subject": "Fwd: unpacked", "format": "text", "keep": keep}
    assert ana.post(f"/mail/{SUPPORT}/send", form).status_code == 303
    sent = arrived(world, KIM, "Fwd: unpacked").iter_attachments()
    assert [(part.get_filename(), part.get_payload(decode=True)) for part in sent] == [
        ("notes.txt", b"Last words."), ("Bestellung für Ana.txt", b"12 notebooks\r\n"), ("grüße.doc", b""),
    ]  # fmt: skip


@pytest.mark.parametrize(("left", "says"), [(-30, "what could be read of"), (60, "no file in it can be read")])
def test_a_damaged_winmail_says_so_and_is_sent_on_as_it_is(
    sign_in: SignIn, delivered: Deliver, left: int, says: str
) -> None:
    head = "Content-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: base64\n\n"
    ana, url = sign_in(ANA), delivered(head + base64.encodebytes(WHOLE[:left]).decode())
    assert re.search(f"winmail.dat is damaged.*{says}", shown(ana, url))
    forwarded = fragment(ana, f"{url}/forward")
    assert re.search(f"winmail.dat is damaged.*{says}", forwarded)
    assert 'title="winmail.dat"' in forwarded


@pytest.mark.parametrize(
    ("letter", "says"),
    [
        ("Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\n\nMIAG", "signed.*smime.p7m"),
        ("Content-Type: application/x-pkcs7-mime; smime-type=enveloped-data; name=a.p7m\n\nMIAG", "encrypted.*a.p7m"),
        (PGP, r"\(PGP\).*encrypted.asc"),
        ("Content-Type: text/calendar; name=lunch.ics\n\nBEGIN:VCALENDAR", "invitation.*lunch.ics"),
        ("Content-Type: application/pdf; name=offer.pdf\n\n%PDF", "This message has no text"),
        ("Content-Disposition: attachment\n\nx", "This message has no text"),
        ("\n\n", "This message has no text.*See its source"),
    ],
    ids=["signed", "encrypted", "pgp", "calendar", "only a file", "only a text as a file", "nothing"],
)  # fmt: skip
def test_what_cannot_be_shown_says_what_it_is(sign_in: SignIn, delivered: Deliver, letter: str, says: str) -> None:
    ana, url = sign_in(ANA), delivered(letter)
    assert re.search(says, shown(ana, url), re.DOTALL)
    assert [ana.get(f"{url}/{page}").status_code for page in PAGES] == [200, 200]


@pytest.mark.parametrize("kind", ["plain", "html"])
def test_what_is_cut_says_so_and_how_to_get_all_of_it(sign_in: SignIn, delivered: Deliver, kind: str) -> None:
    ana, url = sign_in(ANA), delivered(f"Content-Type: text/{kind}\n\n" + "Word after word. \n" * 120_000 + "The end.")
    page = shown(ana, url)
    assert "The end." not in page
    assert "longer than what is shown" in page
    (whole,) = [link for link, text in Page(page).links.items() if text == "Download all of this text"]
    assert ana.get(whole).data.endswith(b"The end.")
    assert "only its beginning is" in fragment(ana, f"{url}/reply")


def test_a_link_to_write_opens_our_form_in_the_same_mailbox(sign_in: SignIn, delivered: Deliver) -> None:
    link = "mailto:orders@shop.test?subject=Order%204711&cc=x@shop.test&bcc=y@shop.test&body=Hello%0AKim"
    page = f'Content-Type: text/html\n\n<a href="{link}">our desk</a>'
    for letter, text in ((page, "our desk"), ("\nWrite to orders@shop.test please", "orders@shop.test")):
        ana, url = sign_in(ANA), delivered(letter)
        (ours,) = [to for to, said in Page(shown(ana, url)).links.items() if said == text]
        form = Page(fragment(ana, ours)).fields
        assert form["to"] == "orders@shop.test"
        assert text != "our desk" or (form["cc"], form["bcc"], form["subject"]) == (
            "x@shop.test", "y@shop.test", "Order 4711",
        )  # fmt: skip
        assert text != "our desk" or form["text"].strip().startswith("Hello\nKim\n")
        assert "/compose" not in shown(sign_in(CLEO), url)


@pytest.mark.parametrize(
    ("text", "looks"),
    [
        ("My answer.\n\n> Ben\n>> Ana\n>>> Cleo\n> Ben\n\n>> Ana", ["own", "folded"]),
        ("> Is it here?\nYes.\n\n> And the pens?\nNo.", ["quoted", "own", "quoted", "own"]),
        ("> Only\n>> quotes", ["quoted"]),
        ("On Monday Kim wrote:\n> Only this", ["own", "quoted"]),
        ("Yes.\n\n> Is it here?\n-- \nJo", ["own", "folded", "own"]),
    ],
)
def test_a_quote_is_folded_where_it_only_repeats(
    sign_in: SignIn, delivered: Deliver, text: str, looks: list[str]
) -> None:
    page = shown(sign_in(ANA), delivered(f"\n{text}"))
    kinds = {
        '<details class="quoted">': "folded",
        '<div class="written quoted">': "quoted",
        '<div class="written">': "own",
    }
    runs = re.findall(r'<details class="quoted">|(?<!</summary>)<div class="written(?: quoted)?">', page)
    assert [kinds[run] for run in runs] == looks
    assert "&gt;" not in page


def test_a_word_that_wraps_is_quoted_as_one(sign_in: SignIn, delivered: Deliver) -> None:
    url = delivered("Content-Type: text/plain; format=flowed; delsp=yes\n\nhttps://x.test/a \nbc\n")
    assert "> https://x.test/abc\n" in quoted(sign_in(ANA), url)
