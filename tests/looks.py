"""Where the parts of a page lie, and what of it one could not read or name."""

from pathlib import Path

SCRIPT = Path(__file__).with_suffix(".js").read_text("utf-8")


def look(page, name):
    """Return what a function of looks.js finds: boxes, cut, pale, moving or told."""
    return page.evaluate(f"() => {{ {SCRIPT} return {name}(); }}")


def nameless(page):
    """Return how many nodes can have the focus, and those that have no name."""
    session = page.context.new_cdp_session(page)
    session.send("DOM.enable")
    root = session.send("DOM.getDocument")["root"]["nodeId"]
    explorer = session.send(
        "DOM.querySelector", {"nodeId": root, "selector": ".rv-explorer"}
    )
    described = session.send(
        "DOM.describeNode", {"nodeId": explorer["nodeId"], "depth": -1}
    )
    inside = dict(_below(described["node"]))
    seen, found = 0, []
    for node in session.send("Accessibility.getFullAXTree")["nodes"]:
        told = {entry["name"]: entry["value"] for entry in node.get("properties", ())}
        known = node.get("backendDOMNodeId") in inside
        if node["ignored"] or not known or not told.get("focusable", {}).get("value"):
            continue
        seen += 1
        if not node.get("name", {}).get("value", "").strip():
            found.append((node["role"]["value"], inside[node["backendDOMNodeId"]]))
    return seen, found


def _below(node):
    yield node["backendNodeId"], " ".join(node.get("attributes", ()))
    for child in node.get("children", ()):
        yield from _below(child)


def overlaps(boxes, prefixes):
    """Return pairs of parts that share more than a pixel."""
    names = [name for name in boxes if name.startswith(prefixes)]
    found = []
    for i, one in enumerate(names):
        for other in names[i + 1 :]:
            (x, y, w, h), (X, Y, W, H) = boxes[one], boxes[other]
            wide = min(x + w, X + W) - max(x, X)
            high = min(y + h, Y + H) - max(y, Y)
            if wide > 1 and high > 1:
                found.append((one, other))
    return found


def outside(boxes):
    """Return the parts that leave the explorer."""
    _, _, wide, high = boxes["explorer"]
    return [
        name
        for name, (x, y, w, h) in boxes.items()
        if x < -1 or y < -1 or x + w > wide + 1 or y + h > high + 1
    ]


def differences(boxes, known, reach):
    """Return the parts that are new, gone, or elsewhere by more than some pixels."""
    found = [f"{name}: new" for name in boxes if name not in known]
    found += [f"{name}: gone" for name in known if name not in boxes]
    for name in boxes.keys() & known.keys():
        pairs = zip(boxes[name], known[name], strict=True)
        if max(abs(now - then) for now, then in pairs) > reach:
            found.append(f"{name}: {boxes[name]} instead of {known[name]}")
    return sorted(found)
