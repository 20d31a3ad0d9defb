# SPDX-License-Identifier: LGPL-2.1-or-later
"""Chromium without a window, driven through pipes: no port, no network, a folder of its own."""

import base64
import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time

PROGRAMS = ['chromium', 'chromium-browser', 'google-chrome']
FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--no-default-browser-check', '--disable-extensions',
         '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-default-apps',
         '--disable-dev-shm-usage', '--disable-domain-reliability', '--disable-client-side-phishing-detection', '--mute-audio',
         '--autoplay-policy=no-user-gesture-required', '--force-device-scale-factor=1', '--hide-scrollbars', '--lang=en',
         '--remote-debugging-pipe']


def find_chromium():
    return next((path for path in map(shutil.which, PROGRAMS) if path), None)


class BrowserError(Exception):
    pass


class PageLeft(BrowserError):
    """A page was left while it was asked."""


class Browser:
    """One page of one browser. What it was asked for, and what it complained about, is kept in requests and complaints."""

    def __init__(self, patience=60):
        self.patience, self.number, self.data = patience, 0, b''
        self.folder = tempfile.mkdtemp(prefix='llama4-browser-')
        command_read, self.out = os.pipe()
        self.into, answer_write = os.pipe()
        keep = os.dup(command_read), os.dup(answer_write)       # above 4, whatever the numbers were

        def place_pipes():
            os.dup2(keep[0], 3)
            os.dup2(keep[1], 4)

        env = dict(os.environ, HOME=self.folder, XDG_CONFIG_HOME=self.folder, XDG_CACHE_HOME=self.folder)
        for name in ['LD_PRELOAD', 'DISPLAY', 'DBUS_SESSION_BUS_ADDRESS']:
            env.pop(name, None)
        self.log = open(os.path.join(self.folder, 'log'), 'wb')
        self.process = subprocess.Popen([find_chromium(), *FLAGS, '--user-data-dir=' + self.folder, 'about:blank'], env=env,
                                        preexec_fn=place_pipes, close_fds=False, stdin=subprocess.DEVNULL, stdout=self.log,
                                        stderr=self.log, start_new_session=True)
        for end in (command_read, answer_write, *keep):
            os.close(end)
        self.session, self.requests, self.complaints, self.events = None, [], [], []
        target = next(t for t in self.call('Target.getTargets')['targetInfos'] if t['type'] == 'page')
        self.session = self.call('Target.attachToTarget', targetId=target['targetId'], flatten=True)['sessionId']
        for domain in ['Page', 'Runtime', 'Network', 'Log']:
            self.call(domain + '.enable')

    def close(self):
        try:
            self.call('Browser.close')
            self.process.wait(10)
        except (BrowserError, subprocess.TimeoutExpired, OSError):
            pass
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        os.close(self.out)
        os.close(self.into)
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def receive(self, end):
        while b'\0' not in self.data:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.into], [], [], left)[0]:
                raise BrowserError('the browser does not answer')
            piece = os.read(self.into, 1 << 20)
            if not piece:
                raise BrowserError('the browser ended')
            self.data += piece
        message, _, self.data = self.data.partition(b'\0')
        return json.loads(message)

    def note(self, message):
        method, values = message.get('method'), message.get('params', {})
        self.events.append(method)
        if method == 'Network.requestWillBeSent':
            self.requests.append(values['request']['url'])
        elif method == 'Log.entryAdded' and values['entry']['level'] == 'error':
            self.complaints.append(values['entry']['text'] + ' ' + values['entry'].get('url', ''))
        elif method == 'Runtime.exceptionThrown':
            self.complaints.append(json.dumps(values['exceptionDetails'])[:600])
        elif method == 'Page.javascriptDialogOpening':
            self.complaints.append('dialog: ' + values['message'])
            self.post('Page.handleJavaScriptDialog', accept=False)

    def post(self, method, **values):
        self.number += 1
        message = {'id': self.number, 'method': method, 'params': values}
        if self.session:
            message['sessionId'] = self.session
        data = json.dumps(message).encode() + b'\0'
        while data:
            data = data[os.write(self.out, data):]
        return self.number

    def call(self, method, **values):
        number, end = self.post(method, **values), time.monotonic() + self.patience
        while True:
            message = self.receive(end)
            if message.get('id') == number:
                if 'error' in message:
                    said = message['error']['message']
                    raise (PageLeft if 'navigated' in said or 'context' in said else BrowserError)(f'{method}: {said}')
                return message['result']
            if 'method' in message:
                self.note(message)

    def load(self, url):
        """Goes to an address and waits until all of it is there, whether its script runs or not."""
        self.events.clear()
        self.call('Page.navigate', url=url)
        self.heard(lambda: 'Page.loadEventFired' in self.events, url)

    def open(self, url):
        """Goes to an address and waits until the page's script has begun."""
        self.events.clear()
        self.call('Page.navigate', url='about:blank')
        self.call('Page.navigate', url=url)
        self.wait("document.readyState === 'complete' && document.querySelector('.tools:not([hidden])') !== null")

    def run(self, script):
        """What an expression, which may be a promise, comes to."""
        result = self.call('Runtime.evaluate', expression=script, returnByValue=True, awaitPromise=True, userGesture=True)
        if 'exceptionDetails' in result:
            raise BrowserError(f"{script}: {result['exceptionDetails'].get('exception', {}).get('description', result)}")
        return result['result'].get('value')

    def until(self, true, what):
        """Asks until what it is told is true, which the page that is being left may not answer."""
        end = time.monotonic() + self.patience
        while True:
            with contextlib.suppress(PageLeft):
                if value := true():
                    return value
            if time.monotonic() > end:
                raise BrowserError('waited in vain for ' + what)
            time.sleep(0.02)

    def wait(self, script):
        return self.until(lambda: self.run(script), script)

    def heard(self, true, what):
        """Waits until what the browser tells by itself has made something true."""
        return self.until(lambda: self.call('Page.getFrameTree') and true(), what)

    def complained(self, words, since):
        """Waits for a complaint with these words, after so many others."""
        self.heard(lambda: any(words in text for text in self.complaints[since:]), words)

    KEYS = {'Enter': 13, 'Escape': 27, 'ArrowDown': 40, 'ArrowUp': 38, 'ArrowLeft': 37, 'ArrowRight': 39, ' ': 32, 'Tab': 9}

    def key(self, key, shift=False):
        text = {'Enter': '\r'}.get(key, key if len(key) == 1 else '')
        values = {'key': key, 'modifiers': 8 if shift else 0, 'windowsVirtualKeyCode': self.KEYS.get(key, ord(key[0].upper()))}
        self.call('Input.dispatchKeyEvent', type='keyDown' if text else 'rawKeyDown', text=text, **values)
        self.call('Input.dispatchKeyEvent', type='keyUp', **values)

    def type(self, text):
        self.call('Input.insertText', text=text)

    def click(self, selector):
        x, y = self.run(f"(() => {{ const e = document.querySelector({json.dumps(selector)}); e.scrollIntoView({{block: 'center'}});"
                        " const b = e.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; })()")
        for kind in ['mousePressed', 'mouseReleased']:
            self.call('Input.dispatchMouseEvent', type=kind, x=x, y=y, button='left', clickCount=1)

    def size(self, width, height, phone=False):
        self.call('Emulation.setDeviceMetricsOverride', width=width, height=height, deviceScaleFactor=2 if phone else 1, mobile=phone)

    def scheme(self, name):
        self.call('Emulation.setEmulatedMedia', features=[{'name': 'prefers-color-scheme', 'value': name}])

    def picture(self, path, **values):
        with open(path, 'wb') as file:
            file.write(base64.b64decode(self.call('Page.captureScreenshot', format='png', **values)['data']))
