# SPDX-License-Identifier: LGPL-2.1-or-later
"""What film is measured by, whatever the size of the pictures that the model sees."""

SIDE = 112          # units that the longer side of a picture has; film is drawn with `scale` pixels to each
