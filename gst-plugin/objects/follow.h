/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ids for objects that no tracker knows, by where they are. */

#pragma once

#include "objects/tracks.h"

G_BEGIN_DECLS

/* An object is the one with the same label whose box it overlaps most, by GST_LLAMA4_OVERLAP of both together or more, in a frame not
 * GST_LLAMA4_AWAY before. Who moves by most of its size from one frame to the next, or walks behind another, is a new one: a tracker can do better.
 * Ids are counted from 1. Used by one thread. */
#define GST_LLAMA4_OVERLAP 0.3

typedef struct _GstLlama4Follower GstLlama4Follower;

GstLlama4Follower *gst_llama4_follower_new (void);
void gst_llama4_follower_free (GstLlama4Follower * self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstLlama4Follower, gst_llama4_follower_free)

void gst_llama4_follower_reset (GstLlama4Follower * self);

/* Gives ids to the n objects of the next frame. */
void gst_llama4_follower_follow (GstLlama4Follower * self, GstLlama4Sighting * sightings, guint n, GstClockTime time);

G_END_DECLS
