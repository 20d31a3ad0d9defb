/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which objects are looked at, when they have been seen long enough, and which are described. */

#include <string.h>

#include "fixture.h"
#include "objects/follow.h"

#define STEP (GST_SECOND / 10)

/* A picture as sharp as the height of its stripes. (transfer full) */
static GstLlama4Frame *
draw (GstClockTime time, guint8 contrast)
{
  GstLlama4Frame *frame = g_new0 (GstLlama4Frame, 1);

  g_atomic_ref_count_init (&frame->references);
  frame->time = time;
  frame->pixels = g_malloc (16 * 16 * 3);
  for (guint i = 0; i < 16 * 16 * 3; i++)
    frame->pixels[i] = i / 3 % 2 == 0 ? contrast : 0;
  frame->picture = (L4Picture) { frame->pixels, 16, 16, 16 * 3 };
  return frame;
}

static GstLlama4Sighting
sight (guint64 id, double confidence, double side)
{
  return (GstLlama4Sighting) { id, "person", confidence, {0.3, 0.3, side, side} };
}

/* Takes all looks that are worth it, and returns how many. */
static guint
look (GstLlama4Tracks * tracks, GstClockTime time, guint8 contrast)
{
  guint n = 0;

  for (gint sighting; (sighting = gst_llama4_tracks_next_look (tracks)) >= 0; n++) {
    GstLlama4Frame *picture = draw (time, contrast);

    gst_llama4_tracks_look (tracks, sighting, picture);
    gst_llama4_frame_unref (picture);
  }
  return n;
}

/* A frame with one object. */
static void
show (GstLlama4Tracks * tracks, GstClockTime time, GstLlama4Sighting sighting, guint8 contrast)
{
  gst_llama4_tracks_see (tracks, &sighting, 1, time);
  look (tracks, time, contrast);
}

/* Those of a window that ends at `by`, as "id@tenths" each. (transfer full) */
static char *
choose (GstLlama4Tracks * tracks, GstClockTime by, guint n, GstLlama4ObjectState state)
{
  g_autoptr (GPtrArray) objects = gst_llama4_tracks_choose (tracks, by, n);
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < objects->len; i++) {
    GstLlama4Object *object = g_ptr_array_index (objects, i);

    g_string_append_printf (text, "%s%u@%u", i > 0 ? " " : "", (guint) object->id, (guint) (object->time / STEP));
    g_assert_cmpuint (object->view->time, ==, object->time);
    gst_llama4_object_set_state (object, state);
  }
  return g_string_free (text, FALSE);
}

static void
assert_chosen (GstLlama4Tracks * tracks, GstClockTime by, guint n, GstLlama4ObjectState state, const char *expected)
{
  g_autofree char *chosen = choose (tracks, by, n, state);

  g_assert_cmpstr (chosen, ==, expected);
}

static GstLlama4Tracks *
make (void)
{
  GstLlama4Tracks *tracks = gst_llama4_tracks_new ();

  gst_llama4_tracks_reset (tracks, GST_SECOND);
  return tracks;
}

static void
test_an_object_is_described_once_when_it_was_seen_long_enough (void)
{
  g_autoptr (GstLlama4Tracks) tracks = make ();

  for (guint i = 0; i < 10; i++)
    show (tracks, i * STEP, sight (7, 0.5, 0.2), 0);
  assert_chosen (tracks, 10 * STEP, 5, GST_LLAMA4_OBJECT_TOLD, "");     /* seen for 0.9 s */
  show (tracks, 10 * STEP, sight (7, 0.5, 0.2), 0);
  assert_chosen (tracks, 10 * STEP, 5, GST_LLAMA4_OBJECT_TOLD, "");     /* the window ended before that */
  assert_chosen (tracks, 11 * STEP, 5, GST_LLAMA4_OBJECT_TOLD, "7@0");
  for (guint i = 11; i < 40; i++)
    show (tracks, i * STEP, sight (7, 0.9, 0.4), 50);
  assert_chosen (tracks, 40 * STEP, 5, GST_LLAMA4_OBJECT_TOLD, "");
  g_assert_cmpuint (gst_llama4_tracks_take_missed (tracks), ==, 0);
}

static void
test_time_in_which_it_was_away_does_not_count (void)
{
  g_autoptr (GstLlama4Tracks) tracks = make ();

  show (tracks, 0, sight (7, 0.5, 0.2), 0);
  show (tracks, 21 * STEP, sight (7, 0.5, 0.2), 0);     /* longer than what detectors leave out */
  assert_chosen (tracks, GST_CLOCK_TIME_NONE, 5, GST_LLAMA4_OBJECT_TOLD, "");
  show (tracks, 26 * STEP, sight (7, 0.5, 0.2), 0);
  show (tracks, 31 * STEP, sight (7, 0.5, 0.2), 0);
  assert_chosen (tracks, 32 * STEP, 5, GST_LLAMA4_OBJECT_TOLD, "7@0");
}

static void
test_an_id_that_was_away_for_long_is_another_object (void)
{
  g_autoptr (GstLlama4Tracks) tracks = make ();
  GstClockTime later = GST_LLAMA4_FORGOTTEN + 2 * GST_SECOND;

  for (guint i = 0; i <= 10; i++)
    show (tracks, i * STEP, sight (7, 0.5, 0.2), 0);
  assert_chosen (tracks, 11 * STEP, 5, GST_LLAMA4_OBJECT_TOLD, "7@0");
  for (guint i = 0; i <= 10; i++)
    show (tracks, later + i * STEP, sight (7, 0.5, 0.2), 0);
  assert_chosen (tracks, later + 11 * STEP, 5, GST_LLAMA4_OBJECT_TOLD, "7@320");
}

/* Of all up to each view. */
static void
test_the_best_view_is_the_surest_largest_whole_and_sharpest (void)
{
  static const struct
  {
    double confidence, side, x;
    guint8 contrast;
    guint best;
  } views[] = {
    {0.5, 0.1, 0.3, 20, 0},
    {0.5, 0.1, 0.3, 19, 0},     /* less sharp */
    {0.5, 0.1, 0.3, 60, 2},     /* sharper */
    {0.9, 0.1, 0.3, 60, 3},     /* surer */
    {0.9, 0.2, 0.3, 60, 4},     /* larger */
    {0.9, 0.2, 0, 60, 4},       /* at the edge */
    {0.9, 0.17, 0.3, 200, 6},   /* a little smaller, and much sharper */
    {0.2, 0.2, 0.3, 250, 6},    /* it may be anything */
  };

  for (guint n = 1; n <= G_N_ELEMENTS (views); n++) {
    g_autoptr (GstLlama4Tracks) tracks = make ();
    g_autofree char *expected = g_strdup_printf ("7@%u", views[n - 1].best * 10);

    for (guint i = 0; i < n; i++) {
      GstLlama4Sighting sighting = sight (7, views[i].confidence, views[i].side);

      sighting.box.x = views[i].x;
      show (tracks, i * GST_SECOND, sighting, views[i].contrast);
    }
    show (tracks, n * GST_SECOND, sight (7, 0.01, 0.001), 0);
    assert_chosen (tracks, GST_CLOCK_TIME_NONE - 1, 5, GST_LLAMA4_OBJECT_TOLD, expected);
  }
}

static void
test_the_surest_go_first_and_the_others_with_the_next_window (void)
{
  const GstLlama4Sighting sightings[] = { sight (1, 0.5, 0.2), sight (2, 0.9, 0.2), sight (3, 0.7, 0.2), sight (4, 0.7, 0.2) };
  g_autoptr (GstLlama4Tracks) tracks = make ();

  for (guint i = 0; i <= 10; i++) {
    gst_llama4_tracks_see (tracks, sightings, G_N_ELEMENTS (sightings), i * STEP);
    look (tracks, i * STEP, 0);
  }
  assert_chosen (tracks, 11 * STEP, 2, GST_LLAMA4_OBJECT_TOLD, "2@0 3@0");
  assert_chosen (tracks, 11 * STEP, 2, GST_LLAMA4_OBJECT_TOLD, "4@0 1@0");
  assert_chosen (tracks, 11 * STEP, 2, GST_LLAMA4_OBJECT_TOLD, "");
}

static void
test_what_is_lost_comes_again_and_what_fails_thrice_is_let_be (void)
{
  g_autoptr (GstLlama4Tracks) tracks = make ();

  for (guint i = 0; i <= 10; i++)
    show (tracks, i * STEP, sight (7, 0.5, 0.2), 0);
  for (guint i = 0; i < 5; i++)
    assert_chosen (tracks, 11 * STEP, 5, GST_LLAMA4_OBJECT_LOST, "7@0");
  assert_chosen (tracks, 11 * STEP, 5, GST_LLAMA4_OBJECT_FAILED, "7@0");
  show (tracks, 11 * STEP, sight (7, 0.9, 0.4), 0);     /* meanwhile there is a better view */
  assert_chosen (tracks, 12 * STEP, 5, GST_LLAMA4_OBJECT_FAILED, "7@11");
  assert_chosen (tracks, 12 * STEP, 5, GST_LLAMA4_OBJECT_FAILED, "7@11");
  assert_chosen (tracks, 12 * STEP, 5, GST_LLAMA4_OBJECT_FAILED, "");
  gst_llama4_tracks_see (tracks, NULL, 0, 20 * GST_SECOND + GST_LLAMA4_FORGOTTEN);
  g_assert_cmpuint (gst_llama4_tracks_take_missed (tracks), ==, 1);
  g_assert_cmpuint (gst_llama4_tracks_take_missed (tracks), ==, 0);
}

/* Forgotten before a window came; the other had not been seen long enough. */
static void
test_what_is_gone_without_being_described_is_counted (void)
{
  g_autoptr (GstLlama4Tracks) tracks = make ();

  for (guint i = 0; i <= 10; i++)
    show (tracks, i * STEP, sight (7, 0.5, 0.2), 0);
  show (tracks, 11 * STEP, sight (8, 0.5, 0.2), 0);
  gst_llama4_tracks_see (tracks, NULL, 0, 2 * GST_SECOND + GST_LLAMA4_FORGOTTEN);
  g_assert_cmpuint (gst_llama4_tracks_take_missed (tracks), ==, 1);
  assert_chosen (tracks, GST_CLOCK_TIME_NONE - 1, 5, GST_LLAMA4_OBJECT_TOLD, "");
}

/* A crowd that changes in every frame, and grows. */
static void
test_looks_are_bounded_whatever_is_detected (void)
{
  g_autoptr (GstLlama4Tracks) tracks = make ();
  GstLlama4Sighting sightings[100];
  guint n = 0, first = 0;

  for (guint frame = 0; frame < 300; frame++) {
    guint looks;

    for (guint i = 0; i < G_N_ELEMENTS (sightings); i++)
      sightings[i] = sight (i + frame / 10 * 50, 0.5 + frame / 1000.0, 0.1 + frame / 400.0);
    gst_llama4_tracks_see (tracks, sightings, G_N_ELEMENTS (sightings), frame * GST_SECOND / 60);
    looks = look (tracks, frame * GST_SECOND / 60, 0);
    g_assert_cmpuint (looks, <=, 8);
    n += looks;
    first += frame == 0 ? looks : 0;
  }
  g_assert_cmpuint (first, ==, 8);
  g_assert_cmpuint (n, <=, 8 + 5 * 15);
  g_assert_cmpuint (n, >=, 60);
}

/* Pictures take memory: so many are kept, and as none is given up the others are looked at again. */
static void
test_so_many_views_are_kept_and_no_more (void)
{
  g_autoptr (GstLlama4Tracks) tracks = make ();
  g_autoptr (GPtrArray) objects = NULL;
  GstLlama4Sighting sightings[100];
  guint n = 0;

  for (guint frame = 0; frame < 100; frame++) {
    for (guint i = 0; i < G_N_ELEMENTS (sightings); i++)
      sightings[i] = sight (i, 0.5, 0.2 + frame / 250.0);
    gst_llama4_tracks_see (tracks, sightings, G_N_ELEMENTS (sightings), frame * GST_SECOND);
    n += look (tracks, frame * GST_SECOND, 0);
  }
  g_assert_cmpuint (n, ==, 800);        /* none of those that may be is left out */
  objects = gst_llama4_tracks_choose (tracks, GST_CLOCK_TIME_NONE - 1, 1000);
  g_assert_cmpuint (objects->len, ==, 32);
  for (guint i = 0; i < 4; i++) {       /* which makes room for others */
    gst_llama4_tracks_see (tracks, sightings, G_N_ELEMENTS (sightings), (100 + i) * GST_SECOND);
    look (tracks, (100 + i) * GST_SECOND, 0);
  }
  g_ptr_array_unref (objects);
  objects = gst_llama4_tracks_choose (tracks, GST_CLOCK_TIME_NONE - 1, 1000);
  g_assert_cmpuint (objects->len, ==, 32);
}

/* One that stands still is looked at now and then, one that comes nearer as it does. */
static void
test_an_object_is_looked_at_again_when_that_may_be_worth_it (void)
{
  g_autoptr (GstLlama4Tracks) tracks = make ();
  GstLlama4Sighting sighting = sight (7, 0.5, 0.2);
  guint still = 0, nearer = 0, worse = 0;

  sighting.box.width = 0.1;
  for (guint i = 0; i < 20; i++) {
    gst_llama4_tracks_see (tracks, &sighting, 1, i * STEP);
    still += look (tracks, i * STEP, 0);
  }
  g_assert_cmpuint (still, ==, 7);      /* every third of frames 0.1 s apart */
  for (guint i = 20; i < 25; i++) {
    sighting.box.width *= 1.3;
    gst_llama4_tracks_see (tracks, &sighting, 1, i * STEP);
    nearer += look (tracks, i * STEP, 0);
  }
  g_assert_cmpuint (nearer, ==, 5);
  sighting.box.width /= 4;
  for (guint i = 25; i < 45; i++) {
    gst_llama4_tracks_see (tracks, &sighting, 1, i * STEP);
    worse += look (tracks, i * STEP, 0);
  }
  g_assert_cmpuint (worse, ==, 0);
}

static void
test_more_objects_than_are_kept_take_the_place_of_the_oldest (void)
{
  g_autoptr (GstLlama4Tracks) tracks = make ();

  for (guint id = 0; id < 1000; id++)
    show (tracks, id * STEP, sight (id, 0.5, 0.2), 0);
  for (guint i = 1; i <= 10; i++)
    show (tracks, (1000 + i) * STEP, sight (999, 0.5, 0.2), 0);
  assert_chosen (tracks, GST_CLOCK_TIME_NONE - 1, 5, GST_LLAMA4_OBJECT_TOLD, "999@999");
}

/* Following ------------------------------------------------------------------------------------------------------------------------ */

typedef struct
{
  const char *label;
  double x, width;
} Seen;

/* The ids of the next frame's objects. */
static void
assert_ids (GstLlama4Follower * follower, GstClockTime time, const Seen * seen, guint n, const char *expected)
{
  g_autoptr (GString) ids = g_string_new (NULL);
  GstLlama4Sighting sightings[200];

  for (guint i = 0; i < n; i++)
    sightings[i] = (GstLlama4Sighting) { 99, seen[i].label, 0.5, {seen[i].x, 0.2, seen[i].width, 0.4} };
  gst_llama4_follower_follow (follower, sightings, n, time);
  for (guint i = 0; i < n; i++)
    g_string_append_printf (ids, "%s%u", i > 0 ? " " : "", (guint) sightings[i].id);
  g_assert_cmpstr (ids->str, ==, expected);
}

static void
test_an_object_is_the_one_that_it_overlaps_most (void)
{
  static const char person[] = "person", car[] = "car";
  g_autoptr (GstLlama4Follower) follower = gst_llama4_follower_new ();

  assert_ids (follower, 0, (Seen[]) { {person, 0.1, 0.2}, {person, 0.5, 0.2} }, 2, "1 2");
  assert_ids (follower, STEP, (Seen[]) { {person, 0.55, 0.2}, {person, 0.15, 0.2} }, 2, "2 1");     /* in another order */
  assert_ids (follower, 2 * STEP, (Seen[]) { {car, 0.55, 0.2} }, 1, "3");       /* something else at that place */
  assert_ids (follower, 3 * STEP, (Seen[]) { {person, 0.2, 0.2}, {person, 0.16, 0.2} }, 2, "4 1");  /* it is only one of them */
  assert_ids (follower, 4 * STEP, (Seen[]) { {person, 0.68, 0.2} }, 1, "5");    /* too far from where 2 was */
  assert_ids (follower, 5 * STEP, (Seen[]) { {car, 0.55, 0.8} }, 1, "6");       /* much larger */
  gst_llama4_follower_reset (follower);
  assert_ids (follower, 0, (Seen[]) { {person, 0.1, 0.2} }, 1, "1");
}

static void
test_who_was_away_for_long_is_followed_no_more (void)
{
  static const char person[] = "person";
  g_autoptr (GstLlama4Follower) follower = gst_llama4_follower_new ();
  const Seen one = { person, 0.1, 0.2 };

  assert_ids (follower, 0, &one, 1, "1");
  assert_ids (follower, GST_LLAMA4_AWAY, &one, 1, "1");
  assert_ids (follower, 2 * GST_LLAMA4_AWAY + 1, &one, 1, "2");
}

int
main (int argc, char **argv)
{
  static const Test tests[] = {
    {"an-object-is-described-once-when-it-was-seen-long-enough", test_an_object_is_described_once_when_it_was_seen_long_enough},
    {"time-in-which-it-was-away-does-not-count", test_time_in_which_it_was_away_does_not_count},
    {"an-id-that-was-away-for-long-is-another-object", test_an_id_that_was_away_for_long_is_another_object},
    {"the-best-view-is-the-surest-largest-whole-and-sharpest", test_the_best_view_is_the_surest_largest_whole_and_sharpest},
    {"the-surest-go-first-and-the-others-with-the-next-window", test_the_surest_go_first_and_the_others_with_the_next_window},
    {"what-is-lost-comes-again-and-what-fails-thrice-is-let-be", test_what_is_lost_comes_again_and_what_fails_thrice_is_let_be},
    {"what-is-gone-without-being-described-is-counted", test_what_is_gone_without_being_described_is_counted},
    {"looks-are-bounded-whatever-is-detected", test_looks_are_bounded_whatever_is_detected},
    {"so-many-views-are-kept-and-no-more", test_so_many_views_are_kept_and_no_more},
    {"an-object-is-looked-at-again-when-that-may-be-worth-it", test_an_object_is_looked_at_again_when_that_may_be_worth_it},
    {"more-objects-than-are-kept-take-the-place-of-the-oldest", test_more_objects_than_are_kept_take_the_place_of_the_oldest},
    {"an-object-is-the-one-that-it-overlaps-most", test_an_object_is_the_one_that_it_overlaps_most},
    {"who-was-away-for-long-is-followed-no-more", test_who_was_away_for_long_is_followed_no_more},
  };

  return run_tests (argc, argv, "tracks", tests, G_N_ELEMENTS (tests));
}
