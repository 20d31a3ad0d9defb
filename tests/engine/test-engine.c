/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The public interface on a tiny random checkpoint: loading, answering, cancelling, and refusing what does not fit. */

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include <unistd.h>
#include <utime.h>

#include "llama4.h"

#define CASE "frames-tiny"

/* A folder with the checkpoint's files as links, so that one can be replaced. */
typedef struct
{
  char *folder;
} Fixture;

static const char *const files[] = { "config.json", "generation_config.json", "processor_config.json", "tokenizer.json",
  "tokenizer_config.json", "model.safetensors"
};

static void
set_up (Fixture *self, gconstpointer data)
{
  self->folder = g_dir_make_tmp ("llama4-test-XXXXXX", NULL);
  for (guint i = 0; i < G_N_ELEMENTS (files); i++) {
    g_autofree char *from = g_test_build_filename (G_TEST_DIST, "golden", CASE, files[i], NULL);
    g_autofree char *to = g_build_filename (self->folder, files[i], NULL);
    g_autofree char *target = g_canonicalize_filename (from, NULL);

    if (g_file_test (from, G_FILE_TEST_EXISTS)) {
      g_autoptr (GFile) link = g_file_new_for_path (to);

      g_assert_true (g_file_make_symbolic_link (link, target, NULL, NULL));
    }
  }
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  for (guint i = 0; i < G_N_ELEMENTS (files); i++) {
    g_autofree char *path = g_build_filename (self->folder, files[i], NULL);

    g_unlink (path);
  }
  g_rmdir (self->folder);
  g_free (self->folder);
}

static void
replace (Fixture *self, const char *file, const char *contents, gssize length)
{
  g_autofree char *path = g_build_filename (self->folder, file, NULL);

  g_unlink (path);
  if (contents != NULL)
    g_assert_true (g_file_set_contents (path, contents, length, NULL));
}

/* Replaces every `from` in a file by `to`. */
static void
edit (Fixture *self, const char *file, const char *from, const char *to)
{
  g_autofree char *path = g_build_filename (self->folder, file, NULL);
  g_autofree char *text = NULL;
  g_autoptr (GString) edited = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  edited = g_string_new (text);
  g_assert_cmpuint (g_string_replace (edited, from, to, 0), >, 0);
  replace (self, file, edited->str, edited->len);
}

static L4Model *
load (const char *folder, GError **error)
{
  const L4LoadOptions options = {.model_path = folder };

  return l4_model_load (&options, NULL, NULL, NULL, error);
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

/* A picture of the size of the fixtures', with something on it. */
static guint8 pixels[112 * 64 * 3];

static gboolean
answer_with (L4Model *model, const L4GenerateOptions *options, L4TextFunc on_text, gpointer user_data,
    GCancellable *cancellable, L4Answer *answer, GError **error)
{
  g_autoptr (L4Session) session = l4_session_new (model);
  const L4Picture picture = { pixels, 112, 64, 112 * 3 };
  const L4Part parts[] = { {.text = "[0.0 s]"}, {.picture = picture}, {.text = "[1.0 s]"}, {.picture = picture},
    {.text = "What moves? <|eot|>"}
  };
  const L4Message message = { L4_ROLE_USER, parts, G_N_ELEMENTS (parts) };

  for (gsize i = 0; i < sizeof pixels; i++)
    pixels[i] = i * 37 % 251;
  return l4_session_answer (session, &message, 1, options, on_text, user_data, cancellable, answer, error);
}

static void
collect (const char *text, gpointer user_data)
{
  g_assert_true (g_utf8_validate (text, -1, NULL));
  g_assert_cmpuint (strlen (text), >, 0);
  g_string_append (user_data, text);
}

static void
test_answer_streams_what_it_returns (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (L4Model) model = load (self->folder, &error);
  g_autoptr (GString) streamed = g_string_new (NULL);
  L4GenerateOptions options = L4_GENERATE_OPTIONS_INIT;
  g_auto (L4Answer) answer = { 0 }, again = { 0 };

  g_assert_no_error (error);
  options.max_tokens = 12;
  g_assert_true (answer_with (model, &options, collect, streamed, NULL, &answer, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (answer.text, ==, streamed->str);
  g_assert_cmpuint (answer.generated_tokens, >=, 1);
  g_assert_cmpuint (answer.generated_tokens, <=, 12);
  g_assert_true (g_str_has_prefix (answer.prompt_digest, "sha256:"));
  g_assert_true (answer_with (model, &options, NULL, NULL, NULL, &again, &error));
  g_assert_cmpstr (answer.text, ==, again.text);
  g_assert_cmpstr (answer.prompt_digest, ==, again.prompt_digest);
}

static void
test_same_seed_same_text (Fixture *self, gconstpointer data)
{
  g_autoptr (L4Model) model = load (self->folder, NULL);
  L4GenerateOptions options = {.max_tokens = 20,.temperature = 1.5,.top_p = 0.95,.seed = 11,.max_tiles = 1 };
  g_auto (L4Answer) one = { 0 }, two = { 0 }, other = { 0 };

  g_assert_true (answer_with (model, &options, NULL, NULL, NULL, &one, NULL));
  g_assert_true (answer_with (model, &options, NULL, NULL, NULL, &two, NULL));
  options.seed = 12;
  g_assert_true (answer_with (model, &options, NULL, NULL, NULL, &other, NULL));
  g_assert_cmpstr (one.text, ==, two.text);
  g_assert_cmpstr (one.text, !=, other.text);
}

/* Two pictures of one colour each, then the question. */
static void
ask (L4Session *session, guint8 first, guint8 second, const char *question, double temperature, L4Answer *answer)
{
  enum { SIDE = 56 };
  guint8 one[SIDE * SIDE * 3], other[SIDE * SIDE * 3];
  const L4Part parts[] = { {.text = "See these pictures and say what there is to say about them."},
    {.picture = {one, SIDE, SIDE, SIDE * 3}}, {.picture = {other, SIDE, SIDE, SIDE * 3}}, {.text = question}
  };
  const L4Message message = { L4_ROLE_USER, parts, G_N_ELEMENTS (parts) };
  const L4GenerateOptions options = {.max_tokens = 40,.temperature = temperature,.top_p = 1,.seed = 3,.max_tiles = 1 };
  g_autoptr (GError) error = NULL;

  memset (one, first, sizeof one);
  memset (other, second, sizeof other);
  g_assert_true (l4_session_answer (session, &message, 1, &options, NULL, NULL, NULL, answer, &error));
  g_assert_no_error (error);
}

static void
test_what_is_reused_changes_no_answer (Fixture *self, gconstpointer data)
{
  static const struct
  {
    guint8 first, second;
    const char *question;
    double temperature;
    guint pictures;             /* that the session has seen by then */
  } turns[] = {
    {10, 200, "What is it that we see here, and what else is there?", 0, 0},
    {10, 200, "What is it that we see here, and what else is there?", 0, 2},
    {10, 90, "What is it that we see here, and what else is there?", 0, 1},
    {200, 10, "Which of them is the brighter one? Answer in one word, please.", 1, 2},
    {200, 10, "Which of them is the brighter one? Answer in one word, please.", 1, 2},
  };
  g_autoptr (L4Model) model = NULL;
  g_autoptr (L4Session) session = NULL;
  guint tokens = 0, guessed = 0;

  /* a chunk as long as real ones': what came before a chunk's border cannot be kept */
  edit (self, "config.json", "\"attention_chunk_size\": 64", "\"attention_chunk_size\": 8192");
  model = load (self->folder, NULL);
  session = l4_session_new (model);
  for (guint i = 0; i < G_N_ELEMENTS (turns); i++) {
    g_autoptr (L4Session) fresh = l4_session_new (model);
    g_auto (L4Answer) answer = { 0 }, expected = { 0 };

    ask (session, turns[i].first, turns[i].second, turns[i].question, turns[i].temperature, &answer);
    ask (fresh, turns[i].first, turns[i].second, turns[i].question, turns[i].temperature, &expected);
    g_assert_cmpstr (answer.text, ==, expected.text);
    g_assert_cmpuint (answer.generated_tokens, ==, expected.generated_tokens);
    g_assert_cmpuint (answer.reused_pictures, ==, turns[i].pictures);
    g_assert_cmpuint (expected.reused_tokens, ==, 0);
    tokens += answer.reused_tokens;
    guessed += answer.guessed_tokens;
  }
  g_assert_cmpuint (tokens, >, 0);
  g_assert_cmpuint (guessed, >, 0);
}

static void
cancel_at_third (const char *text, gpointer user_data)
{
  static guint count;

  if (++count % 3 == 0)
    g_cancellable_cancel (user_data);
}

static void
test_cancelling_stops_between_tokens (Fixture *self, gconstpointer data)
{
  g_autoptr (L4Model) model = load (self->folder, NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  L4GenerateOptions options = {.max_tokens = 1000,.temperature = 2,.top_p = 1,.seed = 3,.max_tiles = 1 };
  g_auto (L4Answer) answer = { 0 }, before = { 0 };

  g_assert_true (answer_with (model, &options, cancel_at_third, cancellable, cancellable, &answer, &error));
  g_assert_no_error (error);
  g_assert_cmpint (answer.finish, ==, L4_FINISH_CANCELLED);
  g_assert_cmpuint (answer.generated_tokens, <, 1000);
  g_assert_true (answer_with (model, &options, NULL, NULL, cancellable, &before, &error));
  g_assert_cmpint (before.finish, ==, L4_FINISH_CANCELLED);
  g_assert_cmpstr (before.text, ==, "");
}

static void
test_unusable_options_are_refused (Fixture *self, gconstpointer data)
{
  g_autoptr (L4Model) model = load (self->folder, NULL);
  const L4GenerateOptions bad[] = { {.max_tokens = 0,.top_p = 1}, {.max_tokens = 1,.temperature = -1,.top_p = 1},
    {.max_tokens = 1,.temperature = NAN,.top_p = 1}, {.max_tokens = 1,.temperature = 1,.top_p = 1.5}
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_auto (L4Answer) answer = { 0 };
    g_autoptr (GError) error = NULL;

    g_assert_false (answer_with (model, &bad[i], NULL, NULL, NULL, &answer, &error));
    g_assert_error (error, L4_ERROR, L4_ERROR_INPUT);
    g_assert_null (answer.text);
  }
}

static void
test_prompt_longer_than_context_is_refused (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (L4Model) model = NULL;
  L4GenerateOptions options = L4_GENERATE_OPTIONS_INIT;
  g_auto (L4Answer) answer = { 0 };

  edit (self, "config.json", "\"max_position_embeddings\": 4096", "\"max_position_embeddings\": 24");
  model = load (self->folder, &error);
  g_assert_no_error (error);
  g_assert_false (answer_with (model, &options, NULL, NULL, NULL, &answer, &error));
  g_assert_error (error, L4_ERROR, L4_ERROR_INPUT);
  g_assert_nonnull (strstr (error->message, "24"));
}

static void
test_extreme_pictures_are_described (Fixture *self, gconstpointer data)
{
  static const guint sizes[][2] = { {1, 1}, {16384, 1}, {1, 16384}, {65535, 2} };
  g_autoptr (L4Model) model = load (self->folder, NULL);
  g_autoptr (L4Session) session = l4_session_new (model);
  L4GenerateOptions options = {.max_tokens = 2,.top_p = 1,.max_tiles = 4 };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    g_autofree guint8 *picture = g_malloc0 ((gsize) sizes[i][0] * sizes[i][1] * 3);
    const L4Part part = {.picture = {picture, sizes[i][0], sizes[i][1], sizes[i][0] * 3} };
    const L4Message message = { L4_ROLE_USER, &part, 1 };
    g_auto (L4Answer) answer = { 0 };
    g_autoptr (GError) error = NULL;
    guint width, height;

    l4_model_picture_size (model, sizes[i][0], sizes[i][1], 4, &width, &height);
    g_assert_cmpuint (width, >=, 1);
    g_assert_cmpuint (height, >=, 1);
    g_assert_true (l4_session_answer (session, &message, 1, &options, NULL, NULL, NULL, &answer, &error));
    g_assert_no_error (error);
  }
}

static void
test_picture_without_pixels_is_refused (Fixture *self, gconstpointer data)
{
  g_autoptr (L4Model) model = load (self->folder, NULL);
  g_autoptr (L4Session) session = l4_session_new (model);
  const L4GenerateOptions options = L4_GENERATE_OPTIONS_INIT;
  const L4Part parts[] = { {.picture = {NULL, 5, 5, 15}}, {.picture = {pixels, 0, 5, 15}}, {.picture = {pixels, 5, 5, 14}} };

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++) {
    const L4Message message = { L4_ROLE_USER, &parts[i], 1 };
    g_auto (L4Answer) answer = { 0 };
    g_autoptr (GError) error = NULL;

    g_assert_false (l4_session_answer (session, &message, 1, &options, NULL, NULL, NULL, &answer, &error));
    g_assert_error (error, L4_ERROR, L4_ERROR_INPUT);
  }
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

/* The weights of a file behind its header, all of them NaN. */
static void
test_weights_that_are_no_numbers_end_in_an_error (Fixture *self, gconstpointer data)
{
  g_autofree char *path = g_build_filename (self->folder, "model.safetensors", NULL);
  g_autofree char *bytes = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (L4Model) model = NULL;
  L4GenerateOptions options = L4_GENERATE_OPTIONS_INIT;
  g_auto (L4Answer) answer = { 0 };
  guint64 header;
  gsize length;

  g_assert_true (g_file_get_contents (path, &bytes, &length, NULL));
  memcpy (&header, bytes, sizeof header);
  header = GUINT64_FROM_LE (header) + sizeof header;
  memset (bytes + header, 0xff, length - header);
  replace (self, "model.safetensors", bytes, (gssize) length);
  model = load (self->folder, &error);
  g_assert_no_error (error);
  for (options.temperature = 0; options.temperature < 2; options.temperature++) {
    g_clear_error (&error);
    g_assert_false (answer_with (model, &options, NULL, NULL, NULL, &answer, &error));
    g_assert_error (error, L4_ERROR, L4_ERROR_FORMAT);
    g_assert_nonnull (strstr (error->message, self->folder));
    g_assert_null (answer.text);
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
test_settings_need_not_name_the_token_of_pictures (Fixture *self, gconstpointer data)
{
  g_autofree char *whole = g_test_build_filename (G_TEST_DIST, "golden", CASE, NULL);
  g_autoptr (L4Model) named = load (whole, NULL), nameless = NULL;
  g_autoptr (L4Session) session = NULL, other = l4_session_new (named);

  edit (self, "config.json", "\"image_token_index\": 310,", "");
  nameless = load (self->folder, NULL);
  g_assert_nonnull (nameless);
  session = l4_session_new (nameless);
  for (guint light = 0; light < 250; light += 50) {
    g_auto (L4Answer) answer = { 0 }, expected = { 0 };

    ask (session, (guint8) light, 200, "What is it?", 0, &answer);
    ask (other, (guint8) light, 200, "What is it?", 0, &expected);
    g_assert_cmpstr (answer.text, ==, expected.text);
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

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*run) (Fixture *, gconstpointer);
  } tests[] = {
    {"answer-streams-what-it-returns", test_answer_streams_what_it_returns},
    {"what-is-reused-changes-no-answer", test_what_is_reused_changes_no_answer},
    {"same-seed-same-text", test_same_seed_same_text},
    {"cancelling-stops-between-tokens", test_cancelling_stops_between_tokens},
    {"unusable-options-are-refused", test_unusable_options_are_refused},
    {"prompt-longer-than-context-is-refused", test_prompt_longer_than_context_is_refused},
    {"extreme-pictures-are-described", test_extreme_pictures_are_described},
    {"picture-without-pixels-is-refused", test_picture_without_pixels_is_refused},
    {"one-model-in-memory-for-many-users", test_one_model_in_memory_for_many_users},
    {"other-weights-have-another-digest", test_other_weights_have_another_digest},
    {"settings-need-not-name-the-token-of-pictures", test_settings_need_not_name_the_token_of_pictures},
    {"a-projector-that-was-replaced-is-loaded-anew", test_a_projector_that_was_replaced_is_loaded_anew},
    {"loading-at-once-gives-one-model", test_loading_at_once_gives_one_model},
    {"progress-rises-to-a-hundred", test_progress_rises_to_a_hundred},
    {"loading-can-be-cancelled", test_loading_can_be_cancelled},
    {"memory-limit-is-kept", test_memory_limit_is_kept},
    {"model-larger-than-the-machine-is-refused", test_model_larger_than_the_machine_is_refused},
    {"missing-files-are-named", test_missing_files_are_named},
    {"wrong-tokenizer-is-refused", test_wrong_tokenizer_is_refused},
    {"projector-that-does-not-fit-is-refused", test_projector_that_does_not_fit_is_refused},
    {"truncated-weights-are-refused", test_truncated_weights_are_refused},
    {"weights-that-are-no-numbers-end-in-an-error", test_weights_that_are_no_numbers_end_in_an_error},
  };

  g_test_init (&argc, &argv, NULL);
  for (guint t = 0; t < G_N_ELEMENTS (tests); t++) {
    g_autofree char *path = g_strconcat ("/engine/", tests[t].path, NULL);

    g_test_add (path, Fixture, NULL, set_up, tests[t].run, tear_down);
  }
  g_test_add_func ("/engine/missing-folder-is-named", test_missing_folder_is_named);
  g_test_add_func ("/engine/a-model-without-eyes-is-refused-for-pictures", test_a_model_without_eyes_is_refused_for_pictures);
  return g_test_run ();
}
