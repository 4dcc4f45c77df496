"""Geometry of the stage Sankey: where bars and ribbons lie, in pixels, and nothing about colour.

Plotly's own Sankey can neither hatch a ribbon nor lay one world over another, so ribbons are
plain outlines. Each gap between two stages has its own scale (tonnes of different goods do not
add up): its flows in the comparison world fill the same height in every gap.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

Outline = tuple[list[float], list[float]]
_CURVE = 0.5 - 0.5 * np.cos(np.linspace(0, np.pi, 24))


@dataclass(frozen=True)
class Flow:
    """One ribbon's tonnes: in the scenario, in the comparison, and blocked by licences."""

    gap: int
    origin: str
    destination: str
    scenario_t: float
    comparison_t: float
    blocked_t: float = 0.0

    @property
    def slot_t(self) -> float:
        """Tonnes the ribbon keeps room for: the larger of the two worlds."""
        return max(self.scenario_t, self.comparison_t)


@dataclass(frozen=True)
class Ribbon:
    """Outlines of one flow in pixels: the ghost, the scenario on it, the blocked part below."""

    flow: Flow
    ghost: Outline
    scenario: Outline
    blocked: Outline | None


@dataclass
class Bar:
    """One economy (or group) at one stage; edges in pixels, ``y`` grows downwards."""

    column: int
    name: str
    top: float = 0.0
    bottom: float = 0.0
    scenario_t: float = 0.0
    comparison_t: float = 0.0


@dataclass
class Plan:
    """The whole drawing: bars by (column, name), ribbons back to front, size in pixels."""

    bars: dict[tuple[int, str], Bar] = field(default_factory=dict)
    ribbons: list[Ribbon] = field(default_factory=list)
    height: float = 0.0


def layout(
    flows: list[Flow], order: list[str], columns: int, width: float, *,
    full_px: float = 300.0, gap_px: float = 16.0, least_px: float = 24.0, bar_px: float = 14.0,
) -> Plan:  # fmt: skip
    """Place bars and ribbons for ``columns`` stages over ``width`` pixels.

    ``order`` is the order of economies from top to bottom; ``full_px`` is the height of all
    flows of a gap together, ``least_px`` the room each bar's label needs.
    """
    scales = _scales(flows, columns - 1, full_px)
    plan = Plan(bars=_bars(flows, order, columns, scales, gap_px, least_px))
    plan.height = max(
        (max(bar.bottom, (bar.top + bar.bottom + least_px) / 2) for bar in plan.bars.values()),
        default=0.0,
    )
    lefts = [i * (width - bar_px) / max(columns - 1, 1) for i in range(columns)]
    out_at = {key: bar.top for key, bar in plan.bars.items()}
    in_at = dict(out_at)
    rank = {name: i for i, name in enumerate(order)}
    for flow in sorted(flows, key=lambda f: (f.gap, rank[f.origin], rank[f.destination])):
        start, stop = (flow.gap, flow.origin), (flow.gap + 1, flow.destination)
        scale = scales[flow.gap]
        ends = (lefts[flow.gap] + bar_px, out_at[start], lefts[flow.gap + 1], in_at[stop])
        plan.ribbons.append(_ribbon(flow, ends, scale))
        out_at[start] += flow.slot_t * scale
        in_at[stop] += flow.slot_t * scale
    return plan


def _scales(flows: list[Flow], gaps: int, full_px: float) -> list[float]:
    totals = [sum(f.slot_t for f in flows if f.gap == gap) for gap in range(gaps)]
    return [full_px / total if total > 0 else 0.0 for total in totals]


def _bars(
    flows: list[Flow], order: list[str], columns: int, scales: list[float], gap_px: float,
    least_px: float,
) -> dict[tuple[int, str], Bar]:  # fmt: skip
    out: dict[tuple[int, str], list[Flow]] = {}
    into: dict[tuple[int, str], list[Flow]] = {}
    for flow in flows:
        out.setdefault((flow.gap, flow.origin), []).append(flow)
        into.setdefault((flow.gap + 1, flow.destination), []).append(flow)
    bars = {}
    for column in range(columns):
        y = 0.0
        for name in order:
            key = (column, name)
            side = out.get(key) or into.get(key)
            if side:
                tall = max(_tall(out.get(key), scales), _tall(into.get(key), scales))
                bars[key] = Bar(
                    column, name, y, y + tall,
                    sum(f.scenario_t for f in side), sum(f.comparison_t for f in side),
                )  # fmt: skip
                y += max(tall + gap_px, least_px)
    return bars


def _tall(flows: list[Flow] | None, scales: list[float]) -> float:
    """Height in pixels of one side of a bar."""
    return sum(flow.slot_t * scales[flow.gap] for flow in flows or ())


def _ribbon(flow: Flow, ends: tuple[float, float, float, float], scale: float) -> Ribbon:
    x0, y0, x1, y1 = ends
    kept, ghost = flow.scenario_t * scale, flow.comparison_t * scale
    blocked = min(flow.blocked_t, max(flow.comparison_t - flow.scenario_t, 0.0)) * scale
    return Ribbon(
        flow,
        _outline(x0, y0, x1, y1, 0.0, ghost),
        _outline(x0, y0, x1, y1, 0.0, kept),
        _outline(x0, y0, x1, y1, kept, kept + blocked) if blocked > 0 else None,
    )


def _outline(x0: float, y0: float, x1: float, y1: float, low: float, high: float) -> Outline:
    """A smooth band from (x0, y0) to (x1, y1) between two offsets below that line, pixels."""
    x = x0 + (x1 - x0) * np.linspace(0, 1, len(_CURVE))
    y = y0 + (y1 - y0) * _CURVE
    xs = [*x.tolist(), *x[::-1].tolist()]
    ys = [*(y + low).tolist(), *(y[::-1] + high).tolist()]
    return [round(v, 1) for v in xs], [round(v, 1) for v in ys]
