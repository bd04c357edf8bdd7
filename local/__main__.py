"""``python -m local``: the laptop cloud's command line."""

from __future__ import annotations

from local.cli import main

if __name__ == "__main__":
    main()
