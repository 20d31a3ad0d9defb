# SPDX-License-Identifier: LGPL-2.1-or-later
"""Draws what evaluate.py found: a row a length, a column a depth.

python3 picture.py results.json found.svg
"""

import json
import sys

CELL, HEIGHT, LEFT, TOP = 62, 40, 150, 64


def colour(share):
    """From red over yellow to green, light enough for black digits."""
    red, yellow, green = (222, 94, 84), (240, 208, 96), (112, 190, 116)
    a, b, part = (red, yellow, share * 2) if share < 0.5 else (yellow, green, share * 2 - 1)
    return "#" + "".join(f"{round(x + (y - x) * part):02x}" for x, y in zip(a, b))


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        found = json.load(file)
    texts = found["texts"]
    depths = 1 + max(f["depth"] for t in texts for f in t["facts"])
    width, height = LEFT + depths * CELL + 20, TOP + len(texts) * HEIGHT + 44
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
             'font-family="sans-serif" font-size="14">',
             f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
             f'<text x="{LEFT}" y="22" font-size="16">Facts found, of {found["count"]} around each depth</text>']
    for d in range(depths):
        parts.append(f'<text x="{LEFT + (d + 0.5) * CELL}" y="{TOP - 10}" text-anchor="middle">{(d + 0.5) / depths:.0%}</text>')
    for row, text in enumerate(texts):
        y = TOP + row * HEIGHT
        parts.append(f'<text x="{LEFT - 12}" y="{y + HEIGHT / 2 + 5}" text-anchor="end">{text["tokens"]:,} tokens</text>')
        for d in range(depths):
            facts = [f["found"] for f in text["facts"] if f["depth"] == d]
            x = LEFT + d * CELL
            parts.append(f'<rect x="{x + 1}" y="{y + 1}" width="{CELL - 2}" height="{HEIGHT - 2}" fill="{colour(sum(facts) / len(facts))}"/>')
            parts.append(f'<text x="{x + CELL / 2}" y="{y + HEIGHT / 2 + 5}" text-anchor="middle">{sum(facts)}</text>')
    parts.append(f'<text x="{LEFT}" y="{height - 16}">depth: from the beginning of the text to the question at its end</text>')
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        file.write("\n".join(parts + ["</svg>"]) + "\n")


if __name__ == "__main__":
    main()
