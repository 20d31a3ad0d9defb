/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Less of a frame, quickly made: fewer rows, bytes for samples of more bits, nothing of what is hidden. */

#pragma once

#include <string.h>

#include <gst/video/video.h>

#include "area.h"

G_BEGIN_DECLS

/* Numbers that need not be aligned. */
static inline guint16
gst_llama4_read_word (const guint8 * at)
{
  guint16 word;

  memcpy (&word, at, sizeof word);
  return word;
}

static inline guint32
gst_llama4_read_32 (const guint8 * at)
{
  guint32 number;

  memcpy (&number, at, sizeof number);
  return GUINT32_FROM_LE (number);
}

#define GST_LLAMA4_CACHE_LINE 64

/* Asks for memory that is read soon: of rows that lie far from one another, as those that are kept do, no processor guesses the
 * next one. */
static inline void
gst_llama4_fetch (const guint8 * at, gsize n)
{
  for (gsize i = 0; i < n; i += GST_LLAMA4_CACHE_LINE)
    __builtin_prefetch (at + i);
}

/* How samples of more than eight bits lie, of formats that can become bytes. */
typedef enum
{
  GST_LLAMA4_AS_IT_IS,          /* it cannot */
  GST_LLAMA4_WORDS,             /* of 16 bits */
  GST_LLAMA4_TENS_IN_32,        /* three in 32 bits, little endian, the first one lowest */
  GST_LLAMA4_TENS_IN_40         /* four in five bytes, the first one lowest */
} GstLlama4Packing;

GstLlama4Packing gst_llama4_thin_packing (const GstVideoFormatInfo * format);

/* The format of the same layout with bytes for samples, of which nothing else is shown; the same when there is none. */
GstVideoFormat gst_llama4_thin_format (const GstVideoFormatInfo * format);

/* Every step-th row of the part (without step: that is a little larger) of a mapped frame, in that format. The part becomes what was
 * taken: whole samples of colour. NULL: no memory. (transfer full) */
GstBuffer *gst_llama4_thin_copy (const GstVideoFrame * frame, GstLlama4Area * part, guint step, GstVideoInfo * info);

/* Whether gst_llama4_thin_wipe() can, in a copy with that format. */
gboolean gst_llama4_thin_can_wipe (const GstVideoFormatInfo * format);

/* Blackens each sample of a copy of whole frames that has anything of what is hidden, or nothing of what is shown. Of the frame's pixels `visible`
 * are turned upright by `orientation`. interlaced: it was before rows were left out. */
void gst_llama4_thin_wipe (GstVideoFrame * copy, guint step, gboolean interlaced, const GstLlama4Area * visible, GstVideoOrientationMethod orientation,
    const GstLlama4Regions * regions);

G_END_DECLS
