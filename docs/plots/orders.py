#!/usr/bin/env python3
"""Draws the errors that the order tests print, against spacing and against step.

    cargo test --test orders -- --nocapture | python3 docs/plots/orders.py

writes docs/plots/space.svg and docs/plots/time.svg. Nothing but Python is needed.
"""

import colorsys
import math
import sys
from pathlib import Path

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 900, 520, 70, 40, 400, 50


def rows(lines):
    """Name and errors, of each halving, of every line `ORDER space: name 1e-2 3e-3 … order …`."""
    for line in lines:
        if "ORDER " in line:
            left, _ = line.split("ORDER ", 1)[1].split("  order ")
            words = left.split()
            first = next(i for i, w in enumerate(words) if "e" in w and w[0].isdigit())
            yield words[0].rstrip(":"), " ".join(words[1:first]), [float(w) for w in words[first:]]


def draw(kind, what, data):
    low = math.floor(min(math.log10(e) for _, errors in data for e in errors))
    high = math.ceil(max(math.log10(e) for _, errors in data for e in errors))
    most = max(len(errors) for _, errors in data) - 1
    across, down = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def at(halvings, error):
        x = LEFT + across * (1 - halvings / most)
        return x, TOP + down * (high - math.log10(error)) / (high - low)

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="22" font-size="15">Mean error against {what} (dashed: order two)</text>',
    ]
    for power in range(low, high + 1):
        y = at(0, 10.0**power)[1]
        out.append(f'<path d="M{LEFT} {y:.1f}h{across}" stroke="#ddd"/>')
        out.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">1e{power}</text>')
    for halvings in range(most + 1):
        x = at(halvings, 10.0**low)[0]
        label = "1" if halvings == 0 else f"1/{2**halvings}"
        out.append(f'<path d="M{x:.1f} {TOP}v{down}" stroke="#ddd"/>')
        out.append(f'<text x="{x:.1f}" y="{TOP + down + 18}" text-anchor="middle">{label}</text>')
    out.append(f'<text x="{LEFT + across / 2}" y="{HEIGHT - 12}" text-anchor="middle">{what}, of the coarsest</text>')
    # Order two through the middle of the picture.
    middle = 10.0 ** (0.5 * (low + high))
    (x0, y0), (x1, y1) = at(0, middle), at(most, middle / 4.0**most)
    out.append(f'<path d="M{x0:.1f} {y0:.1f}L{x1:.1f} {y1:.1f}" stroke="black" stroke-dasharray="6 4" stroke-width="1.5"/>')
    step = min(18.0, down / len(data))
    for i, (name, errors) in enumerate(sorted(data, key=lambda d: -d[1][0])):
        rgb = colorsys.hls_to_rgb(i / len(data), 0.42, 0.65)
        colour = "#" + "".join(f"{round(255 * part):02x}" for part in rgb)
        points = [at(h, e) for h, e in enumerate(errors)]
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        out.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        out += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points]
        y = TOP + step * (i + 0.7)
        order = math.log2(errors[-2] / errors[-1])
        out.append(f'<circle cx="{WIDTH - RIGHT + 25}" cy="{y - 4:.1f}" r="4" fill="{colour}"/>')
        out.append(f'<text x="{WIDTH - RIGHT + 36}" y="{y:.1f}">{name}: {order:.2f}</text>')
    out.append("</svg>")
    (Path(__file__).parent / f"{kind}.svg").write_text("\n".join(out) + "\n")


def main():
    found = list(rows(sys.stdin))
    for kind, what in [("space", "spacing"), ("time", "step")]:
        data = [(name, errors) for k, name, errors in found if k == kind]
        if not data:
            sys.exit(f"no line `ORDER {kind}: …`: run the tests with --nocapture")
        draw(kind, what, data)
        print(f"docs/plots/{kind}.svg: {len(data)} tests")


if __name__ == "__main__":
    main()
