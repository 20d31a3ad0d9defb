# SPDX-License-Identifier: LGPL-2.1-or-later
"""What lies over the pictures of film: light, grain, blur, writing, what stirs in place, what codecs leave."""

import cv2
import numpy as np

from film.units import SIDE

LUMA = np.float32([0.299, 0.587, 0.114])
THIRD = np.float32([1 / 3, 1 / 3, 1 / 3])


class Light:
    """A part of Film."""

    def _flicker(self, pictures, scale):
        """Leaves, water, flames: a part of the picture that wobbles in place."""
        rng = self.rng
        n, height, width = pictures.shape[:3]
        h, w = int(height * rng.uniform(0.1, 1)), int(width * rng.uniform(0.1, 1))
        y, x = rng.integers(0, height - h + 1), rng.integers(0, width - w + 1)
        soft = np.zeros((h, w), np.float32)
        cv2.ellipse(soft, (w // 2, h // 2), (int(w * 0.35), int(h * 0.35)), 0, 0, 360, 1, -1)
        soft = cv2.blur(soft, (w // 4 + 1, h // 4 + 1))
        gy, gx = np.mgrid[0:h, 0:w].astype(np.float32)
        strength = float(np.exp(rng.uniform(np.log(0.2), np.log(1.6)))) * scale
        cells = int(rng.integers(5, 20))
        for i in range(n):
            push = cv2.resize(rng.standard_normal((cells, cells, 2)).astype(np.float32), (w, h), interpolation=cv2.INTER_CUBIC)
            push *= strength * soft[..., None]
            crop = pictures[i, y:y + h, x:x + w]
            crop[:] = cv2.remap(crop.copy(), gx + push[..., 0], gy + push[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)

    def _overlay(self, pictures, scale):
        """A clock, a station's logo, a line of text: on the picture, not in the place."""
        rng = self.rng
        n, height, width = pictures.shape[:3]
        size = rng.uniform(0.25, 0.6) * scale / 2
        x = int(width * rng.choice([0.02, 0.6]))
        y = int(height * rng.choice([0.08, 0.96]))
        colour = (255, 255, 255) if self._chance(0.7) else tuple(float(c) for c in rng.uniform(0, 255, 3))
        clock = self._chance(0.6)
        second = int(rng.integers(0, 50))
        word = "".join(chr(rng.integers(65, 91)) for _ in range(rng.integers(2, 12)))
        for i in range(n):
            text = f"12:34:{(second + i * 4 // max(4, n)) % 60:02d}" if clock else word
            cv2.putText(pictures[i], text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, size, colour, 1, cv2.LINE_AA)

    def _codec(self, small, strength):
        """What a codec leaves: blocks without news are taken from the frame before, the others lose detail."""
        n, h, w = small.shape[:3]
        out = np.empty_like(small)
        quality = [int(np.clip(95 - strength * 60, 20, 95))]
        last = None
        for i in range(n):
            f = small[i]
            if strength > 0.15:
                ok, code = cv2.imencode(".jpg", f, (cv2.IMWRITE_JPEG_QUALITY, *quality))
                f = cv2.imdecode(code, cv2.IMREAD_COLOR)
            if last is not None:
                news = cv2.absdiff(small[i], last).astype(np.float32) @ THIRD
                bh, bw = -(-h // 8), -(-w // 8)
                padded = np.zeros((bh * 8, bw * 8), np.float32)
                padded[:h, :w] = news
                block = cv2.resize(padded, (bw, bh), interpolation=cv2.INTER_AREA) > 1 + 3.5 * strength
                pick = block.repeat(8, 0).repeat(8, 1)[:h, :w]
                f = cv2.copyTo(f, pick.view(np.uint8), last.copy())
            out[i] = last = f
        return out

    def _fade(self, pictures, truth, shown):
        """Fades to or from black or white; or the light goes on or off at once, which is told as nothing."""
        rng = self.rng
        n = len(pictures)
        begin, end = sorted(rng.uniform(-0.3, 1.3, 2)) if self._chance(0.8) else (0.5, 0.5)
        u = np.clip((np.arange(n) / (n - 1) - begin) / max(0.01, end - begin), 0, 1)
        ramp = (1 - u * rng.uniform(0.7, 1)).astype(np.float32)[::1 if self._chance(0.5) else -1]
        last = 0 if self._chance(0.75) else 255
        range_before = abs(float(pictures.mean()) - last)
        pictures[:] = pictures * ramp[:, None, None, None] + np.float32(last) * (1 - ramp)[:, None, None, None]
        steps = np.diff(ramp[shown])
        clear = len(steps) > 1 and (np.abs(steps) > 0.12).sum() > 1 and np.ptp(ramp[shown]) > 0.5 and range_before > 40 and truth.camera != "cut"
        truth.camera = "unclear" if not clear else "fades in" if steps.sum() > 0 else "fades out"
        truth.movers, truth.text = [], None
        truth.telling -= {"movers", "colour"} if clear else {"camera", "movers", "colour"}

    def _finish(self, pictures, truth, scale, shown):
        """Light, grain, blur, gray: what lies over all of the clip."""
        rng = self.rng
        n = len(pictures)
        same = truth.camera == "same"
        if not same and n > 1 and self._chance(0.06):
            self._fade(pictures, truth, shown)
        gray = self._chance(0.16)
        if gray:
            pictures[:] = (pictures @ LUMA)[..., None]
            if self._chance(0.3):
                pictures *= rng.uniform(0.97, 1.03, 3).astype(np.float32)
        if not same and self._chance(0.12):         # the light changes
            pictures *= np.linspace(1, rng.uniform(0.75, 1.2), n, dtype=np.float32)[:, None, None, None]
        if not same and self._chance(0.15):
            pictures *= rng.normal(1, 0.02, n).astype(np.float32)[:, None, None, None]
        planes = slice(0, 1) if gray or self._chance(0.6) else slice(None)     # of the grain: it has seldom a colour
        r = rng.random()
        if r < 0.05:
            pictures *= np.float32(rng.uniform(4, 16) / max(pictures.mean(), 1))
            truth.state = ("dark",)
        elif r < 0.09:
            pictures *= np.float32(rng.uniform(0.1, 0.4))
            pictures += np.float32(255 * rng.uniform(0.88, 1.0))
            truth.state = ("overexposed",)
        elif r < 0.14:
            sigma = float(rng.uniform(2.6, 6) * scale)
            for p in pictures:
                cv2.GaussianBlur(p, (0, 0), sigma, p)
            truth.state = ("blurred",)
        elif r < 0.18 and not same:
            sigma = rng.uniform(28, 70)
            h, w = pictures.shape[1:3]
            for p in pictures:
                p += cv2.resize(self._grain(SIDE, SIDE)[..., planes] * np.float32(sigma), (w, h), interpolation=cv2.INTER_LINEAR).reshape(h, w, -1)
            truth.state = ("noisy",)
        elif not same and r < 0.75:
            sigma = np.exp(rng.uniform(np.log(0.7), np.log(9)))
            for p in pictures:
                p += self._grain(*p.shape[:2])[..., planes] * np.float32(sigma)
        elif r < 0.85:
            sigma = float(rng.uniform(0.4, 1.2) * scale)
            for p in pictures:
                cv2.GaussianBlur(p, (0, 0), sigma, p)
        if truth.state:
            truth.telling -= {"movers", "camera"}
            truth.text = None
        if set(truth.state) & {"dark", "overexposed"}:
            truth.telling.discard("colour")
        if self._chance(0.2):
            self._overlay(pictures, scale)
            truth.text = truth.text or None
            if same:
                pictures[:] = pictures[0]

    def _grain(self, height, width):
        if height > 500 or width > 500:
            return cv2.resize(self._grain(min(height, 500), min(width, 500)), (width, height))
        y, x = self.rng.integers(0, 512 - height), self.rng.integers(0, 512 - width)
        return self.grain[y:y + height, x:x + width]
