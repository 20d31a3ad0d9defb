/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sampling by time stamps, and the prompt of a window. */

#include "prompt.h"
#include "window.h"

static GstLlama4Frame *
frame_at (GstClockTime time)
{
  GstLlama4Frame *frame = g_new0 (GstLlama4Frame, 1);

  g_atomic_ref_count_init (&frame->references);
  frame->time = time;
  return frame;
}

/* Runs frames at `interval` from `from` to `to` through a sampler; the windows that come out, the drained ones last. */
static GPtrArray *
sample (GstClockTime length, GstClockTime overlap, guint n_frames, GstClockTime from, GstClockTime to, GstClockTime interval)
{
  g_autoptr (GstLlama4Sampler) sampler = gst_llama4_sampler_new ();
  GPtrArray *windows = g_ptr_array_new_with_free_func ((GDestroyNotify) gst_llama4_window_free);
  GstLlama4Window *window;

  gst_llama4_sampler_set (sampler, length, overlap, n_frames, 0);
  for (GstClockTime time = from; time < to; time += interval) {
    while ((window = gst_llama4_sampler_advance (sampler, time)) != NULL)
      g_ptr_array_add (windows, window);
    if (gst_llama4_sampler_wants (sampler, time, interval))
      gst_llama4_sampler_take (sampler, frame_at (time));
  }
  while ((window = gst_llama4_sampler_drain (sampler, to)) != NULL)
    g_ptr_array_add (windows, window);
  return windows;
}

static GstClockTime
time_of (const GstLlama4Window * window, guint index)
{
  return ((GstLlama4Frame *) g_ptr_array_index (window->frames, index))->time;
}

static void
test_frames_are_spread_from_first_to_last (void)
{
  static const GstClockTime intervals[] = { GST_SECOND / 60, GST_SECOND / 25, GST_SECOND / 10, GST_SECOND / 4 };

  for (guint i = 0; i < G_N_ELEMENTS (intervals); i++) {
    GstClockTime interval = intervals[i];
    g_autoptr (GPtrArray) windows = sample (4 * GST_SECOND, 0, 4, 0, 12 * GST_SECOND, interval);

    g_assert_cmpuint (windows->len, ==, 3);
    for (guint w = 0; w < 3; w++) {
      const GstLlama4Window *window = g_ptr_array_index (windows, w);
      GstClockTime span = 4 * GST_SECOND - interval;

      g_assert_cmpuint (window->frames->len, ==, 4);
      for (guint f = 0; f < 4; f++) {
        GstClockTime wanted = window->start + span * f / 3;

        g_assert_cmpint (ABS ((gint64) time_of (window, f) - (gint64) wanted), <=, (gint64) interval);
      }
    }
  }
}

/* Those that are sure to be shown come whenever they do, and the last of a window that ends early is near its end. */
static void
test_what_is_not_sure_to_be_shown_is_taken_so_far_apart (void)
{
  const GstClockTime apart = GST_SECOND / 10, interval = GST_SECOND / 100;
  g_autoptr (GstLlama4Sampler) sampler = gst_llama4_sampler_new ();
  g_autoptr (GstLlama4Window) window = NULL;
  GstClockTime latest = GST_CLOCK_TIME_NONE;
  guint n = 0, n_placed = 0;

  gst_llama4_sampler_set (sampler, 4 * GST_SECOND, 0, 4, 0);
  gst_llama4_sampler_set_apart (sampler, apart);
  for (GstClockTime time = 0; time < 3 * GST_SECOND; time += interval) {
    GstLlama4Role role = gst_llama4_sampler_wants (sampler, time, interval);

    if (role == GST_LLAMA4_UNWANTED)
      continue;
    g_assert_true (role == GST_LLAMA4_PLACE || time - latest >= apart);
    gst_llama4_sampler_take (sampler, frame_at (time));
    latest = time;
    n++;
    n_placed += role == GST_LLAMA4_PLACE;
  }
  g_assert_cmpuint (n_placed, ==, 3);
  g_assert_cmpuint (n, >=, 29);
  g_assert_cmpuint (n, <=, 33);
  window = gst_llama4_sampler_drain (sampler, 3 * GST_SECOND);
  g_assert_cmpuint (window->frames->len, ==, 4);
  g_assert_cmpuint (time_of (window, 0), ==, 0);
  g_assert_cmpuint (time_of (window, 3), ==, latest);
  g_assert_cmpuint (latest + apart, >=, 3 * GST_SECOND);
}

static void
test_a_video_slower_than_the_sampling_shows_each_frame_once (void)
{
  g_autoptr (GPtrArray) windows = sample (4 * GST_SECOND, 0, 8, 0, 8 * GST_SECOND, 2 * GST_SECOND);

  g_assert_cmpuint (windows->len, ==, 2);
  for (guint w = 0; w < 2; w++) {
    const GstLlama4Window *window = g_ptr_array_index (windows, w);

    g_assert_cmpuint (window->frames->len, ==, 2);
    g_assert_cmpuint (time_of (window, 0), ==, w * 4 * GST_SECOND);
    g_assert_cmpuint (time_of (window, 1), ==, w * 4 * GST_SECOND + 2 * GST_SECOND);
  }
}

static void
test_the_last_window_ends_with_the_stream (void)
{
  g_autoptr (GPtrArray) windows = sample (4 * GST_SECOND, 0, 4, GST_SECOND, 7 * GST_SECOND, GST_SECOND / 25);
  const GstLlama4Window *last = g_ptr_array_index (windows, 1);

  g_assert_cmpuint (windows->len, ==, 2);
  g_assert_cmpuint (last->start, ==, 5 * GST_SECOND);
  g_assert_cmpuint (last->end, ==, 7 * GST_SECOND);
  g_assert_cmpuint (last->frames->len, >=, 2);
}

/* Of whatever length a stream is, nobody knew it before. */
static void
test_a_window_cut_short_shows_as_many_frames_spread_over_it (void)
{
  static const guint lengths[] = { 4, 5, 7, 14, 36, 50, 77, 100, 119 };

  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
    for (guint n_frames = 2; n_frames <= 8; n_frames += 3) {
      const GstClockTime interval = GST_SECOND / 30, last = (lengths[i] - 1) * interval;
      g_autoptr (GPtrArray) windows = sample (4 * GST_SECOND, 0, n_frames, 0, lengths[i] * interval, interval);
      const GstLlama4Window *window = g_ptr_array_index (windows, 0);
      guint n = MIN (n_frames, lengths[i]);

      g_assert_cmpuint (windows->len, ==, 1);
      g_assert_cmpuint (window->frames->len, ==, n);
      g_assert_cmpuint (time_of (window, 0), ==, 0);
      g_assert_cmpuint (time_of (window, n - 1), ==, last);
      for (guint f = 1; f < n; f++) {
        g_assert_cmpuint (time_of (window, f), >, time_of (window, f - 1));
        g_assert_cmpint (ABS ((gint64) time_of (window, f) - (gint64) (last * f / (n - 1))), <=, (gint64) (last / (n - 1) / 2 + interval));
      }
    }
}

static void
test_where_the_end_is_known_frames_are_spread_until_there (void)
{
  g_autoptr (GstLlama4Sampler) sampler = gst_llama4_sampler_new ();
  g_autoptr (GstLlama4Window) window = NULL;
  const GstClockTime interval = GST_SECOND / 25;
  guint n_places = 0;

  gst_llama4_sampler_set (sampler, 4 * GST_SECOND, 0, 4, 0);
  gst_llama4_sampler_set_end (sampler, 31 * interval);
  for (guint i = 0; i < 31; i++) {
    GstLlama4Role role = gst_llama4_sampler_wants (sampler, i * interval, interval);

    n_places += role == GST_LLAMA4_PLACE;
    g_assert_cmpint (role == GST_LLAMA4_PLACE, ==, i % 10 == 0);
    if (role != GST_LLAMA4_UNWANTED)
      gst_llama4_sampler_take (sampler, frame_at (i * interval));
  }
  g_assert_cmpuint (n_places, ==, 4);
  window = gst_llama4_sampler_drain (sampler, 31 * interval);
  g_assert_cmpuint (window->frames->len, ==, 4);
  for (guint f = 0; f < 4; f++)
    g_assert_cmpuint (time_of (window, f), ==, 10 * f * interval);
}

/* Few are kept of any window, however long. */
static void
test_the_reserve_is_thinned_as_the_window_lasts (void)
{
  g_autoptr (GstLlama4Roll) roll = gst_llama4_roll_new (4);
  g_autoptr (GPtrArray) chosen = NULL;
  guint n = 0;

  for (GstClockTime time = 0; time < 3600 * GST_SECOND; time += GST_SECOND / 25)
    if (gst_llama4_roll_wants (roll, time, GST_SECOND / 25)) {
      GstLlama4Frame *frame = frame_at (time);

      gst_llama4_roll_add (roll, frame, GST_LLAMA4_RESERVE);
      gst_llama4_frame_unref (frame);
      n++;
    }
  g_assert_cmpuint (n, <, 100);
  chosen = gst_llama4_roll_choose (roll, FALSE);
  g_assert_cmpuint (chosen->len, ==, 4);
}

/* A cut at each of these frames of 25 a second, found two frames later; the windows that come out. */
static GPtrArray *
sample_cuts (GstClockTime overlap, guint n, const guint * at)
{
  const GstClockTime interval = GST_SECOND / 25;
  g_autoptr (GstLlama4Sampler) sampler = gst_llama4_sampler_new ();
  GPtrArray *windows = g_ptr_array_new_with_free_func ((GDestroyNotify) gst_llama4_window_free);
  GstLlama4Window *window;

  gst_llama4_sampler_set (sampler, 4 * GST_SECOND, overlap, 4, GST_SECOND / 2);
  for (guint i = 0; i < n; i++) {
    guint cut = *at;
    gboolean doubtful = i >= cut && i < cut + 2;

    if (i == cut + 2) {
      gst_llama4_sampler_cut (sampler, cut * interval);
      at++;
    }
    gst_llama4_sampler_doubt (sampler, doubtful ? cut * interval : GST_CLOCK_TIME_NONE);
    while ((window = gst_llama4_sampler_advance (sampler, doubtful ? cut * interval : i * interval)) != NULL)
      g_ptr_array_add (windows, window);
    if (gst_llama4_sampler_wants (sampler, i * interval, interval) != GST_LLAMA4_UNWANTED)
      gst_llama4_sampler_take (sampler, frame_at (i * interval));
  }
  while ((window = gst_llama4_sampler_drain (sampler, n * interval)) != NULL)
    g_ptr_array_add (windows, window);
  return windows;
}

static void
assert_windows (GPtrArray * windows, guint n, const guint (*times)[2])
{
  g_assert_cmpuint (windows->len, ==, n);
  for (guint i = 0; i < n; i++) {
    const GstLlama4Window *window = g_ptr_array_index (windows, i);

    g_assert_cmpuint (window->start, ==, times[i][0] * GST_SECOND / 25);
    g_assert_cmpuint (window->end, ==, times[i][1] * GST_SECOND / 25);
    g_assert_cmpuint (window->frames->len, ==, 4);
    g_assert_cmpuint (time_of (window, 0), ==, window->start);
    g_assert_cmpuint (time_of (window, 3), <, window->end);
    g_assert_cmpuint (window->text_end, ==, i + 1 < n ? times[i + 1][0] * GST_SECOND / 25 : window->end);
  }
}

static void
test_windows_end_and_begin_at_cuts (void)
{
  g_autoptr (GPtrArray) windows = sample_cuts (0, 310, (const guint[]) { 30, 150, 199, G_MAXUINT - 2 });

  assert_windows (windows, 6, (const guint[][2]) { {0, 30}, {30, 130}, {130, 150}, {150, 199}, {199, 299}, {299, 310} });
}

static void
test_a_cut_just_behind_a_window_lengthens_it (void)
{
  g_autoptr (GPtrArray) windows = sample_cuts (0, 150, (const guint[]) { 107, G_MAXUINT - 2 });

  assert_windows (windows, 2, (const guint[][2]) { {0, 107}, {107, 150} });
}

static void
test_a_cut_just_behind_another_is_none (void)
{
  g_autoptr (GPtrArray) windows = sample_cuts (0, 150, (const guint[]) { 6, 60, 68, G_MAXUINT - 2 });

  assert_windows (windows, 2, (const guint[][2]) { {0, 60}, {60, 150} });
}

static void
test_overlapping_windows_end_at_a_cut (void)
{
  g_autoptr (GPtrArray) windows = sample_cuts (2 * GST_SECOND, 190, (const guint[]) { 120, G_MAXUINT - 2 });

  assert_windows (windows, 5, (const guint[][2]) { {0, 100}, {50, 120}, {100, 120}, {120, 190}, {170, 190} });
}

static void
test_overlapping_windows_share_frames_but_not_text_time (void)
{
  g_autoptr (GPtrArray) windows = sample (4 * GST_SECOND, GST_SECOND, 4, 0, 13 * GST_SECOND, GST_SECOND / 10);

  g_assert_cmpuint (windows->len, >=, 4);
  for (guint w = 0; w < 4; w++) {
    const GstLlama4Window *window = g_ptr_array_index (windows, w);

    g_assert_cmpuint (window->start, ==, w * 3 * GST_SECOND);
    g_assert_cmpuint (window->end, ==, window->start + 4 * GST_SECOND);
    g_assert_cmpuint (window->text_end, ==, window->start + 3 * GST_SECOND);
    g_assert_cmpuint (window->frames->len, ==, 4);
  }
}

static void
test_a_jump_leaves_out_what_nothing_was_seen_of (void)
{
  g_autoptr (GstLlama4Sampler) sampler = gst_llama4_sampler_new ();
  g_autoptr (GstLlama4Window) first = NULL, second = NULL;
  GstClockTime far = 1000000 * GST_SECOND + GST_SECOND;

  gst_llama4_sampler_set (sampler, 4 * GST_SECOND, 0, 2, 0);
  g_assert_true (gst_llama4_sampler_wants (sampler, 0, 0));
  gst_llama4_sampler_take (sampler, frame_at (0));
  first = gst_llama4_sampler_advance (sampler, far);
  g_assert_nonnull (first);
  g_assert_null (gst_llama4_sampler_advance (sampler, far));
  g_assert_true (gst_llama4_sampler_wants (sampler, far, 0));
  gst_llama4_sampler_take (sampler, frame_at (far));
  second = gst_llama4_sampler_drain (sampler, far + GST_SECOND);
  g_assert_nonnull (second);
  g_assert_cmpuint (second->start, ==, 1000000 * GST_SECOND);
}

static void
test_windows_that_are_told_where_to_begin_go_on_from_there (void)
{
  g_autoptr (GstLlama4Sampler) sampler = gst_llama4_sampler_new ();
  g_autoptr (GstLlama4Window) window = NULL;

  gst_llama4_sampler_set (sampler, 4 * GST_SECOND, 0, 2, 0);
  gst_llama4_sampler_begin (sampler, 8 * GST_SECOND);
  g_assert_false (gst_llama4_sampler_wants (sampler, 7 * GST_SECOND, 0));
  g_assert_true (gst_llama4_sampler_wants (sampler, 9 * GST_SECOND, 0));
  gst_llama4_sampler_take (sampler, frame_at (9 * GST_SECOND));
  window = gst_llama4_sampler_advance (sampler, 12 * GST_SECOND);
  g_assert_nonnull (window);
  g_assert_cmpuint (window->start, ==, 8 * GST_SECOND);
  g_assert_cmpuint (window->end, ==, 12 * GST_SECOND);
}

static void
test_prompt_puts_its_time_before_every_picture (void)
{
  g_autoptr (GPtrArray) windows = sample (4 * GST_SECOND, 0, 4, 60 * GST_SECOND, 64 * GST_SECOND, GST_SECOND / 25);
  g_auto (GstLlama4Prompt) prompt = { 0 };
  static const char *const texts[] = { "[60.0 s]", "[61.3 s]", "[62.6 s]", "[64.0 s]" };

  gst_llama4_prompt_init (&prompt, g_ptr_array_index (windows, 0),
      "From {start} to {end}, {frames} pictures; {other} {frames {start} {schema}", "{\"const\":\"{end}\"}", "German", NULL);
  g_assert_cmpuint (prompt.parts->len, ==, 9);
  for (guint i = 0; i < 4; i++) {
    g_assert_cmpstr (g_array_index (prompt.parts, L4Part, 2 * i).text, ==, texts[i]);
    g_assert_null (g_array_index (prompt.parts, L4Part, 2 * i + 1).text);
  }
  g_assert_cmpstr (g_array_index (prompt.parts, L4Part, 8).text, ==,
      "\nFrom 60.0 s to 64.0 s, 4 pictures; {other} {frames 60.0 s {\"const\":\"{end}\"} Answer in German.");
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/window/frames-are-spread-from-first-to-last", test_frames_are_spread_from_first_to_last);
  g_test_add_func ("/window/what-is-not-sure-to-be-shown-is-taken-so-far-apart", test_what_is_not_sure_to_be_shown_is_taken_so_far_apart);
  g_test_add_func ("/window/a-video-slower-than-the-sampling-shows-each-frame-once",
      test_a_video_slower_than_the_sampling_shows_each_frame_once);
  g_test_add_func ("/window/the-last-window-ends-with-the-stream", test_the_last_window_ends_with_the_stream);
  g_test_add_func ("/window/a-window-cut-short-shows-as-many-frames-spread-over-it",
      test_a_window_cut_short_shows_as_many_frames_spread_over_it);
  g_test_add_func ("/window/where-the-end-is-known-frames-are-spread-until-there",
      test_where_the_end_is_known_frames_are_spread_until_there);
  g_test_add_func ("/window/the-reserve-is-thinned-as-the-window-lasts", test_the_reserve_is_thinned_as_the_window_lasts);
  g_test_add_func ("/window/windows-end-and-begin-at-cuts", test_windows_end_and_begin_at_cuts);
  g_test_add_func ("/window/a-cut-just-behind-a-window-lengthens-it", test_a_cut_just_behind_a_window_lengthens_it);
  g_test_add_func ("/window/a-cut-just-behind-another-is-none", test_a_cut_just_behind_another_is_none);
  g_test_add_func ("/window/overlapping-windows-end-at-a-cut", test_overlapping_windows_end_at_a_cut);
  g_test_add_func ("/window/overlapping-windows-share-frames-but-not-text-time",
      test_overlapping_windows_share_frames_but_not_text_time);
  g_test_add_func ("/window/a-jump-leaves-out-what-nothing-was-seen-of", test_a_jump_leaves_out_what_nothing_was_seen_of);
  g_test_add_func ("/window/windows-that-are-told-where-to-begin-go-on-from-there",
      test_windows_that_are_told_where_to_begin_go_on_from_there);
  g_test_add_func ("/window/prompt-puts-its-time-before-every-picture", test_prompt_puts_its_time_before_every_picture);
  return g_test_run ();
}
