/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Films made up by the test, described with prepared answers. */

#include <glib/gstdio.h>
#include <gst/video/video.h>

#include "fake-film.h"
#include "run/progress.h"
#include "support/folder.h"

/* What came of a film, as text: "4.0-8.0 Words\n", "failed 0.0-4.0\n". */
typedef struct
{
  GString *said;
  guint n_windows, n_thumbnails;
  guint most;                   /* windows after which the film shall end; 0: no limit */
  GCancellable *cancel;         /* to be cancelled after the first window */
  gulong delay;                 /* microseconds that each window takes to be kept */
  L4Film *ahead;
  guint asked_ahead, loading;
  guint width, height;          /* of the latest thumbnail */
  guint64 ends[64];
} Story;

/* Width and height in a JPEG's frame header. */
static void
measure (GBytes *jpeg, guint *width, guint *height)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (jpeg, &size);

  g_assert_cmpuint (size, >, 4);
  g_assert_true (data[0] == 0xff && data[1] == 0xd8 && data[size - 2] == 0xff && data[size - 1] == 0xd9);
  for (gsize i = 2; i + 9 < size; i += 2 + (data[i + 2] << 8 | data[i + 3]))
    if (data[i + 1] >= 0xc0 && data[i + 1] <= 0xc2) {
      *height = data[i + 5] << 8 | data[i + 6];
      *width = data[i + 7] << 8 | data[i + 8];
      return;
    }
  g_assert_not_reached ();
}

static gboolean
on_window (const L4DescribeWindow *window, gpointer user_data, GError **error)
{
  Story *self = user_data;

  g_usleep (self->delay);
  g_string_append_printf (self->said, "%.2f-%.2f %s\n", window->start / 1e9, window->end / 1e9, window->text);
  self->ends[self->n_windows++ % G_N_ELEMENTS (self->ends)] = window->end;
  if (window->thumbnail != NULL) {
    self->n_thumbnails++;
    measure (window->thumbnail, &self->width, &self->height);
  }
  if (self->cancel != NULL)
    g_cancellable_cancel (self->cancel);
  if (g_str_equal (window->text, "full disk")) {
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_NOSPC, "no room");
    return FALSE;
  }
  return self->n_windows != self->most;
}

static void
on_failed (guint64 start, guint64 end, const char *why, gpointer user_data)
{
  g_assert_nonnull (strstr (why, "broke"));
  g_string_append_printf (((Story *) user_data)->said, "failed %.2f-%.2f\n", start / 1e9, end / 1e9);
}

static void
on_loading (guint percent, gpointer user_data)
{
  ((Story *) user_data)->loading = percent;
}

static L4Film *
on_ahead (guint64 *from, gpointer user_data)
{
  Story *self = user_data;

  self->asked_ahead++;
  return self->ahead;
}

static const L4DescribeFuncs funcs = {.window = on_window,.failed = on_failed,.loading = on_loading,.ahead = on_ahead };

typedef struct
{
  Folder *folder;
  char *script;
  L4DescribeOptions options;
  L4Describer *describer;
  Story story;
} Fixture;

static void
set_up (Fixture *self, const char *answers, gboolean thumbnails)
{
  g_autofree char *lines = json_from (answers);

  *self = (Fixture) { folder_new () };
  self->script = folder_write (self->folder, "answers.script", lines, -1);
  self->options = (L4DescribeOptions) {.model_path = self->script,.window = 4 * GST_SECOND,.frames = 4 };
  self->describer = l4_describer_new (&self->options, thumbnails, NULL);
  g_assert_nonnull (self->describer);
  self->story.said = g_string_new (NULL);
}

static void
tear_down (Fixture *self)
{
  l4_describer_free (self->describer);
  g_string_free (self->story.said, TRUE);
  g_free (self->script);
  folder_free (self->folder);
}

static gboolean
describe (Fixture *self, L4Film *film, guint64 from, GError **error)
{
  return l4_describer_run (self->describer, film, from, &funcs, &self->story, self->story.cancel, error);
}

static void
assert_said (const Fixture *self, const char *expected)
{
  g_assert_cmpstr (self->story.said->str, ==, expected);
}

static void
test_order (void)
{
  L4Film film = {.length = 10 * GST_SECOND };
  GError *error = NULL;
  Fixture self;

  set_up (&self, "{'text':'One.'}\n{'text':'Two.'}\n{'text':'Three.'}\n", TRUE);
  g_assert_true (describe (&self, &film, 0, &error));
  g_assert_no_error (error);
  assert_said (&self, "0.00-4.00 One.\n4.00-8.00 Two.\n8.00-10.01 Three.\n");
  g_assert_cmpuint (self.story.n_thumbnails, ==, 3);
  g_assert_cmpuint (self.story.width, ==, 64);
  g_assert_cmpuint (self.story.height, ==, 48);
  g_assert_cmpuint (self.story.loading, ==, 100);
  g_assert_cmpuint (self.story.asked_ahead, ==, 1);
  tear_down (&self);
}

/* The first takes longest, the last three wait for each other. */
static void
test_order_of_several_at_once (void)
{
  L4Film film = {.length = 24 * GST_SECOND };
  Fixture self;

  set_up (&self, "{'when':'at 4.0','error':'it broke'}\n{'when':'at 8.0','text':'{prompt}'}\n"
      "{'when':'at 0.0','text':'{prompt}','delay_ms':300}\n{'text':'{prompt}','together':3}\n", FALSE);
  self.options.ahead = 3;
  self.options.prompt = (char *) "at {start}";
  g_clear_pointer (&self.describer, l4_describer_free);
  self.describer = l4_describer_new (&self.options, FALSE, NULL);
  g_assert_true (describe (&self, &film, 0, NULL));
  assert_said (&self, "0.00-4.00 at 0.0 s\nfailed 4.00-8.00\n8.00-12.00 at 8.0 s\n12.00-16.00 at 12.0 s\n16.00-20.00 at 16.0 s\n"
      "20.00-24.00 at 20.0 s\n");
  tear_down (&self);
}

static void
test_upright (void)
{
  L4Film film = {.length = 4 * GST_SECOND,.orientation = GST_VIDEO_ORIENTATION_90R }, straight = {.length = 4 * GST_SECOND };
  Fixture self;

  set_up (&self, "{'text':'One.'}\n", TRUE);
  g_assert_true (describe (&self, &film, 0, NULL));
  g_assert_cmpuint (self.story.width, ==, 48);
  g_assert_cmpuint (self.story.height, ==, 64);
  g_assert_true (describe (&self, &straight, 0, NULL));
  g_assert_cmpuint (self.story.width, ==, 64);
  tear_down (&self);
}

static void
test_failed_window (void)
{
  L4Film film = {.length = 12 * GST_SECOND };
  Fixture self;

  set_up (&self, "{'text':'One.'}\n{'error':'it broke'}\n{'text':'Three.'}\n", FALSE);
  g_assert_true (describe (&self, &film, 0, NULL));
  assert_said (&self, "0.00-4.00 One.\nfailed 4.00-8.00\n8.00-12.00 Three.\n");
  g_assert_cmpuint (self.story.n_thumbnails, ==, 0);
  tear_down (&self);
}

/* What can be read no further leaves the windows that were whole: the last one would have gone on. */
static void
test_breaks_off (void)
{
  L4Film film = {.length = 20 * GST_SECOND,.fail_at = 9 * GST_SECOND }, at_once = {.length = GST_SECOND,.fail_at = 1 },
      good = {.length = 4 * GST_SECOND };
  GError *error = NULL;
  Fixture self;

  set_up (&self, "{'text':'One.'}\n", FALSE);
  g_assert_false (describe (&self, &film, 0, &error));
  g_assert_error (error, L4_FILM_ERROR, L4_FILM_ERROR_IO);
  assert_said (&self, "0.00-4.00 One.\n4.00-8.00 One.\n");
  g_clear_error (&error);
  g_assert_false (describe (&self, &at_once, 0, &error));
  g_assert_error (error, L4_FILM_ERROR, L4_FILM_ERROR_IO);
  g_clear_error (&error);
  g_assert_true (describe (&self, &good, 0, &error));   /* and the next film is none the worse */
  assert_said (&self, "0.00-4.00 One.\n4.00-8.00 One.\n0.00-4.00 One.\n");
  tear_down (&self);
}

/* From the end of any window on come those that would have come anyway. */
static void
test_resume (void)
{
  L4Film film = {.length = 23 * GST_SECOND };
  Fixture whole;

  set_up (&whole, "{'text':'Words.'}\n", FALSE);
  g_assert_true (describe (&whole, &film, 0, NULL));
  for (guint i = 0; i + 1 < whole.story.n_windows; i++) {
    Fixture self;

    set_up (&self, "{'text':'Words.'}\n", FALSE);
    self.story.most = i + 1;
    g_assert_true (describe (&self, &film, 0, NULL));
    g_assert_cmpuint (self.story.n_windows, ==, i + 1);
    self.story.most = 0;
    g_assert_true (describe (&self, &film, self.story.ends[i], NULL));
    assert_said (&self, whole.story.said->str);
    tear_down (&self);
  }
  g_assert_cmpuint (whole.story.n_windows, ==, 6);
  tear_down (&whole);
}

/* While the first film's windows are still being described. */
static void
test_ahead (void)
{
  L4Film first = {.length = 8 * GST_SECOND }, second = {.length = 4 * GST_SECOND };
  Fixture self;

  set_up (&self, "{'text':'Slow.','delay_ms':300}\n", FALSE);
  self.story.ahead = &second;
  g_assert_true (describe (&self, &first, 0, NULL));
  g_assert_cmpint (g_atomic_int_get (&second.n_read), >, 0);
  self.story.ahead = NULL;
  g_assert_true (describe (&self, &second, 0, NULL));
  assert_said (&self, "0.00-4.00 Slow.\n4.00-8.00 Slow.\n0.00-4.00 Slow.\n");
  g_assert_cmpuint (self.story.asked_ahead, ==, 2);
  g_assert_cmpint (g_atomic_int_get (&second.n_read), ==, second.n);    /* once only */
  tear_down (&self);
}

static void
test_forgotten_ahead (void)
{
  L4Film first = {.length = 4 * GST_SECOND }, long_one = {.length = 100000 * GST_SECOND };
  Fixture self;

  set_up (&self, "{'text':'One.'}\n", FALSE);
  self.story.ahead = &long_one;
  g_assert_true (describe (&self, &first, 0, NULL));
  l4_describer_forget (self.describer);
  self.story.ahead = NULL;
  g_assert_true (describe (&self, &first, 0, NULL));
  assert_said (&self, "0.00-4.00 One.\n0.00-4.00 One.\n");
  tear_down (&self);
}

static void
test_cancelled (void)
{
  L4Film film = {.length = 100000 * GST_SECOND };
  GError *error = NULL;
  Fixture self;

  set_up (&self, "{'text':'One.'}\n{'text':'Never.','delay_ms':100000}\n", FALSE);
  self.story.cancel = g_cancellable_new ();
  g_assert_false (describe (&self, &film, 0, &error));
  g_assert_error (error, L4_ERROR, L4_ERROR_CANCELLED);
  assert_said (&self, "0.00-4.00 One.\n");
  g_object_unref (self.story.cancel);
  tear_down (&self);
}

static void
test_not_kept (void)
{
  L4Film film = {.length = 100000 * GST_SECOND };
  GError *error = NULL;
  Fixture self;

  set_up (&self, "{'text':'full disk'}\n", FALSE);
  g_assert_false (describe (&self, &film, 0, &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_NOSPC);
  assert_said (&self, "0.00-4.00 full disk\n");
  tear_down (&self);
}

/* What describes waits for what keeps: else an hour of windows would lie in memory. */
static void
test_slow_keeper (void)
{
  L4Film film = {.length = 400 * GST_SECOND };
  Fixture self;

  set_up (&self, "{'text':'One.'}\n", FALSE);
  self.story.delay = 100000;
  self.story.most = 5;
  g_assert_true (describe (&self, &film, 0, NULL));
  /* five kept, eight on the bus, one made, one waiting, one being filled, and what the queues hold of 64 MB of small frames */
  g_assert_cmpuint (self.story.n_windows, ==, 5);
  tear_down (&self);
}

/* What a model, a file or GStreamer says is never obeyed by a terminal, nor taken for several lines. */
static void
test_said_safely (void)
{
  g_autoptr (L4Progress) progress = NULL;

  if (!g_test_subprocess ()) {
    g_test_trap_subprocess (NULL, 0, 0);
    g_test_trap_assert_passed ();
    g_test_trap_assert_stderr ("*llama4: it [2Jbroke twice\nllama4: it [2Jbroke twice\n");
    g_test_trap_assert_stderr_unmatched ("*\033*");
    return;
  }
  progress = l4_progress_new (L4_PROGRESS_QUIET);
  l4_progress_say (NULL, "%s", "it \033[2Jbroke\ntwice");
  l4_progress_say (progress, "%s", "it \033[2Jbroke\ntwice");
}

static void
test_no_model (void)
{
  L4Film film = {.length = 10 * GST_SECOND };
  GError *error = NULL;
  Fixture self;

  set_up (&self, "{'load_error':'the model is broken'}\n", FALSE);
  g_assert_false (describe (&self, &film, 0, &error));
  g_assert_cmpuint (error->domain, ==, L4_ERROR);       /* the next film would have the same */
  assert_says (error, "answers.script|the model is broken");
  g_clear_error (&error);
  g_assert_false (l4_describer_get_model (self.describer, &error) != NULL);
  assert_says (error, "the model is broken");
  g_clear_error (&error);
  tear_down (&self);
}

static void
test_model (void)
{
  const L4DescriberModel *model;
  g_autofree char *prompt = NULL, *other = NULL;
  double seconds;
  Fixture self;

  set_up (&self, "{'text':'One.','forecast_ms':1500}\n", FALSE);
  model = l4_describer_get_model (self.describer, NULL);
  g_assert_nonnull (model);
  g_assert_cmpstr (model->name, ==, "answers.script");
  g_assert_true (g_str_has_prefix (model->digest, "sha256:"));
  g_assert_cmpstr (model->quantization, ==, "none");
  g_assert_null (model->limits);
  g_assert_true (l4_describer_model_forecast (&self.options, &seconds, NULL));
  g_assert_cmpfloat (seconds, ==, 1.5);
  prompt = l4_describer_get_prompt_digest (self.describer);
  l4_describer_free (self.describer);
  self.options.language = (char *) "German";
  self.describer = l4_describer_new (&self.options, FALSE, NULL);
  other = l4_describer_get_prompt_digest (self.describer);
  g_assert_true (g_str_has_prefix (prompt, "sha256:"));
  g_assert_cmpstr (prompt, !=, other);
  tear_down (&self);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/run/describe/windows-come-in-order-with-their-pictures", test_order);
  g_test_add_func ("/run/describe/several-windows-at-once-come-in-order", test_order_of_several_at_once);
  g_test_add_func ("/run/describe/pictures-stand-upright", test_upright);
  g_test_add_func ("/run/describe/a-window-that-failed-is-told-with-its-times", test_failed_window);
  g_test_add_func ("/run/describe/a-film-that-breaks-off-keeps-only-whole-windows", test_breaks_off);
  g_test_add_func ("/run/describe/from-the-end-of-any-window-on-come-the-same-windows", test_resume);
  g_test_add_func ("/run/describe/the-next-film-is-read-while-the-last-windows-are-described", test_ahead);
  g_test_add_func ("/run/describe/a-film-read-ahead-may-be-forgotten", test_forgotten_ahead);
  g_test_add_func ("/run/describe/a-cancelled-film-keeps-what-was-said", test_cancelled);
  g_test_add_func ("/run/describe/what-cannot-be-kept-ends-the-film", test_not_kept);
  g_test_add_func ("/run/describe/the-describer-waits-for-whoever-keeps", test_slow_keeper);
  g_test_add_func ("/run/progress/what-is-said-is-one-safe-line", test_said_safely);
  g_test_add_func ("/run/describe/a-model-that-cannot-be-loaded-is-no-fault-of-the-film", test_no_model);
  g_test_add_func ("/run/describe/the-model-is-known-before-it-is-read", test_model);
  return g_test_run ();
}
