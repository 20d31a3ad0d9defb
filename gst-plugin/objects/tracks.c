/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The objects that were seen: how long, the best view of each, which are to be described. */

#include "objects/tracks.h"

#include <math.h>

#include "moments/pick.h"

#define LOOKS_A_SECOND 15
#define MOST_LOOKS 8            /* in one frame */
#define LOOK_EVERY (GST_SECOND / 4)
#define BETTER 1.1              /* than the best promise: looked at right away */
#define WORSE 0.7               /* than that: not at all */
#define EDGE 0.005              /* of the picture: what is nearer to its edge goes on beyond */
#define CUT_OFF 0.5             /* what a view of that is worth */
#define MOST_VIEWS 32           /* pictures that are kept */
#define MOST_FAILURES 3         /* of the model: then it is let be */

typedef struct
{
  guint64 id;
  GstClockTime first, last;     /* when it was seen */
  GstClockTime seen;            /* how long in all */
  GstClockTime ripe;            /* when that was enough; NONE: not yet */
  gint sighting;                /* of the latest frame; -1: not in it */

  GstClockTime looked;          /* at which time last */
  double promise;               /* the best so far, */
  double worth;                 /* and what the best view turned out to be */
  GstLlama4Frame *view;         /* NULL: none, or it was sent */
  GstClockTime time;            /* of it, and what the detector said then */
  GstLlama4Sighting then;

  GstLlama4Object *sent;        /* what came of it is not known yet; or NULL */
  guint n_failures;
  gboolean done;                /* nothing more is to be said of it */
} Track;

struct _GstLlama4Tracks
{
  GArray *tracks;               /* of Track */
  GstClockTime enough;
  GstClockTime now;             /* time of the latest frame, or NONE */
  GArray *sightings;            /* of GstLlama4Sighting; its objects */
  double looks;                 /* that may be taken */
  guint n_missed;
};

static void
track_clear (gpointer data)
{
  Track *track = data;

  g_clear_pointer (&track->view, gst_llama4_frame_unref);
  g_clear_pointer (&track->sent, gst_llama4_object_unref);
}

GstLlama4Tracks *
gst_llama4_tracks_new (void)
{
  GstLlama4Tracks *self = g_new0 (GstLlama4Tracks, 1);

  self->tracks = g_array_new (FALSE, FALSE, sizeof (Track));
  g_array_set_clear_func (self->tracks, track_clear);
  self->sightings = g_array_new (FALSE, FALSE, sizeof (GstLlama4Sighting));
  self->now = GST_CLOCK_TIME_NONE;
  return self;
}

void
gst_llama4_tracks_free (GstLlama4Tracks * self)
{
  if (self == NULL)
    return;
  g_array_unref (self->tracks);
  g_array_unref (self->sightings);
  g_free (self);
}

static Track *
nth (const GstLlama4Tracks * self, guint n)
{
  return &g_array_index (self->tracks, Track, n);
}

static const GstLlama4Sighting *
sighting_of (const GstLlama4Tracks * self, const Track * track)
{
  return &g_array_index (self->sightings, GstLlama4Sighting, track->sighting);
}

/* Seeing ---------------------------------------------------------------------------------------------------------------------- */

/* Finds out what came of what was sent. */
static void
settle (Track * track)
{
  GstLlama4ObjectState state = track->sent != NULL ? gst_llama4_object_get_state (track->sent) : GST_LLAMA4_OBJECT_SENT;

  if (state == GST_LLAMA4_OBJECT_SENT)
    return;
  track->n_failures += state == GST_LLAMA4_OBJECT_FAILED;
  track->done = state == GST_LLAMA4_OBJECT_TOLD || track->n_failures == MOST_FAILURES;
  if (!track->done)
    track->view = gst_llama4_frame_ref (track->sent->view);
  g_clear_pointer (&track->sent, gst_llama4_object_unref);
}

static void
forget (GstLlama4Tracks * self, guint n)
{
  Track *track = nth (self, n);

  settle (track);
  self->n_missed += GST_CLOCK_TIME_IS_VALID (track->ripe) && track->sent == NULL && (!track->done || track->n_failures == MOST_FAILURES);
  g_array_remove_index_fast (self->tracks, n);
}

void
gst_llama4_tracks_reset (GstLlama4Tracks * self, GstClockTime enough)
{
  while (self->tracks->len > 0)
    forget (self, self->tracks->len - 1);
  g_array_set_size (self->sightings, 0);
  self->enough = enough;
  self->now = GST_CLOCK_TIME_NONE;
  self->looks = MOST_LOOKS;
}

static void
forget_old (GstLlama4Tracks * self)
{
  for (guint i = self->tracks->len; i-- > 0;)
    if (self->now > nth (self, i)->last + GST_LLAMA4_FORGOTTEN)
      forget (self, i);
}

static void
forget_oldest (GstLlama4Tracks * self)
{
  guint oldest = 0;

  for (guint i = 1; i < self->tracks->len; i++)
    if (nth (self, i)->last < nth (self, oldest)->last)
      oldest = i;
  forget (self, oldest);
}

static Track *
find (GstLlama4Tracks * self, guint64 id)
{
  Track fresh = { id, self->now, self->now, 0, GST_CLOCK_TIME_NONE, -1 };

  for (guint i = 0; i < self->tracks->len; i++)
    if (nth (self, i)->id == id)
      return nth (self, i);
  if (self->tracks->len == GST_LLAMA4_MOST_TRACKS)
    forget_oldest (self);
  g_array_append_val (self->tracks, fresh);
  return nth (self, self->tracks->len - 1);
}

static void
see_one (GstLlama4Tracks * self, gint sighting)
{
  Track *track = find (self, g_array_index (self->sightings, GstLlama4Sighting, sighting).id);

  if (self->now - track->last <= GST_LLAMA4_AWAY)
    track->seen += self->now - track->last;
  track->last = self->now;
  track->sighting = sighting;
  if (!GST_CLOCK_TIME_IS_VALID (track->ripe) && track->seen >= self->enough)
    track->ripe = self->now;
}

gboolean
gst_llama4_tracks_is_next (const GstLlama4Tracks * self, GstClockTime time)
{
  return !GST_CLOCK_TIME_IS_VALID (self->now) || time > self->now;
}

void
gst_llama4_tracks_see (GstLlama4Tracks * self, const GstLlama4Sighting * sightings, guint n, GstClockTime time)
{
  if (GST_CLOCK_TIME_IS_VALID (self->now))
    self->looks = MIN (self->looks + (double) (time - self->now) * LOOKS_A_SECOND / GST_SECOND, MOST_LOOKS);
  self->now = time;
  g_array_set_size (self->sightings, 0);
  g_array_append_vals (self->sightings, sightings, n);
  forget_old (self);
  for (guint i = 0; i < self->tracks->len; i++) {
    settle (nth (self, i));
    nth (self, i)->sighting = -1;
  }
  for (guint i = 0; i < n; i++)
    see_one (self, i);
}

/* Looking --------------------------------------------------------------------------------------------------------------------- */

static double
promise_of (const GstLlama4Sighting * sighting)
{
  const GstLlama4Region *box = &sighting->box;
  gboolean whole = box->x > EDGE && box->y > EDGE && box->x + box->width < 1 - EDGE && box->y + box->height < 1 - EDGE;

  return (0.01 + sighting->confidence) * sqrt (box->width * box->height) * (whole ? 1 : CUT_OFF);
}

/* By how much a look promises to be better than those before; 0: it is not worth it. */
static double
gain_of (const GstLlama4Tracks * self, const Track * track)
{
  double gain;

  if (track->sighting < 0 || track->done || track->sent != NULL)
    return 0;
  if (track->view == NULL)
    return G_MAXDOUBLE;
  gain = promise_of (sighting_of (self, track)) / track->promise;
  return gain >= BETTER || (gain >= WORSE && self->now >= track->looked + LOOK_EVERY) ? gain : 0;
}

/* What was seen shortly, and not for the longest time, gives its view up for another. FALSE: none does. */
static gboolean
make_room (GstLlama4Tracks * self)
{
  Track *oldest = NULL;
  guint n_views = 0;

  for (guint i = 0; i < self->tracks->len; i++) {
    Track *track = nth (self, i);

    n_views += track->view != NULL;
    if (track->view != NULL && track->sighting < 0 && !GST_CLOCK_TIME_IS_VALID (track->ripe) && (oldest == NULL || track->last < oldest->last))
      oldest = track;
  }
  if (n_views < MOST_VIEWS)
    return TRUE;
  if (oldest != NULL)
    g_clear_pointer (&oldest->view, gst_llama4_frame_unref);
  return oldest != NULL;
}

/* The one whose look promises most, of all or of those that were looked at before; NULL: none is worth it. */
static Track *
find_best (const GstLlama4Tracks * self, gboolean all)
{
  Track *best = NULL;
  double most = 0;

  for (guint i = 0; i < self->tracks->len; i++) {
    double gain = all || nth (self, i)->view != NULL ? gain_of (self, nth (self, i)) : 0;

    if (gain > most) {
      most = gain;
      best = nth (self, i);
    }
  }
  return best;
}

gint
gst_llama4_tracks_next_look (GstLlama4Tracks * self)
{
  Track *best = self->looks >= 1 ? find_best (self, TRUE) : NULL;

  if (best != NULL && best->view == NULL && !make_room (self))
    best = find_best (self, FALSE);
  if (best == NULL)
    return -1;
  self->looks--;
  best->looked = self->now;
  best->promise = best->view != NULL ? MAX (best->promise, promise_of (sighting_of (self, best))) : promise_of (sighting_of (self, best));
  return best->sighting;
}

void
gst_llama4_tracks_look (GstLlama4Tracks * self, gint sighting, GstLlama4Frame * picture)
{
  const GstLlama4Sighting *then = &g_array_index (self->sightings, GstLlama4Sighting, sighting);
  Track *track = find (self, then->id);
  double worth = promise_of (then) * sqrt (1 + gst_llama4_pick_sharpness (&picture->picture));

  if (track->view != NULL && worth <= track->worth)
    return;
  g_clear_pointer (&track->view, gst_llama4_frame_unref);
  track->view = gst_llama4_frame_ref (picture);
  track->worth = worth;
  track->time = self->now;
  track->then = *then;
}

/* Choosing -------------------------------------------------------------------------------------------------------------------- */

static gint
compare_certainty (gconstpointer a, gconstpointer b)
{
  const Track *one = *(Track * const *) a, *other = *(Track * const *) b;

  if (one->then.confidence != other->then.confidence)
    return one->then.confidence > other->then.confidence ? -1 : 1;
  return one->id < other->id ? -1 : one->id > other->id;
}

/* (transfer full) */
static GstLlama4Object *
send (Track * track)
{
  GstLlama4Object *object = gst_llama4_object_new ();

  object->id = track->id;
  object->label = track->then.label;
  object->confidence = track->then.confidence;
  object->box = track->then.box;
  object->time = track->time;
  object->since = track->first;
  object->view = g_steal_pointer (&track->view);
  track->sent = gst_llama4_object_ref (object);
  return object;
}

GPtrArray *
gst_llama4_tracks_choose (GstLlama4Tracks * self, GstClockTime by, guint n)
{
  g_autoptr (GPtrArray) candidates = g_ptr_array_new ();
  GPtrArray *objects = g_ptr_array_new_with_free_func ((GDestroyNotify) gst_llama4_object_unref);

  for (guint i = 0; i < self->tracks->len; i++) {
    Track *track = nth (self, i);

    settle (track);
    if (!track->done && track->sent == NULL && track->view != NULL && track->ripe < by)        /* NONE is the largest */
      g_ptr_array_add (candidates, track);
  }
  g_ptr_array_sort (candidates, compare_certainty);
  for (guint i = 0; i < candidates->len && i < n; i++)
    g_ptr_array_add (objects, send (g_ptr_array_index (candidates, i)));
  return objects;
}

guint
gst_llama4_tracks_take_missed (GstLlama4Tracks * self)
{
  guint n = self->n_missed;

  self->n_missed = 0;
  return n;
}
