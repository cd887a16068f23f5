"""The compact definitions that `build.py` turns into `cases.json`."""
