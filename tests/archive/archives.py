# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of llama4 archive share: films that ffmpeg makes, runs of the program, and what an index holds."""
import contextlib
import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

LLAMA4 = os.environ["LLAMA4"]
scratch = Path(tempfile.mkdtemp(prefix="llama4-archive-"))
LONG_AGO = 1_600_000_000        # what changed just now is waited for
tests = []


class Skip(Exception):
    pass


def test(function):
    tests.append(function)
    return function


def main():
    """Runs the tests as TAP; arguments choose some by parts of their names."""
    chosen = [f for f in tests if not sys.argv[1:] or any(part in f.__name__ for part in sys.argv[1:])]
    failed = False
    print(f"1..{len(chosen)}", flush=True)
    for number, function in enumerate(chosen, 1):
        name = function.__name__.replace("_", "-")
        folder = scratch / function.__name__
        folder.mkdir()
        os.chdir(folder)
        try:
            function()
            print(f"ok {number} - {name}", flush=True)
        except Skip as why:
            print(f"ok {number} - {name} # SKIP {why}", flush=True)
        except Exception:
            failed = True
            print(f"not ok {number} - {name}", flush=True)
            print(traceback.format_exc(), file=sys.stderr, flush=True)
    os.chdir("/")
    shutil.rmtree(scratch, ignore_errors=True)
    sys.exit(failed)


# Films ---------------------------------------------------------------------------------------------------------------------------

def ffmpeg(*arguments):
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *map(str, arguments)], check=True)


def age(path):
    os.utime(path, (LONG_AGO, LONG_AGO))


def cached(make):
    """A film that is made once; every test gets a copy."""
    made = scratch / "made"

    def copy(path, *arguments):
        source = made / f"{make.__name__}-{'-'.join(map(str, arguments))}{Path(os.fsdecode(path)).suffix}"
        if not source.exists():
            made.mkdir(exist_ok=True)
            make(source, *arguments)
        parent = os.path.dirname(path)
        if parent:
            os.makedirs(parent, exist_ok=True)
        shutil.copyfile(source, path)
        age(path)
        return path
    return copy


@cached
def film(path, seconds=6, number=0):
    """Of 25 frames a second, a key frame every second; no two numbers have the same content."""
    ffmpeg("-f", "lavfi", "-i", f"testsrc2=size=160x120:rate=25:duration={seconds},hue=h={number * 7}", "-c:v", "libx264", "-preset",
           "ultrafast", "-g", "25", path)


@cached
def shots(path, count=12, codec="libx264"):
    """Of different pictures between hard cuts at odd times; a key frame every second and at many of the cuts."""
    sources = ["testsrc2=size=160x120:rate=25", "mandelbrot=size=160x120:rate=25", "smptebars=size=160x120:rate=25",
               "life=size=160x120:rate=25:mold=10:life_color=#ffd000:death_color=#204080:seed=7", "rgbtestsrc=size=160x120:rate=25",
               "cellauto=size=160x120:rate=25:seed=3", "yuvtestsrc=size=160x120:rate=25"]
    lengths = [2.52, 5.2, 1.36, 4.0, 0.92, 3.28, 6.84, 2.0, 1.16, 4.44]
    inputs = sum((["-f", "lavfi", "-t", str(lengths[n % len(lengths)]), "-i", sources[n % len(sources)]] for n in range(count)), [])
    joined = "".join(f"[{n}:v]format=yuv420p,setsar=1[v{n}];" for n in range(count)) + "".join(f"[v{n}]" for n in range(count))
    more = ["-preset", "ultrafast", "-g", "25"] if codec == "libx264" else ["-g", "25"]
    ffmpeg(*inputs, "-filter_complex", f"{joined}concat=n={count}:v=1", "-c:v", codec, *more, path)


def clips(folder, count, seconds=2):
    """Many short films in a folder, by one run of ffmpeg."""
    os.makedirs(folder, exist_ok=True)
    ffmpeg("-f", "lavfi", "-i", f"testsrc2=size=160x120:rate=10:duration={count * seconds}", "-c:v", "mpeg4", "-g", "10", "-f", "segment",
           "-segment_time", seconds, "-reset_timestamps", "1", f"{folder}/clip%03d.mp4")
    found = sorted(Path(folder).iterdir())
    assert len(found) == count, f"{len(found)} clips"
    for path in found:
        age(path)


# The program ---------------------------------------------------------------------------------------------------------------------

def script(*lines, name="answers.script"):
    Path(name).write_text("".join(json.dumps(line) + "\n" for line in lines))
    return name


# What a window was asked, and a sum over the pictures that were shown: so windows can be told apart, and what they saw.
ECHO = {"text": "{prompt} {pictures}"}
PROMPT = "--prompt=from {start} to {end}"


class Run:
    def __init__(self, done):
        self.status, self.out, self.err = done.returncode, done.stdout.decode(errors="surrogateescape"), done.stderr.decode(
            errors="surrogateescape")
        self.text = f"exit status {self.status}\n{self.out}{self.err}"

    @property
    def counts(self):
        """The last line's numbers by their labels."""
        return {part.rsplit(": ", 1)[0]: int(part.rsplit(": ", 1)[1]) for part in self.out.splitlines()[-1].split(", ")}


def command(*arguments):
    return [LLAMA4, "archive", *map(os.fspath, arguments)]


def archive(*arguments, expect=0, **more):
    run = Run(subprocess.run(command(*arguments), capture_output=True, timeout=300, **more))
    assert run.status == expect, run.text
    return run


def fails(*arguments, saying, **more):
    """One line, and exit status 1."""
    run = archive(*arguments, expect=1, **more)
    assert run.err.count("\n") == 1 and run.err.startswith("llama4: "), run.text
    for words in [saying] if isinstance(saying, str) else saying:
        assert words in run.err, run.text
    return run


# The index -----------------------------------------------------------------------------------------------------------------------

POSTGRES = os.environ.get("LLAMA4_TEST_POSTGRES")       # where a database is, if with-postgres started a server
if POSTGRES:
    POSTGRES += "&dbname=postgres"


def query_postgres(index, sql):
    """Rows as SQLite has them."""
    done = subprocess.run(["psql", "-XqtA", "-v", "ON_ERROR_STOP=1", index], capture_output=True, check=True, text=True,
                          input=f"SET search_path = llama4; {sql if not sql.startswith('SELECT') else f'SELECT row_to_json (t) FROM ({sql}) AS t'}")

    def value(text):
        return bytes.fromhex(text[2:]) if isinstance(text, str) and text.startswith("\\x") else text
    return [tuple(value(text) for _, text in json.loads(line, object_pairs_hook=list)) for line in done.stdout.splitlines()]


def query(index, sql, *arguments):
    if index.startswith("postgresql:"):
        return query_postgres(index, sql)
    with contextlib.closing(sqlite3.connect(index, timeout=60, isolation_level=None)) as connection:
        return connection.execute(sql, arguments).fetchall()


def name_of(path):
    return None if path is None else os.path.basename(bytes(path))


def states(index, run=None):
    """File name to state and reason."""
    rows = query(index, "SELECT path, state, reason FROM videos AS v LEFT JOIN progress AS p ON p.video = v.id"
                 + (f" AND run = {run}" if run else ""))
    return {os.fsdecode(name_of(path) or b"?"): (state, reason) for path, state, reason in rows}


def windows(index, name=None):
    """(file name, start, end, text), in order; or of one file without its name."""
    rows = query(index, 'SELECT path, start, "end", text FROM videos AS v JOIN windows AS w ON w.video = v.id ORDER BY path, run, start')
    rows = [(os.fsdecode(name_of(path) or b"?"), start, end, text) for path, start, end, text in rows]
    return rows if name is None else [row[1:] for row in rows if row[0] == name]


def searched(index):
    """What searching finds of every film: file name to (start, end, text) in order."""
    found = {}
    for path, *window in query(index, 'SELECT path, start, "end", text FROM videos AS v JOIN windows AS w ON w.video = v.id AND '
                               "w.run = v.newest_run ORDER BY path, start"):
        found.setdefault(os.fsdecode(name_of(path)), []).append(tuple(window))
    return found


def dump(index):
    """All that an index holds but times of day and ids; of pictures their sums."""
    rows = query(index, 'SELECT path, key, container, codec, width, height, duration, state, reason, start, "end", text, frames, finish, '
                 "prompt_tokens, generated_tokens, thumbnail FROM videos AS v LEFT JOIN progress AS p ON p.video = v.id "
                 'LEFT JOIN windows AS w ON w.video = v.id AND w.run = p.run LEFT JOIN details AS d ON d."window" = w.id '
                 "ORDER BY path, p.run, start")
    return [(*row[:-1], row[-1] and hashlib.sha256(row[-1]).hexdigest()) for row in rows]


def is_made(index):
    """Whether there is an index, with its tables."""
    if index.startswith("postgresql:"):
        return query_postgres(index, "SELECT 1 AS one FROM pg_tables WHERE schemaname = 'llama4' AND tablename = 'details'") != []
    return os.path.exists(index) and query(index, "SELECT 1 FROM sqlite_master WHERE name = 'words'") != []


def remove(index):
    if index.startswith("postgresql:"):
        query_postgres(index, "DROP SCHEMA llama4 CASCADE")
    else:
        os.unlink(index)


def assert_same(index, expected):
    """The same content, said of the first difference."""
    found = dump(index)
    for one, other in zip(found, expected):
        assert one == other, f"{one}\nis not\n{other}"
    assert len(found) == len(expected), f"{len(found)} rows, not {len(expected)}"
    left = query(index, "SELECT count(*) AS n FROM claims")[0][0]
    assert left == 0, f"{left} claims are left"
