# SPDX-License-Identifier: LGPL-2.1-or-later
"""The cameras of film: how they move, and what of a place they see."""

import cv2
import numpy as np

# Mean difference of two pictures, in levels, from which on it is seen that the camera moves.
SEEN = 5
NEARER_BELOW = ("left", "right", "moves", "shakes")    # cameras that may be carried, past a ground that is nearer below


class Cameras:
    """A part of Film."""

    def _camera(self, frames):
        """The camera's name, its place [frames, 2] in widths and heights of the picture, and its zoom [frames]."""
        rng = self.rng
        u = np.arange(frames) / max(1, frames - 1)
        still = np.zeros((frames, 2)), np.ones(frames)
        if frames == 1 or self._chance(self.still):
            return "stands", *still
        r = rng.random()
        far = np.exp(rng.uniform(np.log(0.10), np.log(min(1.1, 0.6 * (frames - 1)))))     # neighbours have something in common
        jitter = rng.normal(0, 0.004, (frames, 2)) * self._chance(0.5)
        if r < 0.42:
            way = ("left", "right", "up", "down")[rng.integers(4)]
            x, y = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}[way]
            side = rng.normal(0, 0.06)
            return way, np.stack((u * far * (x or side), u * far * (y or side)), 1) + jitter, np.ones(frames)
        if r < 0.63:
            way = ("in", "out")[rng.integers(2)]
            zoom = np.exp(u * np.log(1 + np.exp(rng.uniform(np.log(0.15), np.log(1.2)))))
            return way, np.zeros((frames, 2)) + jitter, zoom if way == "in" else zoom[::-1].copy()
        if r < 0.82:
            size = np.exp(rng.uniform(np.log(0.015), np.log(0.08)))
            shake = rng.normal(0, size, (frames, 2))
            shake -= shake.mean(0)
            steps = np.diff(shake, axis=0)
            turns = ((steps[1:] * steps[:-1]).sum(1) < 0).any()     # or it could as well go somewhere
            return "shakes" if turns and np.abs(steps).max() > 0.015 else "unclear", shake, np.ones(frames)
        if r < 0.92:
            angle = np.pi / 4 + np.pi / 2 * rng.integers(4) + rng.normal(0, 0.15)
            return "moves", u[:, None] * far * np.array([np.cos(angle), np.sin(angle)]), np.exp(u * rng.normal(0, 0.3))
        # Too little to be told from standing with certainty.
        return "unclear", rng.normal(0, 0.004, (frames, 2)) + u[:, None] * rng.normal(0, 0.02, 2), np.ones(frames)

    def _views(self, frames, height, width):
        """The place as the camera sees it, float32 [frames, height, width, 3], and the camera's name. In `way` it leaves, of cameras that do
        not stand, the place and the zoom in every frame, and how much faster what is below goes past."""
        rng = self.rng
        name, at, zoom = self._camera(frames)
        out = np.empty((frames, height, width, 3), np.float32)
        if name == "stands":
            out[:] = self._place(height, width)
            return out, name
        self.way = None
        near = rng.uniform(0.15, 0.7) if name in NEARER_BELOW and self._chance(0.4) else 0      # how much faster what is below goes past
        reach = np.ptp(at, 0) * (1 + near / 2, 1) + (1 / zoom).max() + 0.02
        big = self._place(int(min(height * reach[1], max(900, 1.2 * height))), int(min(width * reach[0], max(1400, 1.2 * width))))
        bh, bw = big.shape[:2]
        centre = at - (at.max(0) + at.min(0)) / 2
        room = np.array([bw / width - 1, bh / height - 1]) / 2
        centre = np.clip(centre, -room, room) if name in ("shakes", "unclear") else centre
        self.way = centre, zoom, near
        for i in range(frames):
            s = 1 / zoom[i]
            x = bw / 2 + (centre[i, 0] - 0.5 * s) * width
            y = bh / 2 + (centre[i, 1] - 0.5 * s) * height
            lean = near * centre[i, 0] * width / height
            m = np.float32([[s, lean, x - lean * height / 2], [0, s, y]])
            out[i] = cv2.warpAffine(big, m, (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REFLECT_101)
        # Before a wall or another bare ground nobody sees that the camera moves.
        change = max(cv2.norm(a, b, cv2.NORM_L1) for a, b in zip(out, out[1:])) / (height * width * 3)
        return out, name if change > SEEN and not self.bare else "unclear"
