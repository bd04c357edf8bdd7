"""The laptop cloud's engine: MiniStack, pinned, with fixes where it differs from AWS.

``python -m local.emulator`` serves it on 127.0.0.1 and one port. Each module in
``fixes`` closes one gap and says in its docstring what the raw emulator does and what AWS
does. The application itself never knows: it is written for AWS.
"""
