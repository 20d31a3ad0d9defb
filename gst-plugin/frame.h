/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sampled frames: small upright RGB copies of what the decoder gave, or drafts that can become such. */

#pragma once

#include <gst/video/video.h>

#include "llama4.h"
#include "regions.h"

G_BEGIN_DECLS

/* A copy of a stream's frame of which most rows are left out, quickly made, in its own format. */
typedef struct _GstLlama4Draft GstLlama4Draft;

/* Reference counted. Holds no buffer of the stream. Immutable once it is no draft. */
typedef struct
{
  gatomicrefcount references;
  GstClockTime time;            /* stream time */
  L4Picture picture;
  guint8 *pixels;               /* [height, stride], owned */
  GstLlama4Draft *draft;        /* instead of a picture, or NULL */
} GstLlama4Frame;

GstLlama4Frame *gst_llama4_frame_ref (GstLlama4Frame * self);
void gst_llama4_frame_unref (GstLlama4Frame * self);

/* Converts and scales frames; keeps its tables as long as sizes and formats stay. Used by one thread. */
typedef struct _GstLlama4Copier GstLlama4Copier;

GstLlama4Copier *gst_llama4_copier_new (void);
void gst_llama4_copier_free (GstLlama4Copier * self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstLlama4Copier, gst_llama4_copier_free)

/* What is shown of frames from now on, the rest being cut off or black before anything of it is kept. (borrowed) */
void gst_llama4_copier_set_regions (GstLlama4Copier * self, const GstLlama4Regions * regions);

/* Whether drafts keep twice as many rows as pictures have: for who shows nothing else. At first they do not. */
void gst_llama4_copier_set_fine (GstLlama4Copier * self, gboolean fine);

/* The picture in buffer as a viewer sees it (cropped, with square pixels, turned by `orientation`), at the size at which model
 * looks at it. NULL and a message in *problem (transfer full) when that cannot be. (transfer full) */
GstLlama4Frame *gst_llama4_copier_copy (GstLlama4Copier * self, const GstVideoInfo * info, GstBuffer * buffer,
    GstVideoOrientationMethod orientation, const L4Model * model, guint max_tiles, GstClockTime time, char **problem);

/* The same as a draft: quick, as most are never looked at. A picture where something is hidden. (transfer full) */
GstLlama4Frame *gst_llama4_copier_draft (GstLlama4Copier * self, const GstVideoInfo * info, GstBuffer * buffer,
    GstVideoOrientationMethod orientation, const L4Model * model, guint max_tiles, GstClockTime time, char **problem);

/* The same of a part of the picture that lies within what is shown. (transfer full) */
GstLlama4Frame *gst_llama4_copier_crop (GstLlama4Copier * self, const GstVideoInfo * info, GstBuffer * buffer,
    GstVideoOrientationMethod orientation, const GstLlama4Region * part, const L4Model * model, guint max_tiles, GstClockTime time,
    char **problem);

/* Where a rectangle of the buffer's pixels is to be seen in that picture; it may reach beyond its edges. */
GstLlama4Region gst_llama4_frame_place (const GstVideoInfo * info, GstBuffer * buffer, GstVideoOrientationMethod orientation,
    const GstLlama4Region * pixels);

/* Makes the picture of a draft; nothing of what is none. FALSE and a message in *problem (transfer full) when that cannot be. */
gboolean gst_llama4_copier_develop (GstLlama4Copier * self, GstLlama4Frame * frame, char **problem);

G_END_DECLS
