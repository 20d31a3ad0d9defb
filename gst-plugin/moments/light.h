/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Another light on the same scene. */

#pragma once

#include "moments/glance.h"

G_BEGIN_DECLS

/* What makes the one the other as a camera's exposure does: after = gain * before + offset. */
typedef struct
{
  double gain, offset;
} GstLlama4Light;

/* Of n <= GST_LLAMA4_GRID_CELLS cells, of which those that show something else are left out. Any thread. */
GstLlama4Light gst_llama4_light_fit (const guint8 * before, const guint8 * after, guint n);

G_END_DECLS
