/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Models in memory: loaded once for all, with progress and limits, and refused where their files do not fit. */

#define _GNU_SOURCE             /* syscall */

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "checkpoint.h"

/* A model that is mapped, and loaded anew while it is freed. */
static struct
{
  const char *folder;
  gint armed;
  GThread *thread;
  gint begun;                   /* loading */
  gboolean too_early;
} again;

static void
on_begun (guint percent, gpointer user_data)
{
  g_atomic_int_set (&again.begun, TRUE);
}

static gpointer
load_again (gpointer data)
{
  const L4LoadOptions options = {.model_path = again.folder,.load = L4_LOAD_MAP };

  return l4_model_load (&options, on_begun, NULL, NULL, NULL);
}

/* In the place of the C library's: takes as long as that of a large model does. */
int
munmap (void *memory, size_t bytes)
{
  if (g_atomic_int_compare_and_exchange (&again.armed, TRUE, FALSE)) {
    again.thread = g_thread_new ("load", load_again, NULL);
    g_usleep (300 * 1000);
    again.too_early = g_atomic_int_get (&again.begun);
  }
  return (int) syscall (SYS_munmap, memory, bytes);
}

static void
assert_refused (Fixture *self, L4Error code, const char *thing)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (L4Model) model = load (self->folder, &error);

  g_assert_null (model);
  g_assert_error (error, L4_ERROR, (int) code);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, self->folder));
  g_assert_nonnull (strstr (error->message, thing));
  g_assert_null (strchr (error->message, '\n'));
}

static void
test_one_model_in_memory_for_many_users (Fixture *self, gconstpointer data)
{
  L4Model *one = load (self->folder, NULL), *two = load (self->folder, NULL), *three;

  g_assert_true (one == two);
  l4_model_unref (one);
  three = load (self->folder, NULL);
  g_assert_true (three == two);
  l4_model_unref (two);
  l4_model_unref (three);
}

static gpointer
load_in_thread (gpointer folder)
{
  return load (folder, NULL);
}

static void
test_loading_at_once_gives_one_model (Fixture *self, gconstpointer data)
{
  GThread *threads[8];
  L4Model *models[8];

  for (guint i = 0; i < 8; i++)
    threads[i] = g_thread_new ("load", load_in_thread, self->folder);
  for (guint i = 0; i < 8; i++)
    models[i] = g_thread_join (threads[i]);
  for (guint i = 0; i < 8; i++) {
    g_assert_nonnull (models[i]);
    g_assert_true (models[i] == models[0]);
  }
  for (guint i = 0; i < 8; i++)
    l4_model_unref (models[i]);
}

static void
test_loading_waits_until_the_model_before_is_gone (Fixture *self, gconstpointer data)
{
  const L4LoadOptions options = {.model_path = self->folder,.load = L4_LOAD_MAP };
  L4Model *model = l4_model_load (&options, NULL, NULL, NULL, NULL);

  g_assert_nonnull (model);
  again.folder = self->folder;
  g_atomic_int_set (&again.armed, TRUE);
  l4_model_unref (model);
  g_assert_nonnull (again.thread);
  model = g_thread_join (again.thread);
  g_assert_nonnull (model);
  g_assert_false (again.too_early);
  l4_model_unref (model);
}

typedef struct
{
  guint last;
  guint calls;
  GCancellable *cancellable;
} Progress;

static void
on_progress (guint percent, gpointer user_data)
{
  Progress *self = user_data;

  g_assert_cmpuint (percent, >=, self->last);
  g_assert_cmpuint (percent, <=, 100);
  self->last = percent;
  self->calls++;
  if (self->cancellable != NULL && percent >= 30)
    g_cancellable_cancel (self->cancellable);
}

static void
test_progress_rises_to_a_hundred (Fixture *self, gconstpointer data)
{
  const L4LoadOptions options = {.model_path = self->folder };
  Progress progress = { 0 };
  g_autoptr (L4Model) model = l4_model_load (&options, on_progress, &progress, NULL, NULL);

  g_assert_nonnull (model);
  g_assert_cmpuint (progress.last, ==, 100);
  g_assert_cmpuint (progress.calls, >, 5);
}

static void
test_loading_can_be_cancelled (Fixture *self, gconstpointer data)
{
  const L4LoadOptions options = {.model_path = self->folder };
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Progress progress = {.cancellable = cancellable };
  g_autoptr (GError) error = NULL;

  g_assert_null (l4_model_load (&options, on_progress, &progress, cancellable, &error));
  g_assert_error (error, L4_ERROR, L4_ERROR_CANCELLED);
  g_assert_cmpuint (progress.last, <, 100);
}

static void
test_memory_limit_is_kept (Fixture *self, gconstpointer data)
{
  const L4LoadOptions options = {.model_path = self->folder,.memory_limit = 100000 };
  g_autoptr (GError) error = NULL;

  g_assert_null (l4_model_load (&options, NULL, NULL, NULL, &error));
  g_assert_error (error, L4_ERROR, L4_ERROR_MEMORY);
  g_assert_nonnull (strstr (error->message, "memory-limit"));
  g_test_message ("%s", error->message);
}

/* Sizes that no machine has: refused from the settings alone. */
static void
test_model_larger_than_the_machine_is_refused (Fixture *self, gconstpointer data)
{
  static const char header[] = "{\"weights\":{\"dtype\":\"BF16\",\"shape\":[4194304,524288],\"data_offsets\":[0,4398046511104]}}";
  g_autofree char *path = g_build_filename (self->folder, "model.safetensors", NULL);
  GString *file = g_string_new (NULL);
  guint64 length = sizeof header - 1;

  g_string_append_len (file, (const char *) &length, sizeof length);
  g_string_append (file, header);
  replace (self, "model.safetensors", file->str, file->len);
  g_string_free (file, TRUE);
  g_assert_cmpint (truncate (path, sizeof length + length + (G_GINT64_CONSTANT (4) << 40)), ==, 0);     /* 4 TiB, all of it a hole */
  assert_refused (self, L4_ERROR_MEMORY, "MiB");
}

static void
test_missing_files_are_named (Fixture *self, gconstpointer data)
{
  replace (self, "tokenizer.json", NULL, 0);
  assert_refused (self, L4_ERROR_NOT_FOUND, "tokenizer.json");
  replace (self, "config.json", NULL, 0);
  assert_refused (self, L4_ERROR_NOT_FOUND, "config.json");
  replace (self, "model.safetensors", NULL, 0);
  assert_refused (self, L4_ERROR_NOT_FOUND, "model.safetensors");
}

static void
test_missing_folder_is_named (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (load ("/nowhere/at/all", &error));
  g_assert_error (error, L4_ERROR, L4_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, "/nowhere/at/all"));
}

static void
test_wrong_tokenizer_is_refused (Fixture *self, gconstpointer data)
{
  edit (self, "tokenizer.json", "<|patch|>", "<|match|>");
  assert_refused (self, L4_ERROR_FORMAT, "<|patch|>");
}

static void
test_projector_that_does_not_fit_is_refused (Fixture *self, gconstpointer data)
{
  edit (self, "config.json", "\"vision_output_dim\": 64", "\"vision_output_dim\": 32");
  edit (self, "config.json", "\"projector_output_dim\": 64", "\"projector_output_dim\": 32");
  assert_refused (self, L4_ERROR_FORMAT, "projector_input_dim");
  edit (self, "config.json", "\"projector_input_dim\": 64", "\"projector_input_dim\": 32");
  assert_refused (self, L4_ERROR_FORMAT, "vision_adapter");
}

static void
test_truncated_weights_are_refused (Fixture *self, gconstpointer data)
{
  g_autofree char *path = g_build_filename (self->folder, "model.safetensors", NULL);
  g_autofree char *bytes = NULL;
  gsize length;

  g_assert_true (g_file_get_contents (path, &bytes, &length, NULL));
  replace (self, "model.safetensors", bytes, length - 1);
  assert_refused (self, L4_ERROR_FORMAT, "model.safetensors");
  replace (self, "model.safetensors", bytes, 5);
  assert_refused (self, L4_ERROR_FORMAT, "model.safetensors");
}

typedef struct
{
  const char *path;
  time_t time;
} Change;

/* Somebody writes to the file while it is read. */
static void
change_file (guint percent, gpointer user_data)
{
  const Change *self = user_data;

  g_assert_cmpint (utimensat (AT_FDCWD, self->path, (const struct timespec[]) { {self->time, 0}, {self->time, 0} }, 0), ==, 0);
}

static void
test_weights_that_change_while_they_are_loaded_are_refused (Fixture *self, gconstpointer data)
{
  static const L4Load loads[] = { L4_LOAD_READ, L4_LOAD_MAP };
  g_autofree char *path = g_build_filename (self->folder, "model.safetensors", NULL), *bytes = NULL;
  gsize length;

  g_assert_true (g_file_get_contents (path, &bytes, &length, NULL));
  replace (self, "model.safetensors", bytes, (gssize) length);
  for (guint i = 0; i < G_N_ELEMENTS (loads); i++) {
    const L4LoadOptions options = {.model_path = self->folder,.load = loads[i] };
    Change change = { path, 1000 + i };
    g_autoptr (GError) error = NULL;

    g_assert_null (l4_model_load (&options, change_file, &change, NULL, &error));
    g_assert_error (error, L4_ERROR, L4_ERROR_IO);
    g_assert_nonnull (strstr (error->message, path));
    g_assert_nonnull (strstr (error->message, "has changed while it was read"));
  }
}

static void
test_other_weights_have_another_digest (Fixture *self, gconstpointer data)
{
  g_autofree char *path = g_build_filename (self->folder, "model.safetensors", NULL), *bytes = NULL, *digest = NULL;
  guint64 header;
  gsize length;

  for (guint i = 0; i < 2; i++) {
    g_autoptr (L4Model) model = load (self->folder, NULL);
    const char *own = l4_model_get_info (model)->digest;

    g_assert_true (g_str_has_prefix (own, "sha256:"));
    g_assert_cmpstr (own, !=, digest);
    if (i > 0)
      break;
    digest = g_strdup (own);
    g_assert_true (g_file_get_contents (path, &bytes, &length, NULL));
    memcpy (&header, bytes, sizeof header);
    for (gsize at = GUINT64_FROM_LE (header) + sizeof header; at < length; at++)
      bytes[at] ^= 1;
    replace (self, "model.safetensors", bytes, (gssize) length);
  }
}

static void
test_a_projector_that_was_replaced_is_loaded_anew (Fixture *self, gconstpointer data)
{
  g_autofree char *model = g_test_build_filename (G_TEST_DIST, "golden", "gguf-tiny", "model.gguf", NULL);
  g_autofree char *given = g_test_build_filename (G_TEST_DIST, "golden", "gguf-tiny", "mmproj-F16.gguf", NULL);
  g_autofree char *path = g_build_filename (self->folder, "model.safetensors", NULL), *bytes = NULL;
  const L4LoadOptions options = {.model_path = model,.projector_path = path };
  g_autoptr (L4Model) one = NULL, same = NULL, other = NULL;
  gsize length;

  g_assert_true (g_file_get_contents (given, &bytes, &length, NULL));
  replace (self, "model.safetensors", bytes, (gssize) length);
  one = l4_model_load (&options, NULL, NULL, NULL, NULL);
  same = l4_model_load (&options, NULL, NULL, NULL, NULL);
  g_assert_true (one != NULL && one == same);
  g_assert_cmpint (g_utime (path, &(struct utimbuf) { 1, 1 }), ==, 0);
  other = l4_model_load (&options, NULL, NULL, NULL, NULL);
  g_assert_true (other != NULL && other != one);
}

/* Whether it is in memory already or not. */
static void
test_a_model_without_eyes_is_refused_for_pictures (void)
{
  g_autofree char *folder = g_test_build_filename (G_TEST_DIST, "golden", "dense-tiny", NULL);
  g_autoptr (L4Model) held = NULL;

  for (guint i = 0; i < 2; i++) {
    const L4LoadOptions options = {.model_path = folder,.for_pictures = TRUE };
    g_autoptr (GError) error = NULL;

    g_assert_null (l4_model_load (&options, NULL, NULL, NULL, &error));
    g_assert_error (error, L4_ERROR, L4_ERROR_INPUT);
    g_assert_nonnull (strstr (error->message, "text-only"));
    if (held == NULL)
      held = load (folder, NULL);
    g_assert_nonnull (held);
  }
}

/* It is another model than the whole one, which is in memory at the same time. */
static void
test_the_vision_part_takes_no_memory_where_only_text_is_read (Fixture *self, gconstpointer data)
{
  const L4LoadOptions options = {.model_path = self->folder,.text_only = TRUE };
  const guint8 pixel[3] = { 0 };
  const L4Part part = {.picture = {pixel, 1, 1, 3} };
  const L4Message message = { L4_ROLE_USER, &part, 1 };
  const L4GenerateOptions generate = L4_GENERATE_OPTIONS_INIT;
  g_autoptr (L4Model) whole = load (self->folder, NULL), text = l4_model_load (&options, NULL, NULL, NULL, NULL);
  g_autoptr (L4Session) session = l4_session_new (text);
  g_auto (L4Answer) answer = { 0 };
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (l4_model_get_info (text)->memory, <, l4_model_get_info (whole)->memory);
  g_assert_cmpuint (l4_model_get_info (text)->n_parameters, <, l4_model_get_info (whole)->n_parameters);
  g_assert_cmpstr (l4_model_get_info (text)->digest, ==, l4_model_get_info (whole)->digest);
  g_assert_false (l4_session_answer (session, &message, 1, &generate, NULL, NULL, NULL, &answer, &error));
  g_assert_error (error, L4_ERROR, L4_ERROR_INPUT);
  g_assert_nonnull (strstr (error->message, "vision part was left out"));
}

int
main (int argc, char **argv)
{
  static const Test tests[] = {
    {"one-model-in-memory-for-many-users", test_one_model_in_memory_for_many_users},
    {"other-weights-have-another-digest", test_other_weights_have_another_digest},
    {"a-projector-that-was-replaced-is-loaded-anew", test_a_projector_that_was_replaced_is_loaded_anew},
    {"loading-at-once-gives-one-model", test_loading_at_once_gives_one_model},
    {"loading-waits-until-the-model-before-is-gone", test_loading_waits_until_the_model_before_is_gone},
    {"progress-rises-to-a-hundred", test_progress_rises_to_a_hundred},
    {"loading-can-be-cancelled", test_loading_can_be_cancelled},
    {"memory-limit-is-kept", test_memory_limit_is_kept},
    {"model-larger-than-the-machine-is-refused", test_model_larger_than_the_machine_is_refused},
    {"missing-files-are-named", test_missing_files_are_named},
    {"wrong-tokenizer-is-refused", test_wrong_tokenizer_is_refused},
    {"projector-that-does-not-fit-is-refused", test_projector_that_does_not_fit_is_refused},
    {"truncated-weights-are-refused", test_truncated_weights_are_refused},
    {"the-vision-part-takes-no-memory-where-only-text-is-read", test_the_vision_part_takes_no_memory_where_only_text_is_read},
    {"weights-that-change-while-they-are-loaded-are-refused", test_weights_that_change_while_they_are_loaded_are_refused},
  };

  g_test_init (&argc, &argv, NULL);
  add_tests ("models", tests, G_N_ELEMENTS (tests));
  g_test_add_func ("/models/missing-folder-is-named", test_missing_folder_is_named);
  g_test_add_func ("/models/a-model-without-eyes-is-refused-for-pictures", test_a_model_without_eyes_is_refused_for_pictures);
  return g_test_run ();
}
