# SPDX-License-Identifier: LGPL-2.1-or-later
"""A network in ONNX's format that finds what is bright, as detectors of the SSD family tell it: for GStreamer's elements, without weights."""

import struct

FLOAT, UINT8, INT64 = 1, 2, 7           # types of tensors
A_FLOAT, AN_INT, INTS = 1, 2, 7         # of attributes


def varint(value):
    parts = bytearray()
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    return bytes(parts) + bytes([value])


def field(number, value):
    """Of protobuf: a number, a text, or a message."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def attribute(name, value):
    if isinstance(value, int):
        return field(1, name) + field(3, value) + field(20, AN_INT)
    return field(1, name) + b"".join(field(8, each) for each in value) + field(20, INTS)


def node(kind, inputs, output, **attributes):
    return field(1, b"".join(field(1, name) for name in inputs) + field(2, output) + field(4, kind)
                 + b"".join(field(5, attribute(name, value)) for name, value in attributes.items()))


def constant(name, values, shape, kind=FLOAT):
    raw = struct.pack(f"<{len(values)}{'f' if kind == FLOAT else 'q'}", *values)
    return field(5, b"".join(field(1, size) for size in shape) + field(2, kind) + field(8, name) + field(9, raw))


def tensor(number, name, kind, shape):
    dimensions = b"".join(field(1, field(1, size)) for size in shape)
    return field(number, field(1, name) + field(2, field(1, field(1, kind) + field(2, dimensions))))


def edges(which, axis, size):
    """Where brightness begins and ends along an axis, as shares of it."""
    return [node("ReduceMax", ["light"], which, axes=[axis], keepdims=0),
            node("Greater", [which, "threshold"], f"{which} bright"),
            node("Cast", [f"{which} bright"], f"{which} seen", to=FLOAT),
            node("ArgMax", [f"{which} seen"], f"{which} first", axis=1, keepdims=1),
            node("ArgMax", [f"{which} seen"], f"{which} last", axis=1, keepdims=1, select_last_index=1),
            node("Cast", [f"{which} first"], f"{which} from", to=FLOAT),
            node("Cast", [f"{which} last"], f"{which} to", to=FLOAT),
            node("Add", [f"{which} to", "one"], f"{which} end"),
            node("Div", [f"{which} from", f"{which} size"], f"{which} 0"),
            node("Div", [f"{which} end", f"{which} size"], f"{which} 1"),
            constant(f"{which} size", [size], [1])]


def bright_finder(width, height, number=0):
    """Bytes of a file. Pictures of that size, RGB; one box around all that is bright, of the class of that number."""
    graph = [node("Cast", ["picture"], "all", to=FLOAT),
             node("ReduceMax", ["all"], "light", axes=[3], keepdims=0),
             *edges("rows", 2, height), *edges("columns", 1, width),
             node("Concat", ["rows 0", "columns 0", "rows 1", "columns 1"], "flat", axis=1),
             node("Reshape", ["flat", "shape"], "detection_boxes"),
             node("ReduceMax", ["rows seen"], "detection_scores", axes=[1], keepdims=1),
             node("Identity", ["class"], "detection_classes"),
             node("Identity", ["one"], "num_detections"),
             constant("threshold", [128], [1]), constant("one", [1], [1]), constant("class", [number], [1, 1]),
             constant("shape", [1, 1, 4], [3], INT64),
             field(2, "bright"), tensor(11, "picture", UINT8, [1, height, width, 3]), tensor(12, "detection_boxes", FLOAT, [1, 1, 4]),
             tensor(12, "detection_scores", FLOAT, [1, 1]), tensor(12, "detection_classes", FLOAT, [1, 1]), tensor(12, "num_detections", FLOAT, [1])]
    return field(1, 8) + field(8, field(1, "") + field(2, 13)) + field(7, b"".join(graph))
