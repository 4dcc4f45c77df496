"""Strategies: how a government decides. One file each; a page of conf/strategy names its class."""

from tradesim.strategies.base import Strategy
from tradesim.strategies.best_response import BestResponse
from tradesim.strategies.escalation_ladder import EscalationLadder
from tradesim.strategies.hedging import HedgingProcessor
from tradesim.strategies.logit_response import LogitResponse
from tradesim.strategies.scripted import Scripted
from tradesim.strategies.silence import Silence
from tradesim.strategies.stackelberg import StackelbergLeader
from tradesim.strategies.tit_for_tat import TitForTat

__all__ = [
    "BestResponse",
    "EscalationLadder",
    "HedgingProcessor",
    "LogitResponse",
    "Scripted",
    "Silence",
    "StackelbergLeader",
    "Strategy",
    "TitForTat",
]
