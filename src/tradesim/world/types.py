"""The arrays that make a world. Axes: [firms], [slots], [links], [lanes], [markets]."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from tradesim import axes
from tradesim.world.firms import Firms

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

N_ECONOMIES, N_GOODS, N_ELEMENTS = len(axes.ECONOMIES), len(axes.GOODS), len(axes.ELEMENTS)
#: Goods whose content differs from lot to lot, so that it is tracked; that of all others is fixed.
MIXTURES = tuple(
    axes.GOOD_INDEX[good] for good in (*axes.CONCENTRATES, "scrap_NdFeB", "component_motor")
)

#: Values of ``Links.project`` for links that belong to no project.
BASE_YEAR, SLEEPING, PUBLIC = -1, -2, -3

#: How an output slot is filled: by the recipe, by the element in the feed, or by all inputs.
BY_RECIPE, BY_ELEMENT, BY_INPUTS = 0, 1, 2


@dataclass(frozen=True)
class Slots:
    """A stock of one good at one firm. The first ``inputs`` slots are inputs, by firm."""

    inputs: int  # how many slots are inputs
    firm: Ints  # [slots] whose stock it is
    good: Ints  # [slots] what it holds
    market: Ints  # [slots] economy * N_GOODS + good
    base_t: Floats  # [slots] t a week in the base year: use of an input, net sales of an output
    per_activity: Floats  # [slots] t of input or output per t of the firm's activity
    cover_weeks: Floats  # [slots] target stock over weekly use or sales
    vector: Floats  # [slots, N_ELEMENTS] oxide equivalent per t: fixed, or of the base year
    filled: Ints  # [slots] how an output is filled: BY_RECIPE, BY_ELEMENT or BY_INPUTS
    element: Ints  # [slots] element of an oxide output, else -1
    disposal: Floats  # [slots] share of output that leaves the market in the base year
    base_chinese: Floats  # [slots] oxide equivalent mined in China per t in the base year

    def __len__(self) -> int:
        """Number of slots."""
        return len(self.firm)


@dataclass(frozen=True)
class Lanes:
    """Origin x destination x good x end use, for every combination that has links.

    ``known`` keeps which lanes a policy covers, so that it is worked out once.
    """

    origin: Ints  # [lanes] economy of the seller
    destination: Ints  # [lanes] economy of the buyer
    good: Ints  # [lanes]
    use: Ints  # [lanes] certified end use (index on USE_LABELS)
    base_t: Floats  # [lanes] t a week in the base year
    transit_weeks: Floats  # [lanes]
    known: dict[object, Flags] = field(  # [lanes] which lanes a coverage takes in, kept
        default_factory=dict, compare=False
    )

    def __len__(self) -> int:
        """Number of lanes."""
        return len(self.origin)


@dataclass(frozen=True)
class Links:
    """Seller slot -> buyer slot, on a lane; sorted by buyer slot."""

    seller: Ints  # [links] slot that it leaves
    buyer: Ints  # [links] slot that it comes to
    lane: Ints  # [links]
    id: npt.NDArray[np.uint64]  # [links] stable id of seller, buyer and good
    base_t: Floats  # [links] t a week in the base year
    weight: Floats  # [links] share of the buyer's base-year purchases; of a project, when it runs
    project: Ints  # [links] firm whose ramp switches it on, BASE_YEAR, SLEEPING or PUBLIC

    def __len__(self) -> int:
        """Number of links."""
        return len(self.seller)


@dataclass(frozen=True)
class World:
    """Everything that does not change during a run."""

    seed: int  # of what a run draws on its firms and links: licences, lists; at first its own
    firms: Firms
    slots: Slots
    links: Links
    lanes: Lanes
    price0: Floats  # [markets] USD/kg
    choke: Floats  # [markets] highest ask over the base price
    most_passed_on: Floats  # [markets] highest cost index
    wedge: Floats  # [lanes] base price at destination over base price at origin
    growth: Floats  # [slots] per year, growth of final demand (inputs of manufacturers)
    planned_growth: Floats  # [firms] per year, planned growth of capacity
    parallel: Flags  # [firms] inputs serve separate products (components, manufacture)
    origin_share: Floats  # [firms] Chinese-mined share of a source's output
    chinese_technology: Flags  # [firms] depend on Chinese equipment and know-how
    # what follows from the above, kept because every step needs it
    nominal_t: Floats  # [slots] t a week at base activity; of a project, at full ramp
    activity_nominal_t: Floats  # [firms] t a week, the same
    cost_share: Floats  # [slots] of an input in its user's unit cost, as far as it is passed on
    steers: Floats  # [slots] 1 where demand for an output moves the plant, 0 for by-products
    recovery: Floats  # [slots] of an element in joint production
    family: Ints  # [goods] goods that are one element in other forms
    family_size: Floats  # [economies, goods] market_size in t of oxide equivalent
    market_size: Floats  # [markets] t held at target cover in the base year
    market_cover_weeks: Floats  # [markets] target stocks over what passes through in a week
    transit_weeks_in: Floats  # [inputs] mean transit of a slot's base-year supply
    input_use: Ints  # [inputs] end use (index on USE_LABELS)
    final: Flags  # [inputs] of manufacturers
    is_component_input: Flags  # [inputs] of component makers
    component_inputs: Ints  # those slots, by firm
    component_first: Ints  # first of each firm among them
    component_vectors: Floats  # [component inputs, elements] content of the magnets built in
    thrifts: Flags  # [inputs] heavy magnets that component makers can thrift
    takes_over: Flags  # [inputs] plain magnets that replace them
    consumes: Flags  # [firms] manufacturers
    is_source: Flags  # [firms] mines and collectors: output without input
    is_trader: Flags  # [firms]
    makes: Flags  # [firms] have an output
    joint: Ints  # outputs of joint production, counted from the first output
    whole: Ints  # components, counted likewise
    good_vector: Floats  # [goods, elements] oxide equivalent per t of goods of fixed content
    fed: Ints  # firms with inputs
    first_input: Ints  # first input slot of each of them
    mixed: Ints  # slots of mixtures, inputs first
    mixed_inputs: int  # how many of them are inputs
    tracked: Flags  # [slots] of mixtures
    valve: Floats  # [outputs] stock over target above which goods leave the market
    density: Floats  # [slots] oxide equivalent per t, of mixtures in the base year
    project_links: Ints  # links that a project's ramp switches on
    sleeping_links: Ints  # links that fear wakes
    public_links: Ints  # links to public reserves
    public_seat: Ints  # [public links] position of the buyer in reserve_slots
    reserve_slots: Ints  # input slots of public reserves
    private: Flags  # [inputs] not of a public reserve
    lane_private: Flags  # [lanes] that private buyers use
    seller_output: Ints  # [links] seller's slot counted from the first output
    seller_firm: Ints  # [links]
    buyer_firm: Ints  # [links]
    lane_origin: Ints  # [lanes] market at the origin
    lane_destination: Ints  # [lanes] market at the destination
    lane_abroad: Flags  # [lanes] crosses a border
    made_base_t: Floats  # [markets] t a week made there in the base year
    bought_base_t: Floats  # [markets] t a week that lanes bring in, home lanes included

    @property
    def markets(self) -> int:
        """Number of markets: economies x goods."""
        return N_ECONOMIES * N_GOODS


def sum_by(index: Ints, amount: npt.NDArray[Any], size: int) -> Floats:
    """Sum of ``amount`` by ``index`` [size], in the unit of ``amount``."""
    return np.asarray(np.bincount(index, amount, minlength=size), np.float64)
