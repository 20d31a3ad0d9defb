# SPDX-License-Identifier: LGPL-2.1-or-later
"""The sentence that tells a scene, and what a sentence says of one."""

PATTERNS = {
    "smpte": "The picture shows SMPTE colour bars.",
    "snow": "The picture shows television snow.",
    "checkers": "The picture shows a checkerboard.",
    "circular": "The picture shows concentric rings.",
    "zone-plate": "The picture shows a zone plate.",
    "gradient": "The picture shows a gradient from black to white.",
    "ball": "A white ball bounces on a black background.",
}
BALL_STILL = "The picture shows a white ball on a black background."


def sentence(scene, frames):
    if scene.kind == "plain":
        return f"The picture is plain {scene.background}."
    if scene.kind != "things":
        return BALL_STILL if scene.kind == "ball" and frames == 1 else PATTERNS[scene.kind]
    parts = []
    for t in scene.things:
        text = f"{'an' if t.colour == 'orange' else 'a'} {t.colour} {t.shape}"
        if frames > 1:
            text += " stands still" if t.motion == "still" else f" moves {t.motion}"
        parts.append(text)
    text = " and ".join(parts) + f" on a{'n' if scene.background == 'orange' else ''} {scene.background} background."
    return text[0].upper() + text[1:] if frames > 1 else f"The picture shows {text}"


def facts(text):
    """What a sentence says, as a dictionary with the keys kind, background, things {(colour): (shape, motion)}."""
    words = text.rstrip(".").lower().split()
    for kind, known in PATTERNS.items():
        if text in (known, BALL_STILL) and (text == known or kind == "ball"):
            return {"kind": kind}
    if words[:4] == ["the", "picture", "is", "plain"] and len(words) == 5:
        return {"kind": "plain", "background": words[4]}
    if words[:3] == ["the", "picture", "shows"]:
        words = words[3:]
    if len(words) < 5 or words[-1] != "background" or "on" not in words:
        return {"kind": "unknown"}
    at = len(words) - 1 - words[::-1].index("on")
    things = {}
    for part in " ".join(words[:at]).split(" and "):
        p = part.split()
        if len(p) < 3:
            return {"kind": "unknown"}
        things[p[1]] = (p[2], p[-1] if len(p) > 3 else "")
    return {"kind": "things", "background": words[-2], "things": things}
