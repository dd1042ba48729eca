"""The transports that are compared. Programs are run by the module that all of the project's scripts use, which is found here."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "Scripts"))
