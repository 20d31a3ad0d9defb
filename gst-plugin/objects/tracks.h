/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The objects that were seen: how long, the best view of each, which are to be described. */

#pragma once

#include "objects/object.h"

G_BEGIN_DECLS

/* An object in a frame. */
typedef struct
{
  guint64 id;
  const char *label;            /* never freed; or NULL */
  double confidence;            /* 0 … 1 */
  GstLlama4Region box;          /* what of it is in the upright picture, in fractions of that */
} GstLlama4Sighting;

/* Times between two frames that both show it count as seen when they are at most GST_LLAMA4_AWAY apart; who was not seen for
 * GST_LLAMA4_FORGOTTEN is another object when the id comes again. Of more than GST_LLAMA4_MOST_TRACKS the one not seen for the longest is
 * forgotten. */
#define GST_LLAMA4_AWAY (2 * GST_SECOND)
#define GST_LLAMA4_FORGOTTEN (30 * GST_SECOND)
#define GST_LLAMA4_MOST_TRACKS 256

/* Used by one thread. */
typedef struct _GstLlama4Tracks GstLlama4Tracks;

GstLlama4Tracks *gst_llama4_tracks_new (void);
void gst_llama4_tracks_free (GstLlama4Tracks * self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstLlama4Tracks, gst_llama4_tracks_free)

/* Forgets all, and what was missed by that counts. enough: for how long an object must have been seen to be described. */
void gst_llama4_tracks_reset (GstLlama4Tracks * self, GstClockTime enough);

/* Whether that time is later than all before. */
gboolean gst_llama4_tracks_is_next (const GstLlama4Tracks * self, GstClockTime time);

/* The next frame, at a later time than all before, shows these n. */
void gst_llama4_tracks_see (GstLlama4Tracks * self, const GstLlama4Sighting * sightings, guint n, GstClockTime time);

/* Which of them it is worth to take a picture of now, or -1; call until then. A view is worth the more the surer the detector is, the larger the
 * object, and when it does not stand at an edge. Looking costs, so it is done at first, when a view promises to be better than those before by a
 * tenth, and every quarter of a second when one may be; all objects together fifteen times a second of stream time, the most promising first. */
gint gst_llama4_tracks_next_look (GstLlama4Tracks * self);

/* What the look showed: of views worth the same the sharper is the better one. (picture: borrowed) */
void gst_llama4_tracks_look (GstLlama4Tracks * self, gint sighting, GstLlama4Frame * picture);

/* Of those that had been seen long enough by that time, and that were not described yet, the n of which the detector is surest, with
 * their best view. What was lost comes again. (transfer full) */
GPtrArray *gst_llama4_tracks_choose (GstLlama4Tracks * self, GstClockTime by, guint n);

/* How many have been seen long enough, and were forgotten without being described, since the last call. */
guint gst_llama4_tracks_take_missed (GstLlama4Tracks * self);

G_END_DECLS
