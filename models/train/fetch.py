# SPDX-License-Identifier: LGPL-2.1-or-later
"""Fetches the photographs, cut-out things and fonts of the training from Debian's packages, and packs them small.

python3 fetch.py CACHE

CACHE/debs and CACHE/assets take the packages, CACHE/stock.npz what the training reads: photographs of at most 720 x 512, things
with transparency of at most 128 x 128, letters of fonts. Needs apt-get and dpkg-deb with the lists of a Debian 13, python3-opencv and python3-pil.
Nothing of this is published: only the weights have seen it.
"""

import re
import subprocess
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from film.stock import held_out
from film.writing import BASE, LETTERS, RISE, SIDE

# Licences, by the packages' copyright files: CC0, CC-BY, CC-BY-SA, GPL, LGPL, Apache-2.0, BSD, OFL, Free Art License, public domain.
PACKAGES = {
    "0ad-data": "0.27.0-1", "budgie-backgrounds": "3.0-1", "flightgear-data-models": "1:2020.3.19+dfsg-1",
    "fonts-noto-color-emoji": "2.051-0+deb13u1", "lomiri-wallpapers-16.04": "20.04.0-4", "lomiri-wallpapers-20.04": "20.04.0-4",
    "budgie-control-center-data": "1.4.0-5.1", "mate-backgrounds": "1.26.0-1", "openclipart-png": "1:0.18+dfsg-19", "opencv-doc": "4.10.0+dfsg-5",
    "plasma-workspace-wallpapers": "4:6.3.4-1", "python3-skimage": "0.25.2-2", "stellarium-data": "24.3-1",
    "torcs-data": "1.3.7+dfsg-5", "trigger-rally-data": "0.6.6.1-4", "tuxpaint-stamps-default": "2025.03.31-1",
    "ukui-wallpapers": "20.04.3-1.1", "wordpress-theme-twentytwentyfive": "6.8.12+dfsg1-0+deb13u1",
}
FONTS = {
    "fonts-bebas-neue": "3.0-2", "fonts-breip": "1:0.5.1-3", "fonts-cabin": "1.5-3", "fonts-comfortaa": "3.001-4",
    "fonts-courier-prime": "0+git20190115-4", "fonts-dejavu-core": "2.37-8", "fonts-dustin": "20030517-14",
    "fonts-ebgaramond": "0.016+git20210310.42d4f9f2-1", "fonts-freefont-ttf": "20211204+svn4273-2", "fonts-gfs-didot": "1.1-7",
    "fonts-hack": "3.003-3", "fonts-humor-sans": "1.0-4", "fonts-isabella": "1.202-4", "fonts-kristi": "20101220-1", "fonts-lato": "2.015-1",
    "fonts-league-spartan": "2.210-2", "fonts-liberation": "1:2.1.5-3", "fonts-linuxlibertine": "5.3.0-6", "fonts-lobster": "2.0-2.1",
    "fonts-lobstertwo": "2.0-2.1", "fonts-ocr-a": "1.0-11", "fonts-oldstandard": "2.2really-4", "fonts-open-sans": "1.11-2",
    "fonts-play": "1.002+20150307.1-0.1", "fonts-quicksand": "0.2016-2.1", "fonts-roboto-unhinted": "2:0~20170802-4",
    "fonts-rufscript": "010-6", "fonts-texgyre": "20180621-6", "fonts-tomsontalks": "1.1-10", "fonts-urw-base35": "20200910-8",
    "fonts-vollkorn": "4.105-3",
}
SIGNS = ("D050000L", "StandardSymbolsPS")       # fonts without letters
WEIGHTS = 4         # fonts of a family
# Frames of opencv-doc's videos, which are kept for the judgement; pictures of people whose licence is not clear.
KEPT_OUT = ("Background_Subtraction", "res_mog", "resframe", "resmog", "resgmg", "vtest", "VideoDemo", "Megamind", "tree", "demo.jpg",
            "fsrcnnOutput", "lena", "messi")
# Whose pictures are no photographs, but things cut out and the textures of games.
DRAWN = ("0ad-data", "flightgear-data-models", "openclipart-png", "torcs-data", "trigger-rally-data", "tuxpaint-stamps-default")
CLIP_ART = 1500


def fetch(cache):
    debs = cache / "debs"
    for folder in (debs, cache / "assets"):
        folder.mkdir(parents=True, exist_ok=True)
    for package, version in (PACKAGES | FONTS).items():
        target = cache / "assets" / package
        if target.exists():
            continue
        if not list(debs.glob(f"{package}_*.deb")):
            subprocess.run(["apt-get", "download", f"{package}={version}"], cwd=debs, check=True)
        part = target.with_name(f".{package}.part")
        subprocess.run(["dpkg-deb", "-x", str(next(debs.glob(f"{package}_*.deb"))), str(part)], check=True)
        part.rename(target)


def shrunk(picture, width, height):
    scale = min(width / picture.shape[1], height / picture.shape[0], 1)
    size = max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def size(path):
    return path.stat().st_size


def photographs(assets):
    """Name and picture; of a wallpaper in several sizes, which stand in a folder "images" of its own, one."""
    seen = set()
    for path in sorted(p for p in assets.rglob("*") if p.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp")):
        package = path.relative_to(assets).parts[0]
        drawn = package in DRAWN
        drawn |= package == "stellarium-data" and "landscapes" not in path.parts
        again = path.parent.name == "images_dark" or path.parent.name == "images" and path != max(path.parent.iterdir(), key=size)
        small = path.stat().st_size < 30000 or path.name == "screenshot.png" or path.name == "screenshot.jpg"
        if drawn or small or again or any(word in path.name for word in KEPT_OUT):
            continue
        picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if picture is None or min(picture.shape[:2]) < 200:
            continue
        picture = shrunk(picture, 720, 512) if picture.shape[1] >= picture.shape[0] else shrunk(picture, 512, 720)
        mark = cv2.resize(picture, (6, 6), interpolation=cv2.INTER_AREA).tobytes()
        if mark not in seen and min(picture.shape[:2]) >= 150:
            seen.add(mark)
            group = path.parents[2] if path.parent.name == "images" else path.parent
            yield f"photo/{package}/{group.name}/{path.name}", picture[:, :, ::-1]


def trimmed(rgba):
    ys, xs = np.nonzero(rgba[:, :, 3] > 20)
    if len(ys) < 200:
        return None
    rgba = rgba[ys.min():ys.max() + 1, xs.min():xs.max() + 1]
    full = (rgba[:, :, 3] > 128).mean()
    if min(rgba.shape[:2]) < 24 or full < 0.12 or full > 0.97:
        return None
    premultiplied = rgba.astype(np.float32)
    premultiplied[:, :, :3] *= premultiplied[:, :, 3:] / 255
    return np.clip(shrunk(premultiplied, 128, 128) + 0.5, 0, 255).astype(np.uint8)


def things(assets):
    """Name and RGBA with the colours multiplied by the alpha."""
    stamps = [p for p in (assets / "tuxpaint-stamps-default").rglob("*.png")
              if not {"alphabets", "money", "math", "symbols"} & set(p.parts)]
    art = sorted((assets / "openclipart-png").rglob("*.png"), key=lambda p: zlib.crc32(p.name.encode()))[:CLIP_ART]
    for path in sorted(stamps) + art:
        picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        if picture is not None and picture.dtype == np.uint8 and picture.ndim == 3 and picture.shape[2] == 4:
            rgba = trimmed(picture[:, :, [2, 1, 0, 3]])
            if rgba is not None:
                yield f"thing/{path.relative_to(assets).parts[0]}/{path.parent.name}/{path.name}", rgba
    font = ImageFont.truetype(str(next((assets / "fonts-noto-color-emoji").rglob("*.ttf"))), 109)
    for code in list(range(0x1F400, 0x1F440)) + list(range(0x1F680, 0x1F6A5)) + list(range(0x1F980, 0x1F9AF)) + \
            [0x1F6B6, 0x1F3C3, 0x1F483, 0x1F57A, 0x1F468, 0x1F469, 0x1F474, 0x1F475, 0x1F6B4, 0x1F3C7, 0x1F9CD, 0x1F9D1]:
        canvas = Image.new("RGBA", (136, 128))
        ImageDraw.Draw(canvas).text((0, 0), chr(code), font=font, embedded_color=True)
        rgba = trimmed(np.asarray(canvas))
        if rgba is not None:
            yield f"thing/emoji/{code:x}", rgba


def letters(assets):
    """Family and name of a font, and its letters: uint8 [LETTERS, SIDE, SIDE]."""
    families = {}
    for package in FONTS:
        for path in sorted(p for p in (assets / package).rglob("*") if p.suffix in (".ttf", ".otf") and p.is_file() and p.stem not in SIGNS):
            families.setdefault(f"{package}/{re.match('[A-Za-z0-9]+', path.stem)[0]}", []).append(path)
    for family, paths in families.items():
        for path in paths[:WEIGHTS]:
            font = ImageFont.truetype(str(path), SIDE)
            top, bottom = font.getbbox("H", anchor="ls")[1::2]
            font = ImageFont.truetype(str(path), round(SIDE * RISE / max(1, bottom - top)))
            drawn = []
            for letter in LETTERS:
                canvas = Image.new("L", (SIDE, SIDE))
                ImageDraw.Draw(canvas).text((2, BASE), letter, 255, font, "ls")
                drawn.append(np.asarray(canvas))
            if (drawn[0] != drawn[1]).any():        # it has Latin letters
                yield family, f"{family}/{path.stem}", np.stack(drawn)


def main():
    cache = Path(sys.argv[1])
    fetch(cache)
    stock = {}
    for name, picture in (*photographs(cache / "assets"), *things(cache / "assets")):
        stock[("held/" if held_out(name) else "free/") + name] = picture
    for family, name, drawn in letters(cache / "assets"):
        stock[f"{'held' if held_out(family) else 'free'}/font/{name}"] = drawn
    np.savez(cache / "stock.npz", **stock)
    for part in ("free/photo", "held/photo", "free/thing", "held/thing", "free/font", "held/font"):
        print(part, sum(name.startswith(part) for name in stock))


if __name__ == "__main__":
    main()
