/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was said of a window as classes with levels, which every reader of GstAnalytics understands. */

#pragma once

#include <gst/gst.h>

#include "llama4.h"

G_BEGIN_DECLS

/* Classes are named by quarks, which are never freed. A sentence is new each time and would leak: it is no class, and stays in the meta
 * Llama4Description. Classes are what is asked by the user and named beforehand:
 * - every question of `questions`, by its own text, with how likely yes is;
 * - every boolean of a value of `schema`, by its place in it ("gate/locked"), with 1 or 0;
 * - every string that the schema offers there as enum or const, by its place in the value ("gate/state=open"), with 1.
 * Of a name that comes twice, as those in arrays do, the larger level counts: one gate of several that is locked is a locked one.
 * Where neither is set, or when nothing was chosen, there are none. Questions and schemas may change while playing: a process makes no more than
 * GST_LLAMA4_MOST_CLASSES quarks for all its elements; what would be one more is left out. */
#define GST_LLAMA4_MOST_CLASSES 4096

/* Of one window. */
#define GST_LLAMA4_CLASSES_A_WINDOW 64

/* Where GStreamer knows semantic tags, those classes have this one. */
#define GST_LLAMA4_CLASSES_TAG "llama4describe"

/* Zeroed: none. One thread at a time. */
typedef struct
{
  GQuark names[GST_LLAMA4_CLASSES_A_WINDOW];
  gfloat levels[GST_LLAMA4_CLASSES_A_WINDOW];   /* 0 … 1 */
  guint n;
} GstLlama4Classes;

/* Those of a record whose answer follows the schema, or NULL. */
void gst_llama4_classes_read (GstLlama4Classes * self, const L4Record * record, const char *schema);

/* Puts them on the buffer as one GstAnalyticsClsMtd, beside what is there; nothing when there are none, or where this was built without
 * GStreamer's analytics library. (transfer full) */
GstBuffer *gst_llama4_classes_attach (const GstLlama4Classes * self, GstBuffer * buffer);

G_END_DECLS
