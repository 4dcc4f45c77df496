"""The matrix as a LaTeX table (booktabs): both payoffs in a cell, best responses underlined."""

from __future__ import annotations

from tradesim.analysis.games import matrix, noise
from tradesim.analysis.games.outcome import Outcome

#: USD in the unit of the table.
BILLION = 1e9


def bimatrix(outcome: Outcome) -> str:
    """``payoff.tex``: row player's payoff, then the column player's, billion USD of the run.

    Needs ``\\usepackage{booktabs}``. Best responses are underlined, pure equilibria bold.
    """
    sample = outcome.sample
    columns = sample.column_options
    head = " & ".join(["", *(rf"\texttt{{{escape(name)}}}" for name in columns)])
    lines = [
        rf"\texttt{{{escape(name)}}} & " + " & ".join(
            _cell(outcome, i, j) for j in range(len(columns))
        ) + r" \\"
        for i, name in enumerate(sample.row_options)
    ]  # fmt: skip
    return "\n".join([
        "% needs \\usepackage{booktabs}",
        r"\begin{table}", r"\centering", rf"\caption{{{_caption(outcome)}}}",
        rf"\begin{{tabular}}{{l{'c' * len(columns)}}}", r"\toprule", head + r" \\", r"\midrule",
        *lines, r"\bottomrule", r"\end{tabular}", r"\end{table}", "",
    ])  # fmt: skip


def _cell(outcome: Outcome, i: int, j: int) -> str:
    game = outcome.sample.game
    row = _number(game.row_usd[i, j], bool(matrix.best_responses(game, "row")[i, j]))
    column = _number(game.column_usd[i, j], bool(matrix.best_responses(game, "column")[j, i]))
    text = f"{row}, {column}"
    return rf"\textbf{{{text}}}" if (i, j) in matrix.pure_equilibria(game) else text


def _number(usd: float, best: bool) -> str:
    text = f"{usd / BILLION:.2f}".replace("-0.00", "0.00")
    sign = "$-$" if text.startswith("-") else ""
    plain = sign + text.removeprefix("-")
    return rf"\underline{{{plain}}}" if best else plain


def _caption(outcome: Outcome) -> str:
    plan = outcome.plan
    low, high = widest(outcome)
    return (
        f"Mean utility of {plan.row.state} (rows, first figure) and {plan.column.state} (columns), "
        f"billion USD over {plan.base.scenario.weeks} weeks, world "
        rf"\texttt{{{escape(plan.base.scenario.name)}}}, packages announced on {plan.on}, "
        f"{outcome.sample.seeds} seeds. Underlined: best response; bold: Nash equilibrium in pure "
        rf"options. {noise.LEVEL:.0%} intervals of a mean reach from $\pm${low:.2f} to "
        rf"$\pm${high:.2f}."
    ).replace("%", r"\%")


def widest(outcome: Outcome) -> tuple[float, float]:
    """Half width of the narrowest and the widest interval of a mean, billion USD."""
    halves = []
    for values in (outcome.sample.row_usd, outcome.sample.column_usd):
        low, high = noise.interval(values)
        halves.append((high - low) / 2 / BILLION)
    return (
        float(min(half.min() for half in halves)),
        float(max(half.max() for half in halves)),
    )


def escape(text: str) -> str:
    """``text`` with the characters that LaTeX reads as commands made plain."""
    special = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    special |= {sign: f"\\{sign}" for sign in "&%$#_{}"}
    return "".join(special.get(sign, sign) for sign in text)
