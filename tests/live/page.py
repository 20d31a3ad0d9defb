# SPDX-License-Identifier: LGPL-2.1-or-later
"""The page of cameras, served by a program of the test, and requests to it."""

import http.client
import json
import os
import socket
import subprocess
import time
import urllib.parse

PATIENCE = 20


class Page:
    def __init__(self, program, cameras, address='', token='', port=None):
        env = dict(os.environ) if port is None else dict(os.environ, FEED_PORT=str(port))
        self.process = subprocess.Popen([program, address, token, *cameras], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.url = self.process.stdout.readline().decode().rstrip('\n')
        self.port = urllib.parse.urlsplit(self.url).port if self.url.startswith('http') else None

    def feed(self, do, **values):
        """Whether somebody watches now."""
        self.process.stdin.write(json.dumps(dict(values, do=do)).encode() + b'\n')
        self.process.stdin.flush()
        return self.process.stdout.readline() == b'watched\n'

    def close(self):
        self.process.stdin.close()
        status = self.process.wait(PATIENCE)
        self.process.stdout.close()
        return status

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def ask(self, path, method='GET', body=None, host='127.0.0.1', **headers):
        """Status, headers and body of an answer. Headers are named with _ for -; host: what is in that header."""
        connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=PATIENCE)
        connection.putrequest(method, path, skip_host=True)
        if host is not None:
            connection.putheader('Host', host)
        for name, value in headers.items():
            connection.putheader(name.replace('_', '-'), value)
        if body is not None:
            connection.putheader('Content-Length', str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return answer.status, dict(answer.getheaders()), data


class Events:
    """A stream of events, read as they come: pairs of name and value."""

    def __init__(self, page, **headers):
        self.socket = socket.create_connection(('127.0.0.1', page.port), timeout=PATIENCE)
        lines = ''.join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        self.socket.sendall(f'GET /events HTTP/1.1\r\nHost: localhost:{page.port}\r\n{lines}\r\n'.encode())
        self.file = self.socket.makefile('rb')
        self.status = int(self.file.readline().split()[1])
        while self.file.readline() not in (b'\r\n', b''):
            pass
        self.data = b''

    def next(self, *names):
        """The next event of one of these names."""
        while True:
            while b'\n\n' not in self.data:
                size = int(self.file.readline(), 16)
                assert size > 0, 'the stream ended'
                self.data += self.file.read(size)
                self.file.readline()
            event, _, self.data = self.data.partition(b'\n\n')
            fields = dict(line.split(': ', 1) for line in event.decode().split('\n') if ': ' in line)
            if fields.get('event') in names:
                return json.loads(fields['data'])

    def close(self):
        self.file.close()
        self.socket.close()


def wait_until(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, 'waited in vain'
        time.sleep(0.02)
