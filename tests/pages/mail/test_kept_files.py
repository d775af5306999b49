"""Attachments stay with their draft, whatever goes wrong around them."""

import gc
import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest

from mail.errors import QuotaExceeded
from tests.cast import ANA, KIM, SUPPORT
from tests.pages.mail.conftest import SignIn
from tests.pages.mail.letters import arrived, copies, find
from tests.servers.harness import World
from tests.visitor import Page, Visitor
from webmail.writing import attaching, drafting

MB = 1024 * 1024
# The test client leaves the temporary files of its own large bodies to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(autouse=True)
def _swept() -> Iterator[None]:
    yield
    gc.collect()


def with_file(ana: Visitor, about: str, size: int, name: str = "plan.bin") -> dict[str, Any]:
    """A draft with a file in it, as the page shows it afterwards."""
    form = ana.page(f"/mail/{SUPPORT}/compose").fields | {"to": KIM, "subject": about, "text": "See the file."}
    form["files"] = (BytesIO(b"x" * size), name)  # type: ignore[assignment]
    saved = ana.post(f"/mail/{SUPPORT}/drafts", form)
    assert saved.status_code == 303
    return again(ana.page(saved.location), about)


def again(page: Page, about: str) -> dict[str, Any]:
    fields = page.fields | {"subject": about, "format": "text"}
    return {name: value for name, value in fields.items() if name != "files"}


def kept(page: Page) -> list[str]:
    return re.findall(r'name="keep" value="([^"]+)"', page.html)


def test_what_is_too_large_is_refused_and_what_was_attached_before_goes_out(world: World, sign_in: SignIn) -> None:
    ana = sign_in(ANA)
    form = with_file(ana, "Twenty and ten", 20 * MB)
    assert form["keep"]
    refused = ana.post(f"/mail/{SUPPORT}/send", form | {"files": (BytesIO(b"y" * 10 * MB), "more.bin")})
    assert refused.status_code == 413
    page = Page(refused.text)
    assert "25 MB" in page.text
    assert "plan.bin" in page.text
    assert "more.bin" not in page.text
    assert page.fields["keep"] == form["keep"]
    assert ana.post(f"/mail/{SUPPORT}/send", again(page, "Twenty and ten")).status_code == 303
    names = [part.get_filename() for part in arrived(world, KIM, "Twenty and ten").iter_attachments()]
    assert names == ["plan.bin"]


def test_a_draft_too_large_to_be_saved_comes_back_as_a_form(world: World, sign_in: SignIn) -> None:
    ana = sign_in(ANA)
    form = with_file(ana, "Saved too large", 20 * MB)
    refused = ana.post(
        f"/mail/{SUPPORT}/drafts", form | {"files": (BytesIO(b"y" * 6 * MB), "more.bin"), "text": "New."}
    )
    assert refused.status_code == 413
    page = Page(refused.text)
    assert "plan.bin" in page.text
    assert page.fields["text"].strip() == "New."


def test_in_a_full_mailbox_the_draft_keeps_its_files(
    world: World, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = sign_in(ANA)
    form = with_file(ana, "No room for more", 100)

    def full(*_: object) -> None:
        raise QuotaExceeded("full")

    with monkeypatch.context() as patch:
        patch.setattr(drafting, "_replace", full)
        patch.setattr(drafting, "check_unchanged", full)
        refused = ana.post(f"/mail/{SUPPORT}/send", form | {"to": "nobody", "files": (BytesIO(b"y"), "more.bin")})
    page = Page(refused.text)
    assert "plan.bin" in page.text
    assert "choose it again" in page.text
    assert ana.post(f"/mail/{SUPPORT}/send", again(page, "No room for more") | {"to": KIM}).status_code == 303
    assert list(arrived(world, KIM, "No room for more").iter_attachments())


def test_a_file_that_is_gone_is_said_and_the_others_stay(world: World, sign_in: SignIn) -> None:
    ana = sign_in(ANA)
    form = with_file(ana, "One is gone", 100)
    refused = ana.post(f"/mail/{SUPPORT}/send", form | {"keep": [form["keep"], "0" * 32]})
    assert refused.status_code == attaching.AttachmentGone.status
    page = Page(refused.text)
    assert "Attach it again" in page.text
    assert "plan.bin" in page.text
    assert copies(world, KIM, "One is gone") == 0
    assert any(b"plan.bin" in raw for raw in world.folder(SUPPORT, "Drafts") if b"One is gone" in raw)


@pytest.mark.parametrize("size", [30, 60])
def test_far_too_much_at_once_gives_every_word_back(sign_in: SignIn, size: int) -> None:
    ana = sign_in(ANA)
    form = ana.page(f"/mail/{SUPPORT}/compose").fields
    form |= {"to": KIM, "subject": "Thirty megabytes", "text": "A long letter."}
    refused = ana.post(f"/mail/{SUPPORT}/send", form | {"files": (BytesIO(b"y" * size * MB), "film.bin")})
    assert refused.status_code == 413
    for words in (KIM, "Thirty megabytes", "A long letter.", "25 MB"):
        assert words in refused.text


def test_two_files_of_one_name_both_go_out(world: World, sign_in: SignIn) -> None:
    """Photos of two phones: they come at once or one after the other, and the form goes on with both of them."""
    ana = sign_in(ANA)
    form: dict[str, Any] = dict(ana.page(f"/mail/{SUPPORT}/compose").fields)
    form |= {"to": KIM, "subject": "Two of a name", "text": "See."}
    for uploads in ([(b"one", "image.png"), (b"two", "IMAGE.png")], [(b"three", "image.png")]):
        form["files"] = [(BytesIO(data), name) for data, name in uploads]
        attached = ana.post(f"/mail/{SUPPORT}/drafts/attach", form, **{"HX-Request": "true"})
        assert attached.status_code == 200
        form |= Page(attached.text).fields | {"keep": kept(Page(attached.text))}
    del form["files"]
    assert ana.post(f"/mail/{SUPPORT}/send", form).status_code == 303
    files = [(one.get_filename(), one.get_content()) for one in arrived(world, KIM, "Two of a name").iter_attachments()]
    assert sorted(data for _, data in files) == [b"one", b"three", b"two"]
    assert len({str(name).casefold() for name, _ in files}) == 3


def test_a_second_tab_with_files_is_heard(world: World, sign_in: SignIn) -> None:
    ana = sign_in(ANA)
    with_file(ana, "In two tabs", 100)
    url = find(ana, SUPPORT, "In two tabs", "Drafts")
    first, second = (again(ana.page(url), "In two tabs") for _ in range(2))
    assert ana.post(f"/mail/{SUPPORT}/drafts", first | {"text": "Of the first."}).status_code == 303
    told = ana.post(f"/mail/{SUPPORT}/drafts", second | {"text": "Of the second."})
    assert told.status_code == 409
    assert "changed this draft meanwhile" in told.text
    saved = [raw for raw in world.folder(SUPPORT, "Drafts") if b"Subject: In two tabs" in raw]
    assert len(saved) == 2
    assert all(b"plan.bin" in raw for raw in saved)
    assert b"Of the second." in b"".join(saved)
