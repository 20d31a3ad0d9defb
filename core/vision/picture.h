/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Picture preparation: canvas choice, resize, padding, tiles, normalisation. */

#pragma once

#include "config/config.h"
#include "tokenizer/chat.h"

/* Where a picture goes: a canvas of grid.rows x grid.cols tiles, filled from the top left. */
typedef struct
{
  L4Grid grid;
  guint width;                  /* pixels of the resized picture on the canvas */
  guint height;
  guint n_tiles;                /* rows * cols, and one for the overview when that is more than one */
} L4Canvas;

/* max_tiles: 1 … config->max_patches. */
void l4_canvas_choose (const L4VisionConfig *config, guint max_tiles, guint width, guint height, L4Canvas *canvas);

/* Writes the normalised tiles of picture: rows by rows, the overview last. */
gboolean l4_picture_prepare (const L4VisionConfig *config, const L4Canvas *canvas, const L4Picture *picture,
    float *tiles /* [n_tiles, 3, image_size, image_size] */ , GError **error);

/* Antialiased bilinear (triangle filter) resize of 8-bit RGB, both passes rounded to 8 bits. */
gboolean l4_picture_resize (const L4Picture *picture, guint width, guint height, guint8 *out /* [height, width, 3] */ ,
    GError **error);

/* The 256 values that 8-bit samples become: reference arithmetic in bfloat16. */
const float *l4_normalisation_table (void);
