/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was said last, to be told to the model with the next window. */

#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* Of how many windows at most. */
#define GST_LLAMA4_MEMORY_MOST 100

/* One thread at a time. Zeroed: empty. */
typedef struct
{
  GQueue lines;                 /* of char *, the latest last */
} GstLlama4Memory;

void gst_llama4_memory_clear (GstLlama4Memory * self);
void gst_llama4_memory_add (GstLlama4Memory * self, GstClockTime start, GstClockTime end, const char *text);

/* What was said of the last n windows, a line each with its times; NULL when that is nothing. (transfer full) */
char *gst_llama4_memory_tell (const GstLlama4Memory * self, guint n);

G_END_DECLS
