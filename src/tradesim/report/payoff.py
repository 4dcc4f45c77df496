"""The page of a matrix: heat maps, equilibria in words, what is only noise, where payoffs stem."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from tradesim.analysis.games import noise
from tradesim.analysis.games.cells import NONE, Player
from tradesim.analysis.games.matrix import SIDES, Side
from tradesim.analysis.games.outcome import Outcome
from tradesim.record.sums import UTILITY
from tradesim.report import figures_payoff, labels, text_payoff, words
from tradesim.report.figures_payoff import BEST, NASH, billions, millions
from tradesim.report.page import document
from tradesim.report.sections import Card, Section

Row = Sequence[str]


def write_page(outcome: Outcome, manifest: dict[str, Any], folder: Path) -> None:
    """Write ``report.html`` into ``folder``."""
    page = payoff_page(outcome, manifest)
    (folder / "report.html").write_text(page, encoding="utf-8")


def payoff_page(outcome: Outcome, manifest: dict[str, Any]) -> str:
    """The whole page as HTML (self-contained, text of at least 18 px)."""
    sections = [
        matrix_section(outcome), equilibrium_section(outcome), noise_section(outcome),
        terms_section(outcome), option_section(outcome), again_section(outcome, manifest),
    ]  # fmt: skip
    title = f"Payoff matrix: {_who(outcome)}"
    return document(f"{title} – tradesim", "en", _header(outcome, title), sections)


def _who(outcome: Outcome) -> str:
    return " and ".join(labels.economy(outcome.players[side]) for side in SIDES)


def _header(outcome: Outcome, title: str) -> str:
    plan = outcome.plan
    scenario = plan.base.scenario
    return (
        f"<h1>{escape(title)}</h1><p class='story'>World: {escape(scenario.title)} "
        f"(<code>{escape(scenario.name)}</code>), {scenario.weeks} weeks from {scenario.start}; "
        f"packages announced on {plan.on}; {labels.count(outcome.sample.seeds, 'seed')}, the same "
        "in every cell.</p>"
        f"<p class='finding'>{escape(text_payoff.finding(outcome))}</p>"
    )


def matrix_section(outcome: Outcome) -> Section:
    """Both heat maps, and how to read them."""
    idle = [labels.economy(outcome.players[side]) for side in SIDES
            if NONE not in outcome.sample.game.options(side)]  # fmt: skip
    intro = (
        f"<p>{text_payoff.CELLS}</p><p>{labels.economy(outcome.players['row'])} chooses the row, "
        f"{labels.economy(outcome.players['column'])} the column. The darker, the higher the cell "
        f"ranks for the player of the map. {BEST}: its best response to what the other does. "
        f"{NASH} in a frame: both play a best response, an equilibrium in pure options.</p>"
    )
    if idle:
        intro += f"<p class='note'>{text_payoff.NO_NONE.format(who=' and '.join(idle))}</p>"
    groups = tuple((_card(outcome, side),) for side in SIDES)
    return Section("matrix", "The matrix", intro, groups, short="Matrix")


def _card(outcome: Outcome, side: Side) -> Card:
    game = outcome.sample.game
    usd = game.row_usd if side == "row" else game.column_usd
    best, worst = (np.unravel_index(int(at), usd.shape) for at in (usd.argmax(), usd.argmin()))
    names = [f"{game.row_options[i]} | {game.column_options[j]}" for i, j in (best, worst)]
    caption = (
        f"{labels.economy(outcome.players[side])}: best in {names[0]} ({billions(usd[best])}), "
        f"worst in {names[1]} ({billions(usd[worst])}), billion USD."
    )
    figure = figures_payoff.heat_map(outcome, side)
    return Card(f"payoff_{outcome.players[side]}", outcome.players[side], figure, caption)


def equilibrium_section(outcome: Outcome) -> Section:
    """Equilibria, leaders and dominated options in words."""
    told = [text_payoff.equilibrium(outcome, profile) for profile in outcome.profiles]
    leads = [text_payoff.commitment(outcome, found) for found in outcome.commitments]
    worse = text_payoff.dominance(outcome)
    body = (
        f"{_list(told)}<p>{text_payoff.SEGMENTS}</p>"
        f"<h3>With one side first</h3>{_list(leads)}"
        f"<h3>Dominated options</h3>{_list(worse) if worse else '<p>None.</p>'}"
    )
    return Section("equilibria", "Equilibria", body, short="Equilibria")


def noise_section(outcome: Outcome) -> Section:
    """Payoffs with their intervals and the contrasts that decide best responses."""
    level = f"{noise.LEVEL:.0%}"
    rows = [
        (labels.economy(outcome.players[c.side]), _code(c.given), _code(c.option), _code(c.best),
         _between(c.mean_usd, c.low_usd, c.high_usd, millions),
         "clear" if c.clear else "<b>noise</b>")
        for c in outcome.contrasts
    ]  # fmt: skip
    heads = ("Player", "The other plays", "Option", "Best response",
             f"Option less best, million USD [{level}]", "Told apart")  # fmt: skip
    intro = f"<p>{escape(text_payoff.clear_contrasts(outcome.contrasts))}</p>"
    cells = _details("The mean of every cell with its interval", _cell_table(outcome))
    return Section("noise", "What is only noise", intro + table(heads, rows, {4}), after=cells,
                   short="Noise")  # fmt: skip


def _cell_table(outcome: Outcome) -> str:
    sample, rows = outcome.sample, []
    ends = [noise.interval(values) for values in (sample.row_usd, sample.column_usd)]
    means = (sample.game.row_usd, sample.game.column_usd)
    for i, row in enumerate(sample.row_options):
        for j, column in enumerate(sample.column_options):
            both = [_between(means[p][i, j], ends[p][0][i, j], ends[p][1][i, j]) for p in (0, 1)]
            rows.append((_code(row), _code(column), *both))
    heads = [f"{labels.economy(outcome.players[side])}, billion USD [{noise.LEVEL:.0%}]"
             for side in SIDES]  # fmt: skip
    names = [labels.economy(outcome.players[side]) for side in SIDES]
    return table((*names, *heads), rows, {2, 3})


def terms_section(outcome: Outcome) -> Section:
    """Where payoffs stem from, and which weights the equilibria hang on."""
    used = [t for t in range(len(UTILITY)) if outcome.values[:, :, :, t].any()]
    heads = ("Player", *(labels.economy(outcome.players[side]) for side in SIDES),
             "sum", *(text_payoff.TERMS[UTILITY[t]] for t in used))  # fmt: skip
    means, sample = outcome.values.mean(axis=-1), outcome.sample
    rows = [
        (outcome.players[side], _code(row), _code(column), billions(means[i, j, p].sum()),
         *(billions(means[i, j, p, t]) for t in used))
        for p, side in enumerate(SIDES)
        for i, row in enumerate(sample.row_options)
        for j, column in enumerate(sample.column_options)
    ]  # fmt: skip
    intro = (
        "<p>Mean terms of utility by cell, billion USD of the run; a gain is positive. Weights are "
        "mostly assumptions (<code>tradesim describe parameters</code>).</p>"
    )
    body = table(heads, rows, set(range(3, len(heads))))
    return Section("terms", "Where payoffs stem from", intro + body, after=_weights(outcome),
                   short="Terms")  # fmt: skip


def _weights(outcome: Outcome) -> str:
    told = [
        (text_payoff.TERMS[w.term], "left out" if w.factor == 0 else f"× {w.factor:g}",
         escape(text_payoff.weighting(outcome, w)))
        for w in outcome.weightings
    ]  # fmt: skip
    return (
        "<h3>Which weights the equilibria hang on</h3><p>One term of both players multiplied, all "
        "else as it is. The leverage term also holds the rival’s loss, which is left as it is.</p>"
        + table(("Term", "Weight", "Equilibria in pure options"), told, set())
    )


def option_section(outcome: Outcome) -> Section:
    """What each option puts in force, with notice and sources."""
    plan = outcome.plan
    rows = [
        (labels.economy(player.state), _code(option.name), *_contents(outcome, option.packages))
        for player in (plan.row, plan.column) for option in player.options
    ]  # fmt: skip
    heads = ("Player", "Option", "What it is", "Policies", "Notice, weeks", "Sources")
    return Section("options", "The options", table(heads, rows, set()), short="Options")


def _contents(outcome: Outcome, names: Iterable[str]) -> Row:
    found = [outcome.plan.packages[name] for name in names]
    if not found:
        return "Nothing is done", "", "", ""
    policies = ", ".join(_code(policy) for package in found for policy in package.policies)
    sources = "; ".join(source for package in found for source in package.sources)
    titles = "; ".join(package.title for package in found)
    notice = ", ".join(f"{package.notice_weeks:g}" for package in found)
    return escape(titles), policies, notice, escape(sources)


def again_section(outcome: Outcome, manifest: dict[str, Any]) -> Section:
    """The command, versions, hash, citation."""
    told = {key: manifest.get(key) for key in
            ("code_version", "schema_version", "engine", "scenario", "result_hash")}  # fmt: skip
    told["pygambit"] = manifest.get("packages", {}).get("pygambit")
    rows = [(key, escape(str(value))) for key, value in told.items() if value]
    body = (
        f"<pre>{escape(command(outcome))}</pre><p>Every other key stands in "
        "<code>config.yaml</code>; all figures of this page in <code>payoff.csv</code>, "
        "<code>payoff_terms.csv</code>, <code>payoff_contrasts.csv</code> and "
        f"<code>equilibria.json</code>.</p>{table(('What', 'Value'), rows, set())}"
        f"<h3>How to cite</h3><p>{escape(words.citation(manifest))}</p>"
    )
    return Section("reproduce", "Make it again, and cite it", body, short="Reproduce")


def command(outcome: Outcome) -> str:
    """The command that makes the matrix again, other keys left out."""
    plan, seeds = outcome.plan, outcome.plan.base.seeds
    counted = seeds == tuple(range(len(seeds)))
    told = str(len(seeds)) if counted else f"[{','.join(str(seed) for seed in seeds)}]"
    return (
        f"tradesim payoff row={_brackets(plan.row)} column={_brackets(plan.column)} "
        f"scenario={plan.base.scenario.name} seeds={told} weeks={plan.base.scenario.weeks} "
        f"from={plan.on}"
    )


def _brackets(player: Player) -> str:
    return f"[{','.join(player.names)}]"


def table(heads: Row, rows: Sequence[Row], numbers: set[int]) -> str:
    """An HTML table; cells are HTML, columns in ``numbers`` stand to the right."""
    kinds = ["n" if i in numbers else "k" if i == 0 else "" for i in range(len(heads))]
    head = "".join(f"<th scope='col' class='{kind}'>{escape(name)}</th>"
                   for name, kind in zip(heads, kinds, strict=True))  # fmt: skip
    body = "".join(
        "<tr>" + "".join(f"<td class='{kind}'>{cell}</td>"
                         for cell, kind in zip(row, kinds, strict=True)) + "</tr>"
        for row in rows
    )  # fmt: skip
    return (
        "<div class='wide'><table class='small'><thead><tr>"
        f"{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _between(mean: float, low: float, high: float, told: Callable[[float], str] = billions) -> str:
    if not np.isfinite(low):
        return told(mean)
    return f"{told(mean)} [{told(low)} to {told(high)}]"


def _code(name: str) -> str:
    return f"<code>{escape(name)}</code>"


def _list(items: Iterable[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(item)}.</li>" for item in items) + "</ul>"


def _details(title: str, body: str) -> str:
    return f"<details><summary>{escape(title)}</summary>{body}</details>"
