# SPDX-License-Identifier: LGPL-2.1-or-later
"""Indexes for tests of programs that read one; PROGRAM is fill-index."""

import json
import subprocess
from urllib.parse import quote


def fill(program, index, films):
    """films: of (path, duration, windows, more), windows of (start, end, text, picture)."""
    lines = []
    for path, duration, windows, more in films:
        lines.append({'path': quote(path), 'duration': duration, **more})
        for start, end, text, picture in windows:
            window = {'start': start, 'end': end, 'text': text}
            if picture:
                window['picture'] = picture
            lines.append(window)
    subprocess.run([program, index], input=''.join(json.dumps(line) + '\n' for line in lines).encode(), check=True)


def windows_of(sentences, picture, length=4):
    return [(i * length, (i + 1) * length, text, picture) for i, text in enumerate(sentences)]
