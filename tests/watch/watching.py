# SPDX-License-Identifier: LGPL-2.1-or-later
"""llama4 watch in tests: runs of the program, cameras that tests make, a broker, and the tests of a script one after the other."""

import contextlib
import http.server
import json
import os
import queue
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path

from patience import PATIENCE, patiently

PROGRAM, RTSP_SERVER = (argument and str(Path(argument).resolve()) for argument in sys.argv[1:3])        # "": there is none
tests = []
stack = contextlib.ExitStack()  # closed after each test


def test(function):
    tests.append(function)
    return function


# Films and cameras --------------------------------------------------------------------------------------------------------------

def film(name, *stretches, size="160x120", rate=10, draw=None, more=()):
    """Of plain colours, so many seconds each; draw: a filter that draws on them."""
    sources = [f"color={colour}:s={size}:r={rate}:d={seconds}" for colour, seconds in stretches]
    inputs = [part for source in sources for part in ("-f", "lavfi", "-i", source)]
    graph = "".join(f"[{i}]" for i in range(len(sources))) + f"concat=n={len(sources)}" + (f",{draw}" if draw else "")
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *inputs, "-filter_complex", graph, "-c:v", "libx264", "-preset", "ultrafast",
                    "-bf", "0", "-g", "10", "-pix_fmt", "yuv420p", *more, name], check=True)
    return Path(name).resolve()


def config(text):
    """A file of cameras, and answers that tell what is shown: a number that is the same for the same pictures."""
    Path("answers.script").write_text('{"text": "It shows {pictures}."}\n')
    Path("cameras.yaml").write_text("model: {path: answers.script}\n" + text)
    return "cameras.yaml"


class Watch:
    """A run of the program, whose events are read as they come."""

    def __init__(self, *arguments, read=True):
        self.errors = open("errors", "wb")
        self.process = subprocess.Popen([PROGRAM, "--json", *arguments], stdout=subprocess.PIPE, stderr=self.errors, stdin=subprocess.DEVNULL)
        self.queue, self.events = queue.Queue(), []
        self.thread = threading.Thread(target=self.read, daemon=True)
        if read:
            self.start_reading()

    def start_reading(self):
        self.thread.start()

    def read(self):
        for line in self.process.stdout:
            self.queue.put(json.loads(line))
        self.queue.put(None)

    def until(self, wanted, each=False):
        """Reads events until one is as wanted, and returns it; None at the end. each: every event may take as long as all of them else, and all
        of them five times that."""
        deadline, last = (time.monotonic() + times * PATIENCE for times in (1, 5))
        with contextlib.suppress(queue.Empty):
            while (left := deadline - time.monotonic()) > 0:
                event = self.queue.get(timeout=left)
                if event is None:
                    return None
                self.events.append(event)
                if wanted(event):
                    return event
                if each:
                    deadline = min(time.monotonic() + PATIENCE, last)
        raise AssertionError((self.events[-50:], self.said()))

    def event(self, name, camera=None):
        found = self.until(lambda e: e["event"] == name and camera in (None, e.get("camera")))
        assert found is not None, (name, camera, self.events, Path("errors").read_text())
        return found

    def end(self, number=signal.SIGTERM):
        """None: by itself, however much there is to do before."""
        if number is not None:
            self.process.send_signal(number)
        self.until(lambda e: False, each=number is None)
        return self.process.wait(PATIENCE)

    def of(self, name, camera=None):
        return [e for e in self.events if e["event"] == name and camera in (None, e.get("camera"))]

    def said(self):
        return Path("errors").read_text()


@contextlib.contextmanager
def watching(*arguments, **more):
    watch = Watch(*arguments, **more)
    try:
        yield watch
    finally:
        watch.process.kill()
        watch.process.wait()
        watch.thread.join(PATIENCE)
        watch.errors.close()


class Skip(Exception):
    pass


@contextlib.contextmanager
def rtsp(path, port=0, secret=()):
    """Serves a film, or what a pipeline makes; secret: user and password, or tls, a certificate and its key."""
    if not RTSP_SERVER:
        raise Skip("there is no gst-rtsp-server")
    server = subprocess.Popen([RTSP_SERVER, str(port), path, *secret], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        yield int(server.stdout.readline())
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


@contextlib.contextmanager
def http_camera(body, then):
    """Sends body to whoever asks, and what `then` does with the connection after it."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(body)
                then(self)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/camera"
    finally:
        server.shutdown()


@contextlib.contextmanager
def web_server(taken):
    """Adds the JSON of each POST to what was taken."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            taken.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()


def listen(events, *wanted):
    """What a page's events say until all that is wanted came."""
    said = b""
    for line in patiently(events):
        said += line
        if all(part in said for part in wanted):
            return said


def hang(_):
    time.sleep(PATIENCE)


def close(_):
    pass


def probe(path, *what):
    return subprocess.run(["ffprobe", "-v", "error", *what, "-of", "csv=p=0", path], capture_output=True, text=True, check=True).stdout.split()


# Brokers ----------------------------------------------------------------------------------------------------------------------

@contextlib.contextmanager
def broker():
    """Debian's mosquitto on a port of its own."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    Path("mosquitto.conf").write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
    server = subprocess.Popen(["mosquitto", "-c", "mosquitto.conf"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield port
    finally:
        server.kill()
        server.wait()


def subscribe(port, patience=PATIENCE):
    """Topics and payloads as they come, of all below llama4describe/: as much of MQTT 3.1.1 as that takes. patience: seconds without
    one, None for ever."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            connection = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
            break
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
    connection.settimeout(patience)
    connection.sendall(b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x00\x00\x01s" + b"\x82\x15\x00\x01\x00\x10llama4describe/#\x00")
    stream = connection.makefile("rb")
    while True:
        kind, length, shift = stream.read(1)[0], 0, 0
        while True:
            byte = stream.read(1)[0]
            length |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        body = stream.read(length)
        if kind >> 4 == 9:
            yield None, b""         # subscribed
        if kind >> 4 == 3:
            end = 2 + int.from_bytes(body[:2], "big")
            yield body[2:end].decode(), body[end + (2 if kind & 6 else 0):]


# Running ----------------------------------------------------------------------------------------------------------------------

def run_tests():
    """All of the script, or those whose names have one of the further arguments in them, each in a folder of its own; whether one failed."""
    scratch = Path(tempfile.mkdtemp(prefix="llama4-watch-"))
    chosen = [f for f in tests if not sys.argv[3:] or any(part in f.__name__ for part in sys.argv[3:])]
    failed = False
    print(f"1..{len(chosen)}", flush=True)
    for number, function in enumerate(chosen, 1):
        name = function.__name__.replace("_", "-")
        (scratch / function.__name__).mkdir()
        os.chdir(scratch / function.__name__)
        try:
            with stack:
                function()
            print(f"ok {number} - {name}", flush=True)
        except Skip as why:
            print(f"ok {number} - {name} # SKIP {why}", flush=True)
        except Exception:
            failed = True
            print(f"not ok {number} - {name}", flush=True)
            print(traceback.format_exc(), file=sys.stderr, flush=True)
            if os.path.exists("errors"):
                print("".join(f"errors: {line}\n" for line in Path("errors").read_text().splitlines()[-20:]), file=sys.stderr, flush=True)
    os.chdir("/")
    shutil.rmtree(scratch, ignore_errors=True)
    return failed
