"""The training form in JupyterLab, driven by a real browser."""

import json

import pytest
from lab import PATIENCE, PICTURES, Notebook, chrome, server, write_notebook
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]

BLUE = "rgb(0, 114, 178)"
HOSTILE = "<img src=x onerror=window.hacked=1>"
FORM = """
import anywidget, ipywidgets as W, json, pathlib, refnet_viz as rv
from refnet_viz.explorer.scripts import style
from refnet_viz.widgets.training import Training

class Style(anywidget.AnyWidget):
    _esm = "export default { render() {} }"
    _css = style()

form, runs = Training(rv.data.emoji(), names=["both"]), []
form.on_run(runs.append)
box = W.VBox([Style(), form])
box.add_class("rv-explorer"), box.add_class("rv-light")
box
"""
TOLD = """
told = [{"name": run.manifest["variant"], "stopped": run.manifest["stopped"],
         "best": run.best_epoch, "epochs": run.epochs, "length": len(run.history),
         "scores": run.history["val_score"].tolist()} for run in runs]
pathlib.Path("runs.json").write_text(json.dumps(told))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("lab")


@pytest.fixture
def page(folder):
    with chrome() as browser, server(folder) as address:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(PATIENCE * 1000)
        write_notebook(folder / "form.ipynb", [FORM])
        notebook = Notebook(page, address, "form.ipynb")
        notebook.command("application:toggle-left-area")
        notebook.command("notebook:run-all-cells")
        page.locator(".rv-training").wait_for()
        yield notebook


def drawn(page):
    """Return how many points each curve has."""
    return page.locator("path.rv-curve").evaluate_all(
        "paths => paths.map(path => path.getAttribute('d').split(/[ML]/).length - 1)"
    )


def wait_points(page, count):
    page.wait_for_function(
        "count => [...document.querySelectorAll('path.rv-curve')]"
        ".some(path => path.getAttribute('d').split(/[ML]/).length > count)",
        arg=count,
    )


def told(notebook, folder):
    notebook.run(TOLD)
    return json.loads((folder / "runs.json").read_text("utf-8"))


def fill(page, name, value):
    box = page.locator(f".rv-train-{name} input")
    box.fill(value)
    box.press("Enter")


def test_a_run_is_trained_watched_and_stopped(page, folder):
    notebook, page = page, page.page
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    train = page.get_by_role("button", name="Train", exact=True)
    stop = page.get_by_role("button", name="Stop", exact=True)
    status = page.locator(".rv-status")
    expect(stop).to_be_disabled()
    expect(page.locator(".rv-curves")).to_be_hidden()
    page.locator(".rv-explorer").screenshot(path=PICTURES / "training-form.png")
    trains_and_draws(notebook, folder, train, status)
    reads_by_keyboard(page)
    starts_from_the_present_after_a_reload(notebook)
    stops(notebook, folder, train, stop)
    fits_narrow_and_dark(page)
    assert page.evaluate("() => typeof window.hacked") == "undefined"
    assert not [address for address in requests if address.endswith("/x")]
    assert notebook.errors() == []


def trains_and_draws(notebook, folder, train, status):
    page = notebook.page
    fill(page, "epochs", "12")
    expect(page.locator(".rv-train-name input")).to_have_value("both, 12 epochs")
    page.get_by_label("Keep epochs").check()
    train.click()
    expect(status).to_contain_text("starting the training process …")
    expect(page.locator(".rv-train-epochs input")).to_be_disabled()
    wait_points(page, 1)
    before = drawn(page)
    wait_points(page, before[0] + 1)
    expect(status).to_contain_text("is trained: best epoch")
    expect(train).to_be_enabled()
    train.hover()  # whatever the style around it does to buttons, it can be read
    assert train.evaluate("b => getComputedStyle(b).backgroundColor") == BLUE
    assert train.evaluate("b => getComputedStyle(b).color") == "rgb(255, 255, 255)"
    assert drawn(page) == [12] * 5
    assert page.locator("path.rv-curve-kept").count() == 5
    assert page.locator("line.rv-curve-level").count() == 4  # no null of contrastive
    (run,) = told(notebook, folder)
    assert (run["name"], run["stopped"]) == ("both, 12 epochs", False)
    assert run["epochs"] == list(range(12))
    charts = page.locator(".rv-curve-chart")
    for chart, words in zip(charts.all(), ("task", "accuracy"), strict=True):
        label = chart.get_attribute("aria-label")
        assert f"epoch 12 of 12: {words} 0." in label
    page.locator(".rv-explorer").screenshot(path=PICTURES / "training-light.png")


def reads_by_keyboard(page):
    head = page.locator(".rv-curve-head")
    value = page.locator(".rv-curve-value").first
    expect(head).to_have_text("epoch 12 of 12")
    last = value.inner_text()
    page.locator(".rv-curve-chart").first.focus()
    page.keyboard.press("Home")
    expect(head).to_have_text("epoch 1 of 12")
    assert float(value.inner_text()) > float(last)
    page.keyboard.press("ArrowRight")
    expect(head).to_have_text("epoch 2 of 12")
    assert page.locator("line.rv-curve-read").count() == 2  # in both charts
    page.keyboard.press("Tab")
    expect(head).to_have_text("epoch 12 of 12")
    box = page.locator(".rv-curve-chart").nth(1).bounding_box()
    second = 40 + (box["width"] - 52) / 11  # the margins of the chart
    page.mouse.move(box["x"] + second, box["y"] + 60)
    expect(head).to_have_text("epoch 2 of 12")
    page.mouse.move(0, 0)
    expect(head).to_have_text("epoch 12 of 12")


def starts_from_the_present_after_a_reload(notebook):
    notebook.command("docmanager:save")
    notebook.open()
    notebook.command("application:toggle-left-area")
    wait_points(notebook.page, 11)
    assert drawn(notebook.page) == [12] * 5


def stops(notebook, folder, train, stop):
    page = notebook.page
    fill(page, "name", HOSTILE)
    fill(page, "epochs", "900")
    train.click()
    page.wait_for_function(
        "() => /^epoch [4-9]/.test(document.querySelector('.rv-status').textContent)"
    )
    stop.click()
    expect(stop).to_be_disabled()
    status = page.locator(".rv-status")
    expect(status).to_contain_text(f"“{HOSTILE}” is trained: best epoch")
    expect(status).to_contain_text("stopped before 900")
    run = told(notebook, folder)[1]
    assert (run["name"], run["stopped"]) == (HOSTILE, True)
    assert 4 <= run["length"] < 60
    assert run["scores"][run["best"]] == max(run["scores"])
    expect(train).to_be_enabled()
    expect(page.locator(".rv-train-name input")).to_have_value("both, 900 epochs")


def fits_narrow_and_dark(page):
    """Look the same in the dark, and break where the width ends."""
    for width in (1440, 900, 560):
        page.set_viewport_size({"width": width, "height": 1000})
        for mode, other in (("dark", "light"), ("light", "dark")):
            page.evaluate(
                f"() => document.querySelector('.rv-explorer')"
                f".classList.replace('rv-{other}', 'rv-{mode}')"
            )
            name = f"training-{mode}-{width}.png"
            page.locator(".rv-explorer").screenshot(path=PICTURES / name)
        card = page.locator(".rv-explorer").bounding_box()
        for part in (".rv-curve-chart", ".rv-curve-item", ".rv-control", ".rv-status"):
            for one in page.locator(part).all():
                if not one.is_visible():
                    continue  # labels, of which there is one choice
                box = one.bounding_box()
                assert box["x"] >= card["x"], part
                assert box["x"] + box["width"] <= card["x"] + card["width"], part
        left, right = (
            chart.bounding_box() for chart in page.locator(".rv-curve-chart").all()
        )
        if width > 560:  # side by side, their axes on one line
            assert left["y"] == right["y"]
            assert left["width"] == pytest.approx(right["width"], abs=1)
        else:
            assert right["y"] > left["y"] + left["height"]
