# SPDX-License-Identifier: LGPL-2.1-or-later
"""Documents of ONVIF's metadata: what may stand where, as far as these programs write any; and streams of them, by RTSP."""
import hashlib
import re
import socket
import urllib.parse
import xml.etree.ElementTree

from patience import PATIENCE, patiently

SPACES = {"tt": "http://www.onvif.org/ver10/schema", "wsnt": "http://docs.oasis-open.org/wsn/b-2"}
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
NUMBER = r"-?\d+(\.\d+)?(e[+-]?\d+)?"
ANY = r"(?s).*"
ITEM = {"Name": r"[A-Za-z]+", "Value": ANY}

# Of each element: its attributes, all of which are there unless they end with ?; its children, in their order; its text.
GRAMMAR = {
    "tt:MetadataStream": ({}, r"((tt:VideoAnalytics|tt:Event) )*", ""),
    "tt:VideoAnalytics": ({}, r"(tt:Frame )+", ""),
    "tt:Frame": ({"UtcTime": TIME, "Source": ANY}, r"(tt:Object )*", ""),
    "tt:Object": ({"ObjectId": r"\d+"}, r"tt:Appearance ", ""),
    "tt:Appearance": ({}, r"tt:Shape tt:Class ", ""),
    "tt:Shape": ({}, r"tt:BoundingBox tt:CenterOfGravity ", ""),
    "tt:BoundingBox": ({"bottom": NUMBER, "top": NUMBER, "right": NUMBER, "left": NUMBER}, "", ""),
    "tt:CenterOfGravity": ({"x": NUMBER, "y": NUMBER}, "", ""),
    "tt:Class": ({}, r"(tt:Type )*", ""),
    "tt:Type": ({"Likelihood": NUMBER}, "", ANY),
    "tt:Event": ({}, r"(wsnt:NotificationMessage )*", ""),
    "wsnt:NotificationMessage": ({}, r"wsnt:Topic wsnt:Message ", ""),
    "wsnt:Topic": ({"Dialect": re.escape("http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet")}, "",
                   r"tns1:(RuleEngine/l4:Condition|VideoSource/SignalLoss|VideoAnalytics/l4:(Description|Summary|Object))"),
    "wsnt:Message": ({}, r"tt:Message ", ""),
    "tt:Message": ({"UtcTime": TIME, "PropertyOperation?": r"Initialized|Changed"}, r"tt:Source (tt:Key )?tt:Data ", ""),
    "tt:Source": ({}, r"(tt:SimpleItem )+", ""),
    "tt:Key": ({}, r"(tt:SimpleItem )+", ""),
    "tt:Data": ({}, r"(tt:SimpleItem )+", ""),
    "tt:SimpleItem": (ITEM, "", ""),
}


def name_of(element):
    space, _, name = element.tag[1:].partition("}")
    return {url: prefix for prefix, url in SPACES.items()}[space] + ":" + name


def check(element):
    name = name_of(element)
    attributes, children, text = GRAMMAR[name]
    for attribute, kind in attributes.items():
        value = element.get(attribute.rstrip("?"))
        assert value is None and attribute.endswith("?") or value is not None and re.fullmatch(kind, value), (name, attribute, value)
    assert set(element.keys()) <= {attribute.rstrip("?") for attribute in attributes}, (name, element.keys())
    found = "".join(name_of(child) + " " for child in element)
    assert re.fullmatch(children, found), (name, found)
    assert re.fullmatch(text, (element.text or "").strip("\n")), (name, element.text)
    for child in element:
        assert not (child.tail or "").strip(), (name, child.tail)
        check(child)


def parse(document):
    """The root of a document that is as it must be."""
    root = xml.etree.ElementTree.fromstring(document)
    assert name_of(root) == "tt:MetadataStream"
    check(root)
    for prefix in b"tns1=\"http://www.onvif.org/ver10/topics\"", b"l4=\"":     # names in texts need them, too
        assert b"xmlns:" + prefix in document, document
    return root


def events(root):
    """Topic, time, operation and items of all events: ("RuleEngine/l4:Condition", "2026-…", "Changed", {"Source/Rule": …})"""
    found = []
    for notification in root.findall("tt:Event/wsnt:NotificationMessage", SPACES):
        message = notification.find("wsnt:Message/tt:Message", SPACES)
        items = {f"{name_of(group)[3:]}/{item.get('Name')}": item.get("Value") for group in message for item in group}
        assert len(items) == sum(len(group) for group in message), items
        found.append((notification.find("wsnt:Topic", SPACES).text[5:], message.get("UtcTime"), message.get("PropertyOperation"), items))
    return found


class Refused(Exception):
    """By a status that is not 200."""


class Stream:
    """A client: documents as they come, over the connection of RTSP itself unless the transport is another."""

    def __init__(self, url, user=None, password=None, transport="RTP/AVP/TCP;unicast;interleaved=0-1"):
        self.url, self.user, self.password, self.number, self.challenge = url, user, password, 0, None
        parts = urllib.parse.urlsplit(url)
        self.socket = socket.create_connection((parts.hostname, parts.port), timeout=PATIENCE)
        self.file = self.socket.makefile("rb")
        self.session = []
        self.waiting = []
        self.sdp = self.ask("DESCRIBE", url, "Accept: application/sdp")[1].decode()
        control = re.search(r"^m=application .*?^a=control:(\S+)", self.sdp, re.M | re.S).group(1)
        headers, _ = self.ask("SETUP", control if "://" in control else f"{url}/{control}", f"Transport: {transport}")
        self.session = ["Session: " + headers["session"].split(";")[0]]
        self.packets = []
        self.ask("PLAY", url, "Range: npt=0-")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.socket.close()

    def authorization(self, method, url):
        realm, nonce = (re.search(f'{name}="([^"]*)"', self.challenge).group(1) for name in ("realm", "nonce"))
        digest = lambda text: hashlib.md5(text.encode()).hexdigest()
        response = digest(f"{digest(f'{self.user}:{realm}:{self.password}')}:{nonce}:{digest(f'{method}:{url}')}")
        return f'Authorization: Digest username="{self.user}", realm="{realm}", nonce="{nonce}", uri="{url}", response="{response}"'

    def ask(self, method, url, *headers):
        for _ in range(2):
            self.number += 1
            lines = [f"{method} {url} RTSP/1.0", f"CSeq: {self.number}", *headers, *self.session]
            if self.challenge and self.user:
                lines.append(self.authorization(method, url))
            self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
            status, answer, body = self.read_answer()
            if status != 401 or not self.user or self.challenge:
                break
            self.challenge = answer["www-authenticate"]
        if status != 200:
            raise Refused(f"{status}: {answer}")
        return answer, body

    def read_answer(self):
        line = self.read_line()
        status, headers = int(line.split()[1]), {}
        while line := self.read_line():
            name, _, value = line.partition(":")
            headers.setdefault(name.lower(), value.strip())
        return status, headers, self.file.read(int(headers.get("content-length", 0)))

    def read_line(self):
        """What stands between packets."""
        for first in patiently(iter(lambda: self.file.read(1), b"")):
            if first != b"$":
                return (first + self.file.readline()).decode().strip()
            self.waiting.append(self.read_frame())

    def read_frame(self):
        channel, length = self.file.read(1)[0], int.from_bytes(self.file.read(2), "big")
        return channel, self.file.read(length)

    def frames(self):
        while self.waiting or self.file.read(1) == b"$":
            yield self.waiting.pop(0) if self.waiting else self.read_frame()

    def packet(self):
        """The next one of RTP: marker, type, sequence, time, payload."""
        for channel, data in patiently(self.frames()):  # reports of RTCP come all the time
            if channel == 0:
                assert data[0] == 0x80, data[0]         # neither padding nor extension nor sources
                return data[1] >> 7, data[1] & 127, int.from_bytes(data[2:4], "big"), int.from_bytes(data[4:8], "big"), data[12:]

    def document(self):
        """The next one that is not empty; and the packets that it was in."""
        self.packets = []
        for packet in patiently(iter(self.packet, None)):
            self.packets.append(packet)
            if packet[0]:
                root = parse(b"".join(packet[4] for packet in self.packets))
                if len(root) > 0:
                    return root
                self.packets = []
