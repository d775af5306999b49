"""ana writes an address: whom support@ writes with is offered, and nobody else."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.cast import ANA, BEN, KIM, SALES, SUPPORT
from tests.pages.mail.browser import visit
from tests.pages.mail.conftest import SignIn
from tests.pages.mail.letters import arrived, find, letter
from tests.servers.harness import World
from tests.visitor import Page as Form

KIM_IN_FULL = f"Kim Keller <{KIM}>"


@pytest.fixture
def page(browser: Browser, site: str, world: World) -> Iterator[Page]:
    context, page = visit(browser, site, world.sign_in(ANA))
    page.goto(f"/mail/{SUPPORT}/compose")
    yield page
    context.close()


def to(page: Page) -> Locator:
    return page.get_by_label("To", exact=True)


def test_ana_takes_two_people_with_the_keyboard(page: Page) -> None:
    to(page).press_sequentially("kell")
    offered = page.get_by_role("listbox", name="Suggestions").get_by_role("option")
    expect(offered).to_have_count(1)
    expect(page.get_by_role("combobox", name="To")).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Enter")
    expect(to(page)).to_have_value(f"{KIM_IN_FULL}, ")
    expect(offered).to_have_count(0)
    to(page).press_sequentially("nora")
    expect(offered).to_have_count(1)
    page.keyboard.press("Tab")
    expect(to(page)).to_have_value(f"{KIM_IN_FULL}, Nora Quinn <nora.quinn@stbrigids.example>, ")
    expect(to(page)).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Cc", exact=True)).to_be_focused()


def test_nobody_is_offered_twice_and_a_click_takes_one(page: Page) -> None:
    page.get_by_label("Cc", exact=True).press_sequentially("keller")
    page.get_by_role("option", name="Kim Keller").click()
    expect(page.get_by_label("Cc", exact=True)).to_have_value(f"{KIM_IN_FULL}, ")
    page.get_by_label("Cc", exact=True).press_sequentially("keller")
    expect(page.get_by_role("listbox", name="Suggestions")).to_have_count(0)


def test_arrows_choose_and_escape_sends_the_list_away(page: Page) -> None:
    to(page).press_sequentially("e")
    options = page.get_by_role("listbox", name="Suggestions").get_by_role("option")
    expect(options).to_have_count(6)
    expect(options.nth(0)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    chosen = options.nth(1).get_attribute("id")
    assert chosen
    expect(to(page)).to_have_attribute("aria-activedescendant", chosen)
    page.keyboard.press("Escape")
    expect(options).to_have_count(0)
    expect(to(page)).to_have_value("e")
    expect(page.locator("#compose")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#compose")).to_have_count(0)


def test_ana_sees_whom_all_she_answers_and_takes_one_out_with_the_keyboard(
    world: World, sign_in: SignIn, page: Page
) -> None:
    everybody = [f"Person {number} <person.{number}@customer.test>" for number in range(1, 121)]
    world.deposit(SUPPORT, letter("To all of us", to=", ".join(everybody)))
    page.goto(find(sign_in(ANA), SUPPORT, "To all of us"))
    expect(page.locator(".message-people summary")).to_contain_text("and 116 more")
    page.locator(".message-people summary").click()
    expect(page.locator(".message-people dl")).to_contain_text("person.120@customer.test")
    page.locator("#pane").get_by_role("button", name="Reply all").click()
    cc = page.get_by_label("Cc", exact=True)
    expect(cc).to_have_value(", ".join(everybody))
    high = cc.bounding_box()
    assert high
    assert high["height"] > 90
    cc.press("Control+End")
    assert cc.evaluate("field => field.scrollTop") > 0
    for _ in range(len(everybody[-1]) + 2):
        page.keyboard.press("Backspace")
    expect(cc).to_have_value(", ".join(everybody[:-1]))


def test_more_people_than_are_read_are_missed_on_the_page_and_in_the_form(world: World, sign_in: SignIn) -> None:
    some = ",\r\n ".join(f"p{number}@customer.test" for number in range(1_001))
    world.deposit(SUPPORT, f"From: {KIM}\r\nSubject: To too many of us\r\nTo: {some}\r\n\r\nHello!\r\n".encode())
    ana = sign_in(ANA)
    url = find(ana, SUPPORT, "To too many of us")
    assert "Too long to be shown and answered as a whole: To." in ana.page(url).html
    form = ana.page(f"{url}/reply-all")
    assert "names more people under To than can be taken over" in form.html
    fields = dict(form.fields)
    again = ana.post(f"/mail/{SUPPORT}/send", fields, token=fields.pop("csrf_token"))
    assert again.status_code == 422
    assert "names more people under To than can be taken over" in again.text
    assert "can be taken over" not in ana.page(f"{url}/reply").html


def test_a_list_may_come_with_an_address_on_each_line(world: World, sign_in: SignIn) -> None:
    ana = sign_in(ANA)
    fields = dict(ana.page(f"/mail/{SUPPORT}/compose").fields)
    token = fields.pop("csrf_token")
    form = fields | {
        "to": f"{KIM_IN_FULL}\r\n  Brandt, Ben <{BEN}>\r\n",
        "subject": "One on each line",
        "text": "Hello",
    }
    assert ana.post(f"/mail/{SUPPORT}/send", form, token=token).status_code == 303
    assert arrived(world, BEN, "One on each line")["To"] == f'{KIM_IN_FULL}, "Brandt, Ben" <{BEN}>'


def test_what_is_missing_behind_the_at_sign_is_said_until_it_is_there(page: Page) -> None:
    violations: list[str] = []
    page.on("console", lambda said: violations.append(said.text) if "Content Security Policy" in said.text else None)
    to(page).fill("kim@customer")
    to(page).evaluate("field => { field.style.backgroundImage = 'none'; }")  # as a password manager does
    page.get_by_label("Subject").fill("Half an address")
    page.get_by_role("button", name="Send").click()
    expect(to(page)).to_have_attribute("aria-invalid", "true")
    expect(to(page)).to_have_accessible_description("Something is missing behind the @, such as .com: kim@customer")
    expect(to(page)).to_be_focused()
    to(page).press("End")
    page.keyboard.type(".test")
    expect(page.get_by_text("Something is missing")).to_have_count(0)
    expect(to(page)).not_to_have_attribute("aria-invalid", "true")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#toasts")).to_contain_text("Message sent.")
    assert violations == []


def test_an_address_without_a_dot_is_answered_where_it_was_received(world: World, sign_in: SignIn) -> None:
    ana = sign_in(ANA)
    world.deposit(SUPPORT, letter("The disk is full", sender="Cron <root@server7>"))
    url = find(ana, SUPPORT, "The disk is full")
    fields = dict(ana.page(f"{url}/reply").fields)
    token = fields.pop("csrf_token")
    assert fields["to"] == "Cron <root@server7>"
    sent = ana.post(f"/mail/{SUPPORT}/send", fields | {"cc": "kim@customer"}, token=token)
    assert sent.status_code == 422
    said = Form(sent.text).text
    assert "such as .com: kim@customer" in said
    assert "such as .com: root@server7" not in said
    sent = ana.post(f"/mail/{SUPPORT}/send", fields | {"to": "root@server7", "cc": "kim@[IPv6:::1]"}, token=token)
    assert "Something is missing" not in sent.text


def test_each_mailbox_knows_its_own_people_only(sign_in: SignIn) -> None:
    ana = sign_in(ANA)
    support, sales, own = (ana.get(f"/mail/{mailbox}/people").text for mailbox in (SUPPORT, SALES, ANA))
    assert KIM in support
    assert "nora.quinn@" in support
    assert "nora.quinn@" not in sales
    assert "nora.quinn@" not in own
    assert f'data-address="{SUPPORT}"' not in support
