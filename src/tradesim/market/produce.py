"""Produce: firms turn inputs into outputs; what is inside them is never lost track of."""

from __future__ import annotations

import numpy as np

from tradesim.market.shipping import EMPTY_T, per_tonne
from tradesim.market.state import MarketState
from tradesim.world.types import BY_INPUTS, N_ELEMENTS, Floats, Ints, World, sum_by


def leontief(planned: Floats, supply: Floats, first: np.ndarray, fed: np.ndarray) -> Floats:
    """Activity [firms] limited by the scarcest input (Leontief, fixed proportions).

    ``planned`` activity, ``supply`` activity that each input slot would allow [inputs], sorted by
    firm; ``first`` index of the first slot of each fed firm, ``fed`` those firms. One unit.
    """
    activity = planned.copy()
    activity[fed] = np.minimum(activity[fed], np.minimum.reduceat(supply, first))
    return activity


def produce(world: World, state: MarketState) -> None:
    """Run every plant for a step; flows are set in t of the step."""
    slots, dt = world.slots, state.dt
    inputs = slots.inputs
    firm = slots.firm[:inputs]
    stock = state.stock[:inputs]
    want = state.desired_use * dt
    some = want > EMPTY_T
    allowed = np.where(some, np.maximum(stock, 0.0) / np.where(some, want, 1.0), np.inf)
    share = leontief(
        np.ones(len(world.firms)), np.where(world.parallel[firm], np.inf, allowed),
        world.first_input, world.fed,
    )  # fmt: skip
    limit = np.where(world.parallel[firm], np.minimum(allowed, 1.0), share[firm])
    state.use = np.minimum(np.where(some, want * np.minimum(limit, 1.0), 0.0), stock)
    per_t = per_tonne(state.origin, state.stock) if state.tracked else state.origin
    eaten = _consume(world, state)
    made = state.planned * dt * share
    run = sum_by(firm, state.use, len(world.firms))
    plan = sum_by(firm, want, len(world.firms))
    state.run_share = np.where(
        world.parallel, np.where(plan > 0, run / np.maximum(plan, 1e-30), 1.0), share
    )
    state.activity = np.where(world.parallel, run, made) / dt
    _fill_outputs(world, state, eaten, made, run)
    _pass_on_origin(world, state, eaten[0], per_t)
    _dispose(world, state)


def _consume(world: World, state: MarketState) -> tuple[Floats, Floats]:
    """Take inputs out of stock; returns what of mixtures and of Chinese origin was eaten.

    Shapes: elements [mixed inputs, elements] and Chinese part [inputs], t of oxide equivalent.
    """
    inputs, mixed = world.slots.inputs, world.mixed_inputs
    stock = state.stock[:inputs]
    share = np.where(stock > EMPTY_T, state.use / np.maximum(stock, EMPTY_T), 0.0)
    chinese = state.chinese[:inputs] * share
    elements = state.elements[:mixed] * share[world.mixed[:mixed], None]
    state.chinese[:inputs] -= chinese
    state.elements[:mixed] -= elements
    stock -= state.use
    np.maximum(stock, 0.0, out=stock)
    return elements, chinese


def _fill_outputs(
    world: World, state: MarketState, eaten: tuple[Floats, Floats], made: Floats, run: Floats
) -> None:
    """Add outputs to stock: by recipe, by element in the feed, or all that went in."""
    slots, firms = world.slots, len(world.firms)
    out = slice(slots.inputs, None)
    firm, joint, whole = slots.firm[out], world.joint, world.whole
    feed = np.zeros((firms, N_ELEMENTS))
    feed[slots.firm[world.mixed[: world.mixed_inputs]]] = eaten[0]
    tonnes = slots.per_activity[out] * made[firm]
    element = slots.element[out][joint]
    tonnes[joint] = world.recovery[out][joint] * feed[firm[joint], element]
    if state.sound is not None:
        tonnes *= state.sound[firm]
    tonnes[whole] = run[firm[whole]]
    state.output[out] = tonnes
    state.stock[out] += tonnes
    inside = tonnes * world.density[out]
    built = _built_in(world, state)
    inside[whole] = built[firm[whole]].sum(1)
    by_firm = sum_by(slots.firm[: slots.inputs], eaten[1], firms)
    chinese = inside * _origin(world, state, eaten, by_firm)[firm]
    state.chinese[out] += chinese
    mixed = world.mixed[world.mixed_inputs :]
    added = slots.vector[mixed] * state.output[mixed, None]
    component = slots.filled[mixed] == BY_INPUTS
    added[component] = built[slots.firm[mixed[component]]]
    state.elements[world.mixed_inputs :] += added
    _book(world, state, eaten, added, chinese)


def _pass_on_origin(
    world: World, state: MarketState, eaten: Floats, per_tonne_before: Floats
) -> None:
    """Give outputs the legal origin of what went into them, or all of it where it is made.

    ``eaten`` is the element content of the mixtures that were used [mixed inputs, elements].
    """
    if not state.tracked:
        return
    slots, inputs = world.slots, world.slots.inputs
    mixed = world.mixed[: world.mixed_inputs]
    used = slots.vector[:inputs] * state.use[:, None]
    used[mixed] = eaten
    inside = slots.vector[inputs:] * state.output[inputs:, None]
    whole = world.whole
    inside[whole] = _built_in(world, state)[slots.firm[inputs:][whole]]
    before = state.origin.sum(0)
    share = feed_shares(world, state, used, per_tonne_before[:inputs] * state.use[:, None])
    state.origin[:inputs] -= per_tonne_before[:inputs] * state.use[:, None]
    content = np.column_stack((inside, inside.sum(1)))
    made = np.tile(content, (1, len(state.tracked))) * share[slots.firm[inputs:]]
    state.origin[inputs:] += made
    state.origin_made += state.origin.sum(0) - before


def feed_shares(world: World, state: MarketState, used: Floats, origin: Floats) -> Floats:
    """Share of each firm's product that is of an authority's origin [firms, columns].

    ``used`` [inputs, elements] and ``origin`` [inputs, columns] are what the step ate, t of oxide
    equivalent. What is made at home, or with the authority's technology, is so in full.
    """
    content = np.column_stack((used, used.sum(1)))
    total = np.zeros((len(world.firms), content.shape[1]))
    total[world.fed] = np.add.reduceat(content, world.first_input, axis=0)
    part = np.zeros((len(world.firms), origin.shape[1]))
    part[world.fed] = np.add.reduceat(origin, world.first_input, axis=0)
    inside = np.tile(total, (1, len(state.tracked)))
    mixed = np.where(inside > 1e-15, part / np.maximum(inside, 1e-15), 0.0)
    fixed = state.origin_fixed
    return np.where(np.isnan(fixed), np.minimum(mixed, 1.0), fixed)


def _built_in(world: World, state: MarketState) -> Floats:
    """Content of the magnets that each component maker builds in [firms, elements], t."""
    rows, first = world.component_inputs, world.component_first
    built = np.zeros((len(world.firms), N_ELEMENTS))
    content = world.component_vectors * state.use[rows, None]
    built[world.slots.firm[rows[first]]] = np.add.reduceat(content, first, axis=0)
    return built


def _origin(
    world: World, state: MarketState, eaten: tuple[Floats, Floats], chinese: Floats
) -> Floats:
    """Chinese-mined share of what each firm makes in this step [firms]."""
    inputs, mixed = world.slots.inputs, world.mixed[: world.mixed_inputs]
    mass = state.use * world.density[:inputs]
    mass[mixed] = eaten[0].sum(1)
    total = sum_by(world.slots.firm[:inputs], mass, len(world.firms))
    share = np.where(total > 1e-15, chinese / np.maximum(total, 1e-15), 0.0)
    return np.where(world.is_source, world.origin_share, share)


def _book(
    world: World, state: MarketState, eaten: tuple[Floats, Floats], added: Floats, chinese: Floats
) -> None:
    """Book what sources brought in, users built in and processing lost, by element."""
    slots, inputs = world.slots, world.slots.inputs
    out = slice(inputs, None)
    mixed_in, mixed_out = world.mixed[: world.mixed_inputs], world.mixed[world.mixed_inputs :]
    final = world.final[mixed_in]
    fixed_in = np.where(world.tracked[:inputs], 0.0, state.use)
    fixed_out = np.where(world.tracked[out], 0.0, state.output[out])
    source_out = world.is_source[slots.firm[mixed_out]]
    used = _content(world, slots.good[:inputs], fixed_in * world.final) + eaten[0][final].sum(0)
    gone_in = _content(world, slots.good[:inputs], fixed_in) + eaten[0].sum(0)
    fixed_source = fixed_out * world.is_source[slots.firm[out]]
    brought = _content(world, slots.good[out], fixed_source) + added[source_out].sum(0)
    came_out = _content(world, slots.good[out], fixed_out) + added.sum(0)
    chinese_used = float((eaten[1] * world.final).sum())
    chinese_brought = float((chinese * world.is_source[slots.firm[out]]).sum())
    state.consumed.book(used, chinese_used)
    state.sourced.book(brought, chinese_brought)
    state.lost.book(
        (gone_in - used) - (came_out - brought),
        (float(eaten[1].sum()) - chinese_used) - (float(chinese.sum()) - chinese_brought),
    )


def _content(world: World, good: Ints, tonnes: Floats) -> Floats:
    """Oxide equivalent [elements] in tonnes of goods with a fixed content."""
    return sum_by(good, tonnes, len(world.good_vector)) @ world.good_vector


def _dispose(world: World, state: MarketState) -> None:
    """Let surplus co-products leave the market: above target, or above the valve for others."""
    slots, inputs = world.slots, world.slots.inputs
    stock = state.stock[inputs:]
    ceiling = state.target_out * world.valve
    gone = np.where(ceiling > 0, np.maximum(stock - ceiling, 0.0), 0.0)
    state.disposed[inputs:] = gone
    share = gone / np.maximum(stock, EMPTY_T)
    chinese = state.chinese[inputs:] * share
    state.chinese[inputs:] -= chinese
    if state.tracked:
        origin = state.origin[inputs:] * share[:, None]
        state.origin[inputs:] -= origin
        state.origin_made -= origin.sum(0)
    mixed = world.mixed[world.mixed_inputs :]
    elements = state.elements[world.mixed_inputs :] * share[mixed - inputs, None]
    state.elements[world.mixed_inputs :] -= elements
    fixed = np.where(world.tracked[inputs:], 0.0, gone)
    inside = _content(world, slots.good[inputs:], fixed) + elements.sum(0)
    state.lost.book(inside, float(chinese.sum()))
    stock -= gone
