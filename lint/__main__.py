"""`python -m lint`: our own checks, beside those that ruff, mypy and cfn-lint do."""

from __future__ import annotations

from pathlib import Path

from lint import audit, machines, sources, texts


def main(root: Path) -> int:
    found = [*sources.problems(root), *texts.problems(root)]
    found += machines.problems(root / "template.yaml")
    for problem in found:
        print(problem)
    print(f"{len(found)} problems in sources, texts and state machines")
    is_vulnerable = audit.main(root / "requirements")
    return int(bool(found) or bool(is_vulnerable))


if __name__ == "__main__":
    raise SystemExit(main(Path(__file__).parent.parent))
