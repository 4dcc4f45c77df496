"""The world as arrays: firms, their stocks (slots), links and lanes, in a steady base year."""

from tradesim.world.build import build_world
from tradesim.world.types import Lanes, Links, Slots, World

__all__ = ["Lanes", "Links", "Slots", "World", "build_world"]
