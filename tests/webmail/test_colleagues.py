"""Two people work one mailbox at the same time, and neither loses anything by the other."""

from tests.cast import ANA, BEN, KIM, SUPPORT
from tests.servers.harness import World
from tests.visitor import folder_url
from tests.webmail.conftest import SignIn
from tests.webmail.letters import arrived, deliver, find


def test_ben_archives_what_ana_is_answering(world: World, sign_in: SignIn) -> None:
    deliver(world, "Archived in the middle of an answer")
    ana, ben = sign_in(ANA), sign_in(BEN)
    url = find(ana, SUPPORT, "Archived in the middle of an answer")
    form = dict(ana.page(f"{url}/reply").fields) | {"text": "Still yours.", "subject": "Re: archived meanwhile"}
    assert ben.post(folder_url(SUPPORT) + "archive", {"ref": url.rpartition("/")[2]}).status_code == 303

    assert ana.post(f"/mail/{SUPPORT}/drafts", form).status_code == 303
    assert ana.post(f"/mail/{SUPPORT}/send", form).status_code == 303
    original = arrived(world, SUPPORT, "Archived in the middle of an answer", "Archive")
    assert arrived(world, KIM, "Re: archived meanwhile")["In-Reply-To"] == original["Message-ID"]


def test_ben_goes_on_with_anas_draft(world: World, sign_in: SignIn) -> None:
    ana, ben = sign_in(ANA), sign_in(BEN)
    form = dict(ana.page(f"/mail/{SUPPORT}/compose").fields)
    form |= {"to": f"{KIM}, half an addre", "subject": "Begun by ana", "text": "Dear Kim,\n\nana's words."}
    assert ana.post(f"/mail/{SUPPORT}/drafts", form).status_code == 303

    draft = ben.page(find(ben, SUPPORT, "Begun by ana", "Drafts")).fields
    assert draft["to"] == f"{KIM}, half an addre"
    assert "ana's words." in draft["text"]
    finished = draft | {"to": KIM, "text": "Dear Kim,\n\nana's words, and ben's.", "subject": "Finished by ben"}
    assert ben.post(f"/mail/{SUPPORT}/send", finished).status_code == 303
    assert "and ben's." in arrived(world, KIM, "Finished by ben").get_content()
    assert not [raw for raw in world.folder(SUPPORT, "Drafts") if b"Begun by ana" in raw]
