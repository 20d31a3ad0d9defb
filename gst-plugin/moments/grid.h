/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers for every cell of a glance, and what they say together. All for any thread. */

#pragma once

#include "moments/glance.h"

G_BEGIN_DECLS

#define GST_LLAMA4_GRID_CELLS (GST_LLAMA4_GLANCE_WIDTH * GST_LLAMA4_GLANCE_HEIGHT)

/* Of -255 … 255. */
gint gst_llama4_grid_median (const gint16 * values, guint n);

/* How many cells of a grid of that width are marked and have a marked neighbour beside, above or below. */
guint gst_llama4_grid_clustered (const guint8 * marks, guint width, guint height);

G_END_DECLS
