"""Draws the panels of the dashboard as SVG, in colours for light and dark pages."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field
from html import escape

COLUMNS, WIDTH, HEIGHT, GAP = 2, 400, 130, 78
LEFT, TOP = 62, 64
STEP_X = WIDTH + LEFT + 34
INK, FAINT = "#7a828e", "#a8b0bb"
FONT = 'font-family="system-ui, sans-serif" font-size="12"'
COLORS = ("#2f9e63", "#3b82c4", "#d9534f", "#c98a1b", "#8e6bbf", "#2aa3a3", "#b5578f", "#7d8b3a", "#5f7fd0", "#a8672f")
NAMED = {"green": COLORS[0], "blue": COLORS[1], "red": COLORS[2], "orange": COLORS[3], "purple": COLORS[4]}


@dataclass(frozen=True)
class Curve:
    """A named row of values over time; a missing value is a gap."""

    name: str
    points: list[tuple[float, float]]
    color: str = ""


@dataclass(frozen=True)
class Panel:
    """Curves over one axis, stacked or each from zero."""

    title: str
    unit: str
    curves: list[Curve]
    stacked: bool = False
    link: str = ""


@dataclass(frozen=True)
class Picture:
    """All panels over the same period, with marks for events."""

    title: str
    panels: list[Panel]
    begin: float
    end: float
    marks: list[tuple[float, float, str]] = field(default_factory=list)

    def svg(self) -> str:
        """Return the SVG file."""
        row = HEIGHT + GAP + 18
        height = TOP + math.ceil(len(self.panels) / COLUMNS) * row
        width = COLUMNS * STEP_X + 6
        out = [text(12, 24, self.title, "font-weight='600' font-size='14'")]
        for number, panel in enumerate(self.panels):
            out += self._panel(panel, LEFT + number % COLUMNS * STEP_X, TOP + number // COLUMNS * row, named=number < COLUMNS)
        head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" {FONT}>'
        return "\n".join([head, *out, "</svg>", ""])

    def _panel(self, panel: Panel, x: float, y: float, named: bool) -> list[str]:
        taken = {curve.color for curve in panel.curves}
        free = itertools.cycle(color for color in COLORS if color not in taken)
        curves = [Curve(curve.name, curve.points, curve.color or next(free)) for curve in panel.curves]
        layers = stacked(curves) if panel.stacked else [(curve, curve.points, None) for curve in curves]
        greatest = rounded_up(max((value for _, points, _ in layers for _, value in points), default=0.0))
        title = text(x, y - 8, panel.title, "font-weight='600'")
        out = [f'<a href="{escape(panel.link)}">{title}</a>' if panel.link else title]
        for begin, end, name in self.marks:
            left, right = self._x(begin, x), self._x(end, x)
            out.append(f'<rect x="{left:.1f}" y="{y}" width="{max(1.0, right - left):.1f}" height="{HEIGHT}" fill="{FAINT}" opacity="0.25"/>')
            if named:
                out.append(text((left + right) / 2, y + 11, name, "text-anchor='middle' font-size='9'"))
        for part in (0, 0.5, 1):
            level = y + HEIGHT * (1 - part)
            out.append(f'<path d="M{x} {level:.1f}h{WIDTH}" stroke="{FAINT}" stroke-width="{0.5 if part else 1}"/>')
            out.append(text(x - 6, level + 4, shown(greatest * part, panel.unit), "text-anchor='end' font-size='11'"))
        for curve, points, floor in reversed(layers):
            line = [(self._x(at, x), y + HEIGHT * (1 - value / greatest)) for at, value in points]
            if floor is not None and line:
                below = [(self._x(at, x), y + HEIGHT * (1 - value / greatest)) for at, value in floor]
                out.append(f'<polygon points="{pairs(line + below[::-1])}" fill="{curve.color}" opacity="0.3"/>')
            out.append(f'<polyline points="{pairs(line)}" fill="none" stroke="{curve.color}" stroke-width="1.5"/>')
        out.append(text(x, y + HEIGHT + 14, "0 s", "font-size='11'"))
        out.append(text(x + WIDTH, y + HEIGHT + 14, f"{self.end - self.begin:.0f} s", "text-anchor='end' font-size='11'"))
        return out + legend(curves, x, y + HEIGHT + 30)

    def _x(self, at: float, x: float) -> float:
        return x + WIDTH * (at - self.begin) / ((self.end - self.begin) or 1.0)


def stacked(curves: list[Curve]) -> list[tuple[Curve, list[tuple[float, float]], list[tuple[float, float]]]]:
    """Return each curve stacked on those before it, with its lower edge."""
    moments = sorted({at for curve in curves for at, _ in curve.points})
    floor = {at: 0.0 for at in moments}
    out = []
    for curve in curves:
        values = dict(curve.points)
        top = {at: floor[at] + values.get(at, 0.0) for at in moments}
        out.append((curve, sorted(top.items()), sorted(floor.items())))
        floor = top
    return out


def legend(curves: list[Curve], x: float, y: float) -> list[str]:
    """Return the names in their colours, in at most three lines."""
    out, at, line = [], x, 0
    for curve in curves:
        width = 22 + 6.3 * len(curve.name)
        if at + width > x + WIDTH + 20 and at > x:
            at, line = x, line + 1
        if line > 2:
            break
        out.append(f'<rect x="{at:.1f}" y="{y + 15 * line - 8:.1f}" width="10" height="8" rx="1" fill="{curve.color}"/>')
        out.append(text(at + 14, y + 15 * line, curve.name, "font-size='11'"))
        at += width
    return out


def rounded_up(value: float) -> float:
    """Return the next of 1, 2, 2.5, 5 times a power of ten, so that an axis ends at a round number."""
    if value <= 0 or not math.isfinite(value):
        return 1.0
    power = 10 ** math.floor(math.log10(value))
    return next(power * step for step in (1, 2, 2.5, 5, 10) if power * step >= value * 0.999)


def shown(value: float, unit: str) -> str:
    """Format a value for an axis."""
    if unit == "percentunit":
        return f"{value * 100:g} %"
    return f"{value:g}" + {"reqps": "/s", "ops": "/s", "ms": " ms"}.get(unit, "")


def pairs(points: list[tuple[float, float]]) -> str:
    """Format points for SVG."""
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def text(x: float, y: float, words: str, more: str = "") -> str:
    """A line of text."""
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{INK}" {more}>{escape(words)}</text>'
