"""``python -m local.emulator``: the emulator process, until SIGINT or SIGTERM."""

from __future__ import annotations

from local import lifeline
from local.emulator import environment, fixes, server
from local.workspace import Workspace


def main() -> None:
    workspace = Workspace.from_environment()
    fixes.check_version()
    environment.prepare(workspace)
    lifeline.hold()
    listener = server.listen(workspace.port)
    fixes.apply_all()
    # MiniStack reads the environment when it is imported, so not before this line.
    from local.emulator import application

    server.serve(application.build(workspace), listener)


if __name__ == "__main__":
    main()
