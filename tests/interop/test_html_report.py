"""The HTML report in Chromium: it complains about nothing, asks for nothing, and does what a reader wants of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from observe.report.cases import swept
from observe.report.hostile import HOSTILE, hostile

from responder.observe.report.html import html
from responder.observe.report.result import Report

from .browser import Page, browsing

pytestmark = pytest.mark.interop

VISIBLE = "[...document.querySelectorAll({!r})].filter(one => one.checkVisibility()).map(one => one.{})"


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browsing(tmp_path_factory.mktemp("chromium")) as page:
        yield page


@pytest.fixture
def browser(chromium: Page) -> Page:
    """The browser as it is by default."""
    chromium.size(1400, 1000)
    chromium.do("Emulation.setScriptExecutionDisabled", value=False)
    chromium.do("Emulation.setEmulatedMedia", media="", features=[])
    return chromium


def shown(browser: Page, folder: Path, report: Report, place: str = "") -> str:
    """The address of a report, that is open now."""
    file = folder / "report.html"
    file.write_text(html(report), "utf-8")
    browser.open(f"{file.as_uri()}{place}")
    return file.as_uri()


def visible(browser: Page, selector: str, what: str = "textContent") -> list[str]:
    """What stands in the elements that can be seen."""
    found: list[str] = browser.eval(VISIBLE.format(selector, what))
    return found


@pytest.mark.parametrize("text", ["", *HOSTILE])
def test_no_complaint_and_no_request(browser: Page, tmp_path: Path, text: str) -> None:
    address = shown(browser, tmp_path, hostile(text) if text else swept())
    browser.eval("document.querySelectorAll('details').forEach(one => one.open = true)")
    browser.eval("document.querySelectorAll('.case').forEach(one => { location.hash = one.id })")
    assert browser.complaints == []
    assert browser.requests == [address]
    assert not browser.events("Page.javascriptDialogOpening")


def test_a_report_of_nothing(browser: Page, tmp_path: Path) -> None:
    shown(browser, tmp_path, Report((), "1"))
    assert visible(browser, "h1") == ["Nothing was judged"]
    assert visible(browser, "#filters", "id") == []
    assert browser.complaints == []


@pytest.mark.parametrize(
    "attempt",
    [
        "document.body.append(Object.assign(new Image(), { src: 'http://127.0.0.1:9/x.png' }))",
        "document.body.append(Object.assign(document.createElement('script'), { textContent: 'window.ran = 1' }))",
        "document.body.insertAdjacentHTML('beforeend', '<b style=\"color:red\" onclick=\"window.ran = 1\">x</b>')",
        "fetch('http://127.0.0.1:9/').catch(() => 0)",
    ],
)
def test_its_policy_lets_nothing_in(browser: Page, tmp_path: Path, attempt: str) -> None:
    """Even a script of its own could not load anything, nor run another."""
    address = shown(browser, tmp_path, swept())
    browser.eval("refused = new Promise(done => addEventListener('securitypolicyviolation', () => done(true))), 0")
    browser.eval(f"{attempt}, 0")
    assert browser.eval("Promise.race([refused, new Promise(done => setTimeout(done, 5000, false))])")
    assert browser.eval("window.ran") is None
    assert [one for one in browser.requests if one not in browser.refused] == [address]


def test_a_cell_opens_its_case_and_an_arrow_its_message(browser: Page, tmp_path: Path) -> None:
    shown(browser, tmp_path, swept())
    assert visible(browser, ".case", "id") == []
    browser.click("#matrix a.fail")
    assert visible(browser, ".case", "id") == ["c1"]
    assert visible(browser, "#overview", "id") == []
    assert visible(browser, "#matrix", "id") == ["matrix"]
    assert visible(browser, "#c1-acks h4 code") == ["refusal-is-acknowledged"]
    assert visible(browser, "[aria-current]", "hash") == ["#c1-acks"]
    assert visible(browser, "#c1 pre") == []
    browser.click("#c1 .ladder summary svg")
    (message,) = visible(browser, "#c1 .message pre", "innerText")
    assert message.startswith("INVITE sip:bob@127.0.0.1 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.10:5062;branch=")
    browser.click("#c1-acks dd a[href='#c1-m2']")
    assert len(visible(browser, "#c1 .message pre")) == 2
    browser.click("#c1 h3 button")
    assert len(visible(browser, "#c1 .message")) == 12


def test_filters(browser: Page, tmp_path: Path) -> None:
    shown(browser, tmp_path, swept())

    def rows(change: str) -> list[str]:
        browser.eval(f"{change}; document.getElementById('filters').dispatchEvent(new Event('input'))")
        browser.eval("new Promise(done => setTimeout(done, 200))")
        found = visible(browser, "#matrix tbody th")
        assert visible(browser, "#shown") == [f"{len(found)} of 5 shown"]
        return found

    everything = rows("0")
    assert len(everything) == 5
    assert rows("failing.checked = true") == ["486 INVITE UDP", "404 INVITE UDP"]
    assert rows("failing.checked = false; level.value = 'SHOULD'") == ["200 INVITE UDP"]
    assert set(visible(browser, "#overview .level")) == {"! SHOULD"}
    assert rows("level.value = ''; words.value = 'tcp 200'") == ["200 INVITE TCP"]
    assert rows("words.value = 'refusal-is-ACKNOWLEDGED 404 not found'") == ["404 INVITE UDP"]
    assert rows("words.value = ''") == everything


def test_keys(browser: Page, tmp_path: Path) -> None:
    shown(browser, tmp_path, swept())
    focus = "document.activeElement.hash"
    browser.eval("document.querySelector('#matrix tbody a').focus()")
    keys = {"ArrowDown": 40, "ArrowRight": 39, "ArrowUp": 38, "ArrowLeft": 37, "Enter": 13, "Escape": 27}
    path = []
    for key in ("ArrowDown", "ArrowRight", "ArrowRight", "ArrowUp", "ArrowLeft"):
        browser.press(key, keys[key])
        path.append(browser.eval(focus))
    assert path == ["#c2", "#c2-form", "#c2-grammar", "#c1-grammar", "#c1-form"]
    assert browser.eval("document.querySelectorAll('#matrix tbody a[tabindex=\"0\"]').length") == 1
    browser.press("Enter", keys["Enter"])
    assert visible(browser, ".case", "id") == ["c1"]
    browser.press("Escape", keys["Escape"])
    assert visible(browser, ".case", "id") == []
    assert browser.eval(focus) == "#c1-form"


def test_without_scripting(browser: Page, tmp_path: Path) -> None:
    browser.do("Emulation.setScriptExecutionDisabled", value=True)
    shown(browser, tmp_path, swept(), "#c1-m2")
    assert visible(browser, "#filters", "id") == []
    assert visible(browser, "h3 button") == []
    assert visible(browser, ".case", "id") == ["c1"]
    assert [one[:11] for one in visible(browser, "#c1 .message pre")] == ["SIP/2.0 486"]
    assert browser.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 800, 1400])
def test_every_width_and_both_schemes(browser: Page, tmp_path: Path, width: int, scheme: str) -> None:
    """Nothing sticks out sideways; texts stand out from what is behind them (WCAG 2.2, 1.4.3)."""
    browser.size(width, 900)
    browser.do("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    for place, report in (("", swept()), ("#c1", swept()), ("#c1-m1", swept()), ("#c1-m1", hostile("x" * 900))):
        shown(browser, tmp_path, report, place)
        assert browser.eval("document.documentElement.scrollWidth") <= width
        assert visible(browser, "#matrix", "id") == (["matrix"] if width > 1200 or not place else [])
        assert browser.eval(_FAINT) == []


_FAINT = """(() => {
  const rgb = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const shine = ([r, g, b]) => [r, g, b].map((part) => part / 255)
    .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, place) => sum + part * [0.2126, 0.7152, 0.0722][place], 0);
  const behind = (one) => {
    for (; one; one = one.parentElement) {
      const colour = rgb(getComputedStyle(one).backgroundColor);
      if (colour.length === 3) return colour;
    }
    return [255, 255, 255];
  };
  const faint = new Set();
  for (const one of document.querySelectorAll("body *")) {
    const says = [...one.childNodes].some((part) => part.nodeType === 3 && part.data.trim());
    if (!says || !one.checkVisibility() || one.closest("title, desc, script")) continue;
    const style = getComputedStyle(one);
    const ink = shine(rgb(one.matches("text") ? style.fill : style.color));
    const [low, high] = [ink, shine(behind(one))].sort((a, b) => a - b);
    if ((high + 0.05) / (low + 0.05) < 4.5) faint.add(one.outerHTML.slice(0, 120));
  }
  return [...faint];
})()"""
"""The elements whose text has a contrast of less than 4.5 to 1."""
