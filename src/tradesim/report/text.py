"""Fixed words of the report: definitions, reading help, caveats."""

from __future__ import annotations

SHORTFALLS = {
    "physical": (
        "Physical",
        "Use in the comparison world less use in this scenario, with the same seed: what is really "
        "missing, for whatever reason.",
    ),
    "rationed": (
        "Rationed",
        "Orders at the going price less deliveries: buyers were ready to pay and still got less.",
    ),
    "price_destroyed": (
        "Price-destroyed",
        "The part of the physical shortfall that buyers gave up because the price was too high.",
    ),
}

PRICE_SERIES = (
    "<b>Ask</b>: the marginal price of a spot tonne. <b>Contract</b>: a trailing average of the "
    "benchmark over the contract’s length. <b>Transaction</b>: the volume-weighted price of what "
    "was actually delivered. A spike in the ask need not be paid by much volume."
)

HOW_TO_READ = (
    "<b>Bands</b> reach from the tenth to the ninetieth percentile (p10–p90) over the runs of one "
    "scenario that differ only in their seed, that is in the random draws of demand, licence "
    "decisions, the network of firms and, unless it is said otherwise below, the parameters of "
    "behaviour. The <b>thick line</b> is the median of each month, so it "
    "need not be any single run; <b>thin lines</b> are single runs.",
    "The <b>grey dashed line</b> is the comparison world with the same seeds and without the "
    "policies of this scenario.",
    "A spread over runs shows how far chance moves this model. It is not a probability of what "
    "will happen, and the spread over scenarios is not one either.",
    "<b>Numbered vertical lines</b> mark policy events: dotted when announced, solid when in "
    "force, dashed when suspended or expired. Firms react to the announcement, markets obey the "
    "rule in force.",
    "<b>Small multiples</b> share their axes, so heights can be compared between panels.",
    "Hover over a line for its numbers. The buttons under each figure download it as SVG or its "
    "numbers as CSV.",
)

CAVEATS = (
    "The model is not a forecast. It shows what follows from its rules and data if a policy is "
    "applied as written in the scenario.",
    "The base year 2024 is reconciled from figures that do not close, that of 2009 is rescaled "
    "from it; where no source was found a named rule fills the gap. Rows marked <i>assumption</i> "
    "are judgement.",
    "No published price elasticity of a rare earth was found; responses and choke prices of end "
    "uses are assumptions.",
    "Firms below the named ones are drawn from a size distribution so that totals match; no real "
    "company is meant by an unnamed firm.",
    "Tariffs on other goods, chips and politics outside rare earths are not in these figures.",
)

#: What the bands hold of the parameters, by the run's key ``uncertainty``.
PARAMETERS = {
    "posterior": (
        "Every run draws its behavioural parameters from a sample that was <b>calibrated</b> on "
        "exports and asks of 2025 and prices of 2010 and 2011. The bands hold what these records "
        "leave open, and neither the base year nor the form of the equations."
    ),
    "point": (
        "All runs have the <b>same point values</b> of the behavioural parameters, so what is not "
        "known of them is not in the bands. The key <code>uncertainty=posterior</code> draws them."
    ),
}

NO_LICENCES = (
    "No licence was needed in this scenario: its policies contain no export licensing that took "
    "effect within the run, so there is no queue to show."
)
NO_TABLES = (
    "This result holds headline numbers only (<code>record=headline</code>). For charts, run the "
    "scenario again with <code>record=monthly</code>."
)
ONE_RUN = (
    "This result holds a single run: there is no spread to show, and chance cannot be told from "
    "effect. Use <code>seeds=20</code> or more for conclusions."
)
ALONE = (
    "There is no comparison world in this result, so physical shortfalls count against the use of "
    "the base year."
)

BEFORE_DEADLINE = (
    "A deal is “before the deadline” if something that had been announced was not in force yet."
)
NO_PROBABILITY = "Counts of runs of this model are no probabilities."
ONE_PATH = "A single run shows one path of several."
RUNS_DIFFER = (
    "Private resolve and thresholds differ from run to run, and with them what is done and when. "
    "The other charts of this page mark only what is done on the same day in every run."
)
ESCALATION = (
    "Height is the rung, the track below it holds the talks; marks of one day stand side by side. "
    "Numbers are those of the table. A line leads down from what changes trade (solid: in force; "
    "dashed: suspended or conceded) to what followed, month by month, in this run."
)
ESCALATION_WHOLE = (
    "As the close-up; marks without room for a number are told when the mouse is over them."
)
MOVED_MOST = (
    "Below: magnet exports from China and the ask of the oxide that rises most in the EU-27 "
    "(median run)."
)
DEEDS = (
    "One run for each path. A rung is a package of instruments; reasons are those that the "
    "government’s strategy gave."
)
BORNE = (
    "“Loss 1 of 2 bn USD a week borne” says that the government weighed a loss of 1, partly felt "
    "and partly threatened, against the 2 that it would bear."
)
NO_DEEDS = "No government did anything in this run."
NO_LADDERS = "No government has a ladder."
UTILITY = (
    "Median over the runs and p10–p90 in brackets; weights are those of each government’s "
    "preferences, most of them assumptions to be swept. Terms have quantiles of their own, so "
    "medians need not add up."
)
NO_LOOKAHEAD = "No look-ahead was used: no government had a course of action rehearsed."
LOOKAHEAD = (
    "Looking ahead cost, in runs’ worth of steps for each simulated year (median, p10–p90 in "
    "brackets):"
)
