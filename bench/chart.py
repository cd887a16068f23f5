"""SVG charts, written by hand: horizontal bars, and lines over time. Colours hold on a light and on a dark page."""

from dataclasses import dataclass
from html import escape

FONT = 'font-family="system-ui, sans-serif" font-size="13"'
INK, PALE = "#7a828e", "#b6bcc6"


@dataclass(frozen=True)
class Bar:
    """One bar: its name, its length and what is written behind it."""

    name: str
    value: float
    label: str
    color: str


def bars(title: str, rows: list[Bar], note: str) -> str:
    """Bars from one common zero."""
    left, width, step, top = 330, 520, 26, 52
    longest = max(row.value for row in rows)
    height = top + step * len(rows) + 34
    out = [text(12, 26, title, "font-weight='600'")]
    for number, row in enumerate(rows):
        y = top + step * number
        length = max(1.0, width * row.value / longest)
        out.append(text(left - 10, y + 14, row.name, "text-anchor='end'"))
        out.append(f'<rect x="{left}" y="{y}" width="{length:.1f}" height="19" rx="2" fill="{row.color}"/>')
        out.append(text(left + length + 8, y + 14, row.label))
    out.append(text(12, height - 12, note, "font-size='11'"))
    return document(left + width + 130, height, out)


@dataclass(frozen=True)
class Line:
    """A curve with its own scale from 0 to `top`, drawn in a panel of its own."""

    title: str
    points: list[tuple[float, float]]
    unit: str
    color: str


@dataclass(frozen=True)
class Span:
    """A stretch of time that is shaded in all panels."""

    begin: float
    end: float
    name: str


def panels(title: str, lines: list[Line], spans: list[Span], unit: str) -> str:
    """Curves over the same axis, one below the other, all from zero."""
    left, width, panel, gap, top = 90, 760, 120, 46, 60
    end = max(point[0] for line in lines for point in line.points) or 1.0
    height = top + len(lines) * (panel + gap) + 14
    out = [text(12, 26, title, "font-weight='600'")]
    for number, line in enumerate(lines):
        y = top + number * (panel + gap)
        greatest = max(value for _, value in line.points) * 1.15 or 1.0
        out += [shade(span, left, width, y, panel, end, named=number == 0) for span in spans]
        out.append(f'<path d="M{left} {y}V{y + panel}H{left + width}" fill="none" stroke="{INK}"/>')
        out.append(text(left, y - 6, line.title))
        out += [text(left - 8, y + 4, f"{greatest:,.0f}", "text-anchor='end'"), text(left - 8, y + panel, f"0 {line.unit}", "text-anchor='end'")]
        path = " ".join(f"{left + width * at / end:.1f},{y + panel - panel * value / greatest:.1f}" for at, value in line.points)
        out.append(f'<polyline points="{path}" fill="none" stroke="{line.color}" stroke-width="2"/>')
        out.append(text(left + width, y + panel + 16, f"{end:,.0f} {unit}", "text-anchor='end'"))
    return document(left + width + 30, height, out)


def shade(span: Span, left: int, width: int, y: int, panel: int, end: float, named: bool) -> str:
    """One stretch in one panel, with its name as a tooltip."""
    x, length = left + width * span.begin / end, max(1.0, width * (span.end - span.begin) / end)
    rect = f'<rect x="{x:.1f}" y="{y}" width="{length:.1f}" height="{panel}" fill="{PALE}" opacity="0.35"><title>{escape(span.name)}</title></rect>'
    return rect + (text(x + 2, y + 11, span.name, "font-size='9'") if named else "")


def text(x: float, y: float, words: str, more: str = "") -> str:
    """A line of text."""
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{INK}" {more}>{escape(words)}</text>'


def document(width: int, height: int, content: list[str]) -> str:
    """The file."""
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" {FONT}>'
    return "\n".join([head, *content, "</svg>", ""])
