#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""What a namespace costs in a list by listns(2), on kernels that have it, and in ours."""

import os

from measure import QUICK, Crowd, say, wire


def main():
    """Measures and prints."""
    results = {"newest_kernel": os.uname().release}
    with Crowd(100 if QUICK else 1000, 1, 1, 1, 0):
        results["listns_rows"], results["listns_row_ns"] = wire("listns")
        _, results["newest_row_ns"] = wire("ns")
    say(results)


if __name__ == "__main__":
    main()
