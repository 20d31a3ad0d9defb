# SPDX-License-Identifier: LGPL-2.1-or-later
"""An index of films for the tests of reports: names and sentences as they should not be, and one very long film."""

import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'support'))
from fill_index import fill, windows_of  # noqa: E402

SENTENCES = [
    'The picture shows colour bars.',
    'A red circle moves right on a white background.',
    'A yellow triangle moves up on a blue background.',
    'A green square stands still on a black background.',
    'A white ball bounces on a black background.',
    'A purple square moves down on a gray background.',
    'A red triangle moves down and a blue circle moves up on a yellow background.',
    'The picture shows concentric rings.',
]

# What a model may have read off a sign, and how it is shown.
HOSTILE = [
    ('<script>window.hacked = 1</script>', None),
    ('</script><script>window.hacked = 2</script>', None),
    ('"><img src=x onerror="window.hacked = 3">', None),
    ("'><svg onload='window.hacked = 4'>", None),
    ('<!-- <script> --><b>bold</b>', '<!-- <script> -><b>bold</b>'),
    ('&lt;b&gt; &amp;amp; &#x3c;script&#x3e;', None),
    ('javascript:window.hacked=5', None),
    ('line\u2028separator\u2029and ]]> \\u003c/script', 'line separator and ]]> \\u003c/script'),
    ('right \u202eto left\u202c and \u2066isolated\u2069', 'right to left and isolated'),
    ('{{constructor.constructor("window.hacked=6")()}} ${window.hacked=7} %1 %2', None),
    ('a\u001b[31mred\u0007', 'a[31mred'),
    ('\U0001f9d1\u200d\U0001f680 e\u0301\u0323 \u0928\u092e\u0938\u094d\u0924\u0947 \u05e9\u05dc\u05d5\u05dd \u4f60\u597d',
     '\U0001f9d1\u200d\U0001f680 \u1eb9\u0301 \u0928\u092e\u0938\u094d\u0924\u0947 \u05e9\u05dc\u05d5\u05dd \u4f60\u597d'),
    ('x' * 5000, None),
    ('<c.red>Cue</c> <00:00:01.000> <v Somebody>', None),
]

# Names as the file system has them.
PLAIN, QUOTED, LATIN, COLON = b'plain.mp4', b'a%20"<img src=x onerror=\'window.hacked=8\'>"\n#?&amp;.mp4', b'caf\xe9 \x80.mp4', b'a:b.mp4'
GONE, BROKEN, LATER, LONG = b'gone.mp4', b'broken<b>.mp4', b'later.mp4', b'long.mp4'

N_LONG = 10000


def make_film(path, seconds=32):
    """Pictures whose brightness tells the second, for a browser to play."""
    subprocess.run(['ffmpeg', '-v', 'error', '-f', 'lavfi', '-i', f'testsrc2=size=320x180:rate=5:duration={seconds}', '-c:v', 'libx264',
                    '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-g', '5', '-movflags', '+faststart', '-f', 'mp4', path], check=True)


def make_picture(path):
    subprocess.run(['ffmpeg', '-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=size=240x135:rate=1:duration=1', '-frames:v', '1', '-f', 'mjpeg',
                    path], check=True)


def make_folder():
    """Where there is memory for it: an index of ten thousand windows waits for the disk ten thousand times."""
    return tempfile.TemporaryDirectory(prefix='llama4-report-', dir='/dev/shm' if os.access('/dev/shm', os.W_OK) else None)


def make_index(program, folder, index):
    """In that folder, bytes: films, and an index of them."""
    picture = os.path.join(os.fsdecode(folder), 'picture.jpg')
    make_picture(picture)
    original = os.path.join(folder, PLAIN)
    make_film(original)
    for name in (QUOTED, LATIN, COLON):
        os.link(original, os.path.join(folder, name))
    long = [f'{SENTENCES[i % 8][:-1]}, number {i}.' for i in range(N_LONG)]
    fill(program, index, [
        (os.path.join(folder, PLAIN), 32, windows_of(SENTENCES, picture), {}),
        (os.path.join(folder, QUOTED), 32, windows_of([text for text, _ in HOSTILE], picture, 2), {'state': 'begun'}),
        (os.path.join(folder, LATIN), 32, windows_of(['Un café très agréable.', 'Un thé.'], None), {}),
        (os.path.join(folder, COLON), 32, windows_of(['A colon.'], picture), {}),
        (os.path.join(folder, GONE), 8, windows_of(['It was here.', 'It is gone.'], picture), {}),
        (os.path.join(folder, BROKEN), 0, [], {'state': 'failed', 'reason': 'is no <i>film</i>: unknown format'}),
        (os.path.join(folder, LATER), 0, [], {'state': 'untouched'}),
        (os.path.join(folder, LONG), N_LONG * 4, windows_of(long, picture), {}),
    ])
