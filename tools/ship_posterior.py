"""Ship a posterior: ``python tools/ship_posterior.py SHIPPED OTHER``.

Both folders come from ``tradesim calibrate``, with different seeds. The first becomes the sample of
the package, the second says how far a re-run agrees with it (``agreement.csv``).
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from tradesim.analysis.calibration.summary import agreement
from tradesim.posterior import FOLDER, calibrated

#: Files of a calibration and what they are called in the package.
FILES = {
    "posterior.csv": "draws.csv",
    "posterior_summary.csv": "posterior_summary.csv",
    "fit.csv": "fit.csv",
    "history.csv": "history.csv",
}


def main(words: Sequence[str]) -> None:
    """Copy the first folder's files and write the agreement with the second."""
    if len(words) != 2:
        raise SystemExit(__doc__)
    shipped, other = (Path(word) for word in words)
    for name, called in FILES.items():
        shutil.copyfile(shipped / name, FOLDER / called)
    samples = [pd.read_csv(folder / "posterior.csv").to_numpy(float) for folder in (shipped, other)]
    table = agreement(calibrated(), *samples)
    table.to_csv(FOLDER / "agreement.csv", index=False, float_format="%.4g")
    print(table.describe().to_string())


if __name__ == "__main__":
    main(sys.argv[1:])
