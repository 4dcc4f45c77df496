"""The command ``tradesim``: finds the verb, runs it, turns its errors into one message.

Kept free of heavy imports: each verb's module is loaded when the verb is used.
"""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from types import TracebackType

from tradesim import __version__
from tradesim.errors import InputError, TradesimError, unknown

#: Exit code after Ctrl-C.
INTERRUPTED = 130


@dataclass(frozen=True)
class Verb:
    """One command: the function ``home`` (module:function), its usage and one line of help."""

    home: str
    usage: str
    help: str


VERBS = {
    "run": Verb("commands:run", "scenario=NAME [seeds=20] [key=value ...] [out=DIR]",
                "simulate a scenario and the world it is compared with"),
    "sweep": Verb("commands:sweep", "scenario=A,B key=1,2 | experiment=NAME [out=DIR]",
                  "simulate every combination of the values given"),
    "equilibrium": Verb("benchmark:equilibrium_command",
                        "scenario=NAME [on=DATE] [sharpness=100] [against=none] [out=DIR]",
                        "the benchmark of theory for the same world, beside the simulation"),
    "report": Verb("commands:report", "DIR", "write DIR/report/ anew from the tables in DIR"),
    "export": Verb("commands:export", "DIR [format=csv]",
                   "write DIR/exports/ from the tables in DIR"),
    "payoff": Verb("studies:payoff",
                   "[row=[PACKAGE,...] column=[PACKAGE,...]] [scenario=NAME] [seeds=50] "
                   "[from=DATE] [out=DIR]",
                   "the game of two governments: payoffs of every pair of packages, equilibria "
                   "(extra: games)"),
    "calibrate": Verb("studies:calibrate", "[seed=1] [population=100] [minutes=60] [out=DIR]",
                      "draw the posterior sample anew; Ctrl-C keeps the last population"),
    "backtest": Verb("studies:backtest", "2025|2010 [seeds=100] [key=value ...] [out=DIR]",
                     "run an episode as it happened and score it against the record"),
    "leverage": Verb("studies:leverage",
                     "[supplier=CHN] [buyer=USA,EU27,JPN,KOR] [element=Nd,Dy,all] [stage=oxide]"
                     " [from=DATE] [back=true] [seeds=10] [key=value ...] [out=DIR]",
                     "what it costs each side to replace the other, by counterfactual runs"),
    "decompose": Verb("studies:decompose",
                      "scenario=NAME [metric=shortfall_physical:run] [economy=outside_CHN] "
                      "[good=magnet_NdFeB_HRE] [groups=auto|policy|instrument|state] "
                      "[groups.NAME=[POLICY,...]] [seeds=10] [key=value ...] [out=DIR]",
                      "which policies account for how much of a change: Shapley values"),
    "list": Verb("listing:list_command", "KIND [--json]",
                 "scenarios, policies, strategies, packages, goods, economies, data, experiments"),
    "describe": Verb("listing:describe_command", "NAME [--json]",
                     "all that is known about one of them, or about 'parameters'"),
    "doctor": Verb("doctor:doctor_command", "[--json]",
                   "what is installed, what is missing, the remedy"),
}  # fmt: skip

#: Commands of the contract that later versions bring.
NOT_BUILT = (
    "compare", "sensitivity", "discover",
    "optimize", "data", "serve", "game", "play", "bench",
)  # fmt: skip

_EXAMPLES = """\
examples:
  tradesim run scenario=april_2025 seeds=20
  tradesim run scenario=april_2025 weeks=52 market.panic=0.5 out=results/calm
  tradesim sweep scenario=reference,april_2025,full_embargo
  tradesim list scenarios
  tradesim describe april_2025

exit codes: 0 done, 1 failed, 2 bad input, 3 partial, 130 interrupted.
TRADESIM_DEBUG=1 shows tracebacks; TRADESIM_CONF=DIR adds configuration pages of your own.
"""


def help_text() -> str:
    """The answer to ``tradesim --help``."""
    lines = [
        f"tradesim {__version__}: who runs short of what, when, for how long, at what price",
        "",
    ]
    lines += ["usage: tradesim COMMAND [words]", "", "commands:"]
    for name, verb in VERBS.items():
        lines += [f"  {name:<12}{verb.usage}", f"  {'':<12}  {verb.help}"]
    return "\n".join([*lines, "", _EXAMPLES])


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line ``argv`` (default: the process's) and return the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    if argv is None:
        sys.excepthook = _report_crash
        warnings.formatwarning = _one_line
    try:
        return _dispatch(words)
    except TradesimError as error:
        if _debugging():
            traceback.print_exc()
        print(f"tradesim: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt as interrupt:  # a job says itself what it has kept, and where
        print(f"tradesim: {str(interrupt) or 'interrupted'}", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output has left, as in `tradesim list ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _dispatch(words: Sequence[str]) -> int:
    if not words:
        print(help_text(), file=sys.stderr)
        return InputError.exit_code
    name, rest = words[0], list(words[1:])
    if name in {"-h", "--help", "help"}:
        print(help_text(), end="")
        return 0
    if name in {"-V", "--version", "version"}:
        print(f"tradesim {__version__}")
        return 0
    verb = _verb(name)
    if {"-h", "--help"} & set(rest):
        print(f"usage: tradesim {name} {verb.usage}\n\n{verb.help}")
        return 0
    module, function = verb.home.split(":")
    return int(getattr(import_module(f"tradesim.{module}"), function)(rest))


def _verb(name: str) -> Verb:
    if name in NOT_BUILT:
        raise InputError(
            f"'tradesim {name}' is not built yet",
            allowed=", ".join(VERBS),
            remedy="it comes with a later version; the changelog will say when",
        )
    if name not in VERBS:
        raise unknown("command", name, VERBS, where="on the command line")
    return VERBS[name]


def _one_line(
    message: Warning | str, category: type[Warning], filename: str, lineno: int,
    line: str | None = None,
) -> str:  # fmt: skip
    """A warning as a user reads it, without the place in our code that gave it."""
    return f"tradesim: warning: {message}\n"


def _debugging() -> bool:
    return os.environ.get("TRADESIM_DEBUG", "0") not in {"", "0"}


def _report_crash(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """What a user sees of a fault that nobody foresaw: one message, no traceback unless asked."""
    if _debugging():
        sys.__excepthook__(kind, error, trace)
        return
    message = TradesimError(
        f"the program failed: {kind.__name__}: {error}",
        remedy="run it again with TRADESIM_DEBUG=1 and report what it prints",
    )
    print(f"tradesim: {message}", file=sys.stderr)
