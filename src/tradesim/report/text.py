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
