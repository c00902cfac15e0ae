"""Plots as SVG, written by hand: lines on logarithmic axes, stacked bars."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

COLOURS = ("#0b6e4f", "#c1440e", "#6a5acd", "#b8860b", "#1f77b4", "#8b3a62", "#708238", "#5f6b73")
WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 70, 170, 40, 50


@dataclass(frozen=True)
class Line:
    """A named row of points (x, y), both positive."""

    name: str
    points: list[tuple[float, float]]
    dashed: bool = False


def _text(x: float, y: float, text: str, anchor: str = "middle", extra: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{extra}>{escape(text)}</text>'


def _svg(title: str, body: Sequence[str], height: int = HEIGHT) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'font-family="Helvetica, Arial, sans-serif" font-size="12" fill="#222">'
    )
    frame = f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>'
    name = _text(LEFT, 22, title, "start", ' font-size="14" font-weight="bold"')
    return "\n".join([head, f"<title>{escape(title)}</title>", frame, name, *body, "</svg>"]) + "\n"


def short(value: float) -> str:
    """1000 -> 1k, 0.010 -> 0.01."""
    return f"{value / 1000:g}k" if value >= 1000 else f"{value:g}"


def log_plot(title: str, y_name: str, lines: Sequence[Line]) -> str:
    """Lines on two logarithmic axes."""
    xs = [x for line in lines for x, _ in line.points]
    ys = [y for line in lines for _, y in line.points]
    low_x, high_x = math.log10(min(xs)), math.log10(max(xs))
    low_y, high_y = math.floor(math.log10(min(ys))), math.ceil(math.log10(max(ys)))
    wide, tall = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def at(x: float, y: float) -> tuple[float, float]:
        across = (math.log10(x) - low_x) / max(high_x - low_x, 1e-9)
        up = (math.log10(y) - low_y) / max(high_y - low_y, 1)
        return LEFT + across * wide, TOP + (1 - up) * tall

    body = []
    for power in range(low_y, high_y + 1):
        y = at(min(xs), 10**power)[1]
        body.append(
            f'<line x1="{LEFT}" x2="{LEFT + wide}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>'
        )
        body.append(_text(LEFT - 8, y + 4, short(10.0**power), "end"))
    for x in sorted(set(xs)):
        body.append(_text(at(x, ys[0])[0], TOP + tall + 18, short(x)))
    body.append(_text(LEFT + wide / 2, HEIGHT - 10, "sentences on each side"))
    across = f' transform="rotate(-90 16 {TOP + tall / 2:.1f})"'
    body.append(_text(16, TOP + tall / 2, y_name, "middle", across))
    for number, line in enumerate(lines):
        colour = COLOURS[number % len(COLOURS)]
        dash = ' stroke-dasharray="5 4"' if line.dashed else ""
        places = [at(*point) for point in sorted(line.points)]
        track = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        body.append(
            f'<polyline points="{track}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>'
        )
        body += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
        y = TOP + 10 + 20 * number
        x = LEFT + wide + 14
        body.append(
            f'<line x1="{x}" x2="{x + 18}" y1="{y}" y2="{y}" stroke="{colour}" '
            f'stroke-width="2"{dash}/>'
        )
        body.append(_text(x + 24, y + 4, line.name, "start"))
    return _svg(title, body)


def bars(title: str, rows: Sequence[tuple[str, dict[str, float]]]) -> str:
    """Each row's parts as shares of its whole, one bar a row."""
    names = list(dict.fromkeys(name for _, parts in rows for name in parts))
    step, left, wide = 34, 150, WIDTH - 150 - 20
    body = []
    for number, (label, parts) in enumerate(rows):
        x, y = float(left), TOP + step * number
        body.append(_text(left - 8, y + 16, label, "end"))
        whole = sum(parts.values())
        for name, value in parts.items():
            size = value / whole * wide
            colour = COLOURS[names.index(name) % len(COLOURS)]
            shade = 0.55 if names.index(name) >= len(COLOURS) else 1
            body.append(
                f'<rect x="{x:.1f}" y="{y}" width="{size:.1f}" height="24" fill="{colour}" '
                f'fill-opacity="{shade}" stroke="#fff"/>'
            )
            if size > 34:
                share = f"{100 * value / whole:.0f} %"
                body.append(_text(x + size / 2, y + 16, share, "middle", ' fill="#fff"'))
            x += size
    across, down = left, TOP + step * len(rows) + 14
    for index, name in enumerate(names):
        if across > WIDTH - 130:
            across, down = left, down + 20
        shade = 0.55 if index >= len(COLOURS) else 1
        body.append(
            f'<rect x="{across}" y="{down - 10}" width="12" height="12" '
            f'fill="{COLOURS[index % len(COLOURS)]}" fill-opacity="{shade}"/>'
        )
        body.append(_text(across + 17, down, name, "start"))
        across += 30 + 7 * len(name)
    return _svg(title, body, down + 20)


@dataclass(frozen=True)
class Dots:
    """A named row of points (x, y, weight), x and y 0..1."""

    name: str
    points: list[tuple[float, float, int]]


def reliability(title: str, rows: Sequence[Dots]) -> str:
    """What was promised against what came true; larger dots stand for more pairs."""
    size = HEIGHT - TOP - BOTTOM
    body = [
        f'<rect x="{LEFT}" y="{TOP}" width="{size}" height="{size}" fill="none" stroke="#bbb"/>',
        f'<line x1="{LEFT}" y1="{TOP + size}" x2="{LEFT + size}" y2="{TOP}" stroke="#bbb"/>',
    ]
    for tenth in (0, 2, 4, 6, 8, 10):
        place = size * tenth / 10
        body.append(_text(LEFT + place, TOP + size + 18, f"{tenth / 10:g}"))
        body.append(_text(LEFT - 8, TOP + size - place + 4, f"{tenth / 10:g}", "end"))
    body.append(_text(LEFT + size / 2, HEIGHT - 10, "probability that was given"))
    across = f' transform="rotate(-90 16 {TOP + size / 2:.1f})"'
    body.append(_text(16, TOP + size / 2, "share that was right", "middle", across))
    for number, row in enumerate(rows):
        colour = COLOURS[number % len(COLOURS)]
        for x, y, weight in row.points:
            radius = 1.5 + math.log10(max(weight, 1)) * 2
            body.append(
                f'<circle cx="{LEFT + x * size:.1f}" cy="{TOP + (1 - y) * size:.1f}" '
                f'r="{radius:.1f}" fill="{colour}" fill-opacity="0.75"/>'
            )
        x_key, y_key = LEFT + size + 24, TOP + 14 + 22 * number
        body.append(f'<circle cx="{x_key}" cy="{y_key}" r="5" fill="{colour}"/>')
        body.append(_text(x_key + 12, y_key + 4, row.name, "start"))
    return _svg(title, body)
