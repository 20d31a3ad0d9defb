# SPDX-License-Identifier: LGPL-2.1-or-later
"""Draws the test patterns with the real videotestsrc, through x264 and back, as small pictures for the training.

Run once where GStreamer is: python3 patterns.py OUT.npz
"""

import subprocess
import sys

import numpy as np

from network.picture import fit

SIZES = [(320, 240), (640, 360), (1280, 720), (640, 480), (480, 480), (854, 480), (360, 640), (720, 576)]
ZONES = [(20, 20, 1), (10, 10, 5), (50, 50, 10), (30, 30, 0), (80, 80, 20), (20, 20, 10), (5, 5, 2), (40, 20, 4)]
PATTERNS = {
    "smpte": ["pattern=smpte", "pattern=smpte75", "pattern=smpte100"],
    "snow": ["pattern=snow"],
    "checkers": ["pattern=checkers-8"],
    "circular": ["pattern=circular"],
    "zone-plate": [f"pattern=zone-plate kx2={x} ky2={y} kt={t}" for x, y, t in ZONES],
    "gradient": ["pattern=gradient"],
    "ball": ["pattern=ball", "pattern=ball motion=sweep", "pattern=ball motion=hsweep"],
}
RATE, SECONDS = 5, 8


def frames(source, width, height, crf, rate=RATE, seconds=SECONDS):
    """Decoded RGB frames [n, height, width, 3] of one source after x264 at this quality."""
    line = (f"videotestsrc num-buffers={rate * seconds} {source} ! video/x-raw,format=I420,width={width},height={height},"
            f"framerate={rate}/1 ! x264enc pass=qual quantizer={crf} speed-preset=veryfast ! h264parse ! avdec_h264 max-threads=1 ! "
            "videoconvert ! video/x-raw,format=RGB ! fdsink fd=1")
    raw = subprocess.run(["gst-launch-1.0", "-q"] + line.split(), check=True, stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL).stdout
    stride = (width * 3 + 3) // 4 * 4
    return np.frombuffer(raw, np.uint8).reshape(-1, height, stride)[:, :, :width * 3].reshape(-1, height, width, 3)


def main():
    bank = {}
    for name, sources in PATTERNS.items():
        for s, source in enumerate(sources):
            for width, height in SIZES if s < 3 else SIZES[:3]:
                for crf in (23, 35):
                    bank[f"{name}/{s}/{width}x{height}/{crf}"] = np.stack(
                        [fit(f) for f in frames(source, width, height, crf)])
        print(name, flush=True)
    np.savez(sys.argv[1], **bank)


if __name__ == "__main__":
    main()
