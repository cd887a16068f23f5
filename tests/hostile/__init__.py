"""The hostile corpus: see README.md in this folder."""
