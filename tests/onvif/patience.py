# SPDX-License-Identifier: LGPL-2.1-or-later
"""How long tests wait for what takes a few seconds."""
import contextlib
import os
import time

PATIENCE = float(os.environ.get("PATIENCE", 90))        # seconds


def patiently(source):
    """What comes of a source, for a loop that leaves once it has what it waits for: others come for ever, or nothing more. Fails with what
    came."""
    deadline, came = time.monotonic() + PATIENCE, []
    with contextlib.suppress(TimeoutError):
        for each in source:
            came.append(each)
            yield each
            if time.monotonic() > deadline:
                break
    raise AssertionError(f"in vain, {len(came)} came, at last: {came[-50:]}")
