"""An exported page with rows that lack a modality or a label, in a real browser."""

import pytest
from lab import PATIENCE
from lacking import BARE, GONE, N, space

import refnet_viz as rv

pytestmark = [pytest.mark.browser, pytest.mark.slow]

K = 5


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_a_page_draws_and_tells_what_is_lacking(browser, tmp_path, mode):
    spaces = {"plain": space("plain"), "both": space("both")}
    file = rv.export_html(
        spaces, tmp_path / "page.html", k=K, space="rna", mode=mode, layout="pca"
    )
    context, wrong = browser.new_context(), []
    page = context.new_page()
    page.set_default_timeout(PATIENCE * 1000)
    page.on("console", lambda message: wrong.append(message.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(file.as_uri())

    def pane():
        return page.locator(".rv-detail").inner_text()

    def search(words):
        page.get_by_placeholder("id, label, text …").fill(words)
        page.get_by_role("button", name="Select", exact=True).click()

    box = page.evaluate("refnetViz.scene.panels.map(({ box }) => Object.values(box))")
    assert all(number is not None and number == number for one in box for number in one)
    notes = page.locator(".rv-panel-notes").all_inner_texts()
    assert all(note.endswith("93 % have rna") for note in notes)
    caption = page.locator(".rv-strip").inner_text()
    assert f"{N} points, {len(BARE)} without a label, 93 % have rna" in caption

    page.get_by_role("button", name="select no label").click()
    assert f"{len(BARE)} selected" in pane()
    assert "NaN" not in page.locator(".rv-strip").inner_text()
    search("p7")  # and no other id has it as a word of its own
    page.get_by_role("button", name="Clear", exact=True).click()
    for kind in ("all", "kept", "gained", "lost"):
        page.get_by_label("Edges", exact=True).select_option(kind)
        pairs = page.evaluate(
            "refnetViz.scene.panels.flatMap((p) => p.data.edges.flatMap("
            "({ pairs }) => [...pairs]))"
        )
        assert not set(pairs) & set(GONE)
    search("p15")
    assert "has no rna" in pane().replace("\n", " ")
    assert "nearest" not in pane()
    assert "responsibility: rna" not in pane()
    for color in page.get_by_label("Colour by").locator("option").all_inner_texts():
        page.get_by_label("Colour by").select_option(label=color)
        assert "NaN" not in page.locator("#app").inner_text()
    assert wrong == []
    context.close()
