/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ids for objects that no tracker knows, by where they are. */

#include "objects/follow.h"

typedef struct
{
  GstLlama4Sighting seen;       /* last, */
  GstClockTime time;            /* at that time */
  gboolean taken;               /* by an object of the present frame */
} Known;

/* One that may be another. */
typedef struct
{
  guint known, sighting;
  double overlap;
} Pair;

struct _GstLlama4Follower
{
  GArray *known;                /* of Known */
  guint64 latest;               /* id */
};

GstLlama4Follower *
gst_llama4_follower_new (void)
{
  GstLlama4Follower *self = g_new0 (GstLlama4Follower, 1);

  self->known = g_array_new (FALSE, FALSE, sizeof (Known));
  return self;
}

void
gst_llama4_follower_free (GstLlama4Follower * self)
{
  if (self == NULL)
    return;
  g_array_unref (self->known);
  g_free (self);
}

void
gst_llama4_follower_reset (GstLlama4Follower * self)
{
  g_array_set_size (self->known, 0);
  self->latest = 0;
}

static Known *
nth (const GstLlama4Follower * self, guint n)
{
  return &g_array_index (self->known, Known, n);
}

/* What two share, of both together: 0 … 1. */
static double
overlap_of (const GstLlama4Sighting * one, const GstLlama4Sighting * other)
{
  GstLlama4Region shared = one->box;
  double both;

  if (one->label != other->label || !gst_llama4_region_clip (&shared, &other->box))
    return 0;
  both = one->box.width * one->box.height + other->box.width * other->box.height;
  return shared.width * shared.height / (both - shared.width * shared.height);
}

static gint
compare_pairs (gconstpointer a, gconstpointer b)
{
  const Pair *one = a, *other = b;

  return one->overlap > other->overlap ? -1 : one->overlap < other->overlap;
}

/* Those that may be the same, the likeliest first. (transfer full) */
static GArray *
pair_up (const GstLlama4Follower * self, const GstLlama4Sighting * sightings, guint n)
{
  GArray *pairs = g_array_new (FALSE, FALSE, sizeof (Pair));

  for (guint i = 0; i < self->known->len; i++)
    for (guint j = 0; j < n; j++) {
      Pair pair = { i, j, overlap_of (&nth (self, i)->seen, &sightings[j]) };

      if (pair.overlap >= GST_LLAMA4_OVERLAP)
        g_array_append_val (pairs, pair);
    }
  g_array_sort (pairs, compare_pairs);  /* stable: of equal ones the first */
  return pairs;
}

static void
forget_old (GstLlama4Follower * self, GstClockTime time)
{
  for (guint i = self->known->len; i-- > 0;)
    if (time > nth (self, i)->time + GST_LLAMA4_AWAY)
      g_array_remove_index (self->known, i);
    else
      nth (self, i)->taken = FALSE;
}

void
gst_llama4_follower_follow (GstLlama4Follower * self, GstLlama4Sighting * sightings, guint n, GstClockTime time)
{
  g_autoptr (GArray) pairs = NULL;

  forget_old (self, time);
  for (guint i = 0; i < n; i++)
    sightings[i].id = 0;
  pairs = pair_up (self, sightings, n);
  for (guint i = 0; i < pairs->len; i++) {
    const Pair *pair = &g_array_index (pairs, Pair, i);
    Known *known = nth (self, pair->known);

    if (known->taken || sightings[pair->sighting].id != 0)
      continue;
    sightings[pair->sighting].id = known->seen.id;
    *known = (Known) { sightings[pair->sighting], time, TRUE };
  }
  for (guint i = 0; i < n; i++)
    if (sightings[i].id == 0) {
      Known fresh = { sightings[i], time, TRUE };

      sightings[i].id = fresh.seen.id = ++self->latest;
      if (self->known->len == GST_LLAMA4_MOST_TRACKS)
        g_array_remove_index (self->known, 0);
      g_array_append_val (self->known, fresh);
    }
}
