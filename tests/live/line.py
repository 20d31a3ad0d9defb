# SPDX-License-Identifier: LGPL-2.1-or-later
"""A way to a server on which nothing may come any more, though nobody hangs up, as when a network is lost."""

import contextlib
import socket
import threading


class Line:
    def __init__(self, port):
        self.to, self.silent = port, None       # silent: what paths begin with that get no answer; '/': what is under way ends, too
        self.server = socket.create_server(('127.0.0.1', 0))
        self.port = self.server.getsockname()[1]
        self.start(self.serve)

    def start(self, function, *arguments):
        threading.Thread(target=function, args=arguments, daemon=True).start()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                ends, dead = (self.server.accept()[0], socket.create_connection(('127.0.0.1', self.to))), []
                self.start(self.carry, *ends, dead)
                self.start(self.carry, *ends[::-1], dead)

    def carry(self, source, target, dead):
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                if self.silent == '/' or self.silent and data.startswith(b'GET ' + self.silent.encode()):
                    dead.append(True)
                if not dead:
                    target.sendall(data)
            if not dead:
                target.shutdown(socket.SHUT_RDWR)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.server.close()
