# SPDX-License-Identifier: GPL-2.0
"""What the scenes stand on: TAP, system calls, members of namespaces, the tool, witnesses."""
