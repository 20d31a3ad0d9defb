# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pictures of one colour, made by ffmpeg."""

import os
import subprocess
import tempfile


def make_folder():
    return tempfile.TemporaryDirectory(prefix='llama4-live-')


def make_picture(folder, colour, size='320x180'):
    path = os.path.join(folder, f'{colour}-{size}.jpg')
    if not os.path.exists(path):
        env = {name: value for name, value in os.environ.items() if name != 'LD_PRELOAD'}
        subprocess.run(['ffmpeg', '-v', 'error', '-f', 'lavfi', '-i', f'color={colour}:s={size}', '-frames:v', '1', path], check=True, env=env)
    return path
