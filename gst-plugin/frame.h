/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sampled frames: small upright RGB copies of what the decoder gave. */

#pragma once

#include <gst/video/video.h>

#include "llama4.h"

G_BEGIN_DECLS

/* Immutable, reference counted. Holds no buffer of the stream. */
typedef struct
{
  gatomicrefcount references;
  GstClockTime time;            /* stream time */
  L4Picture picture;
  guint8 *pixels;               /* [height, stride], owned */
} GstLlama4Frame;

GstLlama4Frame *gst_llama4_frame_ref (GstLlama4Frame * self);
void gst_llama4_frame_unref (GstLlama4Frame * self);

/* Converts and scales frames; keeps its tables as long as sizes and formats stay. Used by one thread. */
typedef struct _GstLlama4Copier GstLlama4Copier;

GstLlama4Copier *gst_llama4_copier_new (void);
void gst_llama4_copier_free (GstLlama4Copier * self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstLlama4Copier, gst_llama4_copier_free)

/* The picture in buffer as a viewer sees it (cropped, with square pixels, turned by `orientation`), at the size at which model
 * looks at it. NULL and a message in *problem (transfer full) when that cannot be. (transfer full) */
GstLlama4Frame *gst_llama4_copier_copy (GstLlama4Copier * self, const GstVideoInfo * info, GstBuffer * buffer,
    GstVideoOrientationMethod orientation, const L4Model * model, guint max_tiles, GstClockTime time, char **problem);

G_END_DECLS
