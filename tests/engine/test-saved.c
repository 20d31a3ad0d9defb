/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Conversations in files: what is loaded computes what was saved, and what is no such file is refused. */

#define _GNU_SOURCE             /* memmem */
#include <glib/gstdio.h>
#include <string.h>

#include "engine/session.h"
#include "support/folder.h"

#define CASE "frames-tiny"

static const char *const files[] = { "config.json", "generation_config.json", "processor_config.json", "tokenizer.json",
  "tokenizer_config.json", "model.safetensors"
};

/* The checkpoint in a folder of its own, in which `file` has `to` in place of `from`. */
static Folder *
copy_model (const char *file, const char *from, const char *to)
{
  Folder *self = folder_new ();

  for (guint i = 0; i < G_N_ELEMENTS (files); i++) {
    g_autofree char *source = g_test_build_filename (G_TEST_DIST, "golden", CASE, files[i], NULL), *bytes = NULL, *path = NULL;
    gsize length;

    if (!g_file_get_contents (source, &bytes, &length, NULL))
      continue;
    if (g_strcmp0 (file, files[i]) == 0) {
      char *at = memmem (bytes, length, from, strlen (from));

      g_assert_nonnull (at);
      memcpy (at, to, strlen (to));
    }
    path = folder_write (self, files[i], bytes, (gssize) length);
  }
  return self;
}

/* memory: for weights and caches; 0: what there is. Models of other threads are not shared. */
static L4Model *
load_model_within (const char *path, guint64 memory)
{
  g_autofree char *golden = g_test_build_filename (G_TEST_DIST, "golden", CASE, NULL);
  const L4LoadOptions options = {.model_path = path != NULL ? path : golden,.threads = memory > 0 ? 1 : 2,.memory_limit = memory };
  g_autoptr (GError) error = NULL;
  L4Model *model = l4_model_load (&options, NULL, NULL, NULL, &error);

  g_assert_no_error (error);
  return model;
}

static L4Model *
load_model (const char *path)
{
  return load_model_within (path, 0);
}

/* A conversation: what comes first, with a picture, then a question. */
static guint8 pixels[48 * 48 * 3];
static const L4Part system_part = {.text = "You see what is there, and you say what it is, in as few words as you can." };
static const L4Part first_parts[] = { {.picture = {pixels, 48, 48, 48 * 3}}, {.text = "This is how the yard looked in the morning."} };
static const L4Part said_part = {.text = "I see." };
static const L4Part question_parts[] = { {.text = "Is there anything in it that was not there before, and what?"},
  {.text = "Tell me what stands in the middle of the yard."}
};

#define BEFORE 3                /* messages that come first */

static void
make_messages (L4Message *messages, guint question)
{
  messages[0] = (L4Message) { L4_ROLE_SYSTEM, &system_part, 1 };
  messages[1] = (L4Message) { L4_ROLE_USER, first_parts, G_N_ELEMENTS (first_parts) };
  messages[2] = (L4Message) { L4_ROLE_ASSISTANT, &said_part, 1 };
  messages[BEFORE] = (L4Message) { L4_ROLE_USER, &question_parts[question], 1 };
}

static void
draw (void)
{
  for (guint i = 0; i < sizeof pixels; i++)
    pixels[i] = (guint8) (i * 7 + i / 144 * 5);
}

/* What it answers, and how likely yes is, to the last bit. */
typedef struct
{
  char *text;
  double yes;
  guint reused;
} Said;

static void
assert_same (Said *one, Said *other)
{
  g_assert_cmpstr (one->text, ==, other->text);
  g_assert_cmpmem (&one->yes, sizeof (double), &other->yes, sizeof (double));
  g_clear_pointer (&one->text, g_free);
  g_clear_pointer (&other->text, g_free);
}

static void
prepare (L4Session *session, gboolean int8)
{
  const L4GenerateOptions options = {.max_tokens = 1,.max_tiles = 1,.kv_int8 = int8 };
  g_autoptr (GError) error = NULL;
  L4Message messages[BEFORE + 1];
  L4Held held;

  make_messages (messages, 0);
  g_assert_true (l4_session_prepare (session, messages, BEFORE, &options, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (l4_session_compare (session, messages, BEFORE, &options, &held, &error));
  g_assert_cmpuint (held.held_tokens, ==, held.tokens);
  g_assert_cmpuint (held.other_tokens, ==, 0);
}

static void
save (L4Session *session, const char *path)
{
  g_autoptr (GError) error = NULL;

  l4_session_save (session, path, &error);
  g_assert_no_error (error);
}

static void
load (L4Session *session, const char *path, gboolean int8)
{
  g_autoptr (GError) error = NULL;

  l4_session_load (session, path, int8, &error);
  g_assert_no_error (error);
}

static void
begin (L4Session *session, const char *path, gboolean int8)
{
  if (path != NULL)
    load (session, path, int8);
  else
    prepare (session, int8);
}

/* After the beginning, which is loaded from path; NULL: computed */
static void
say (L4Session *session, const char *path, guint question, gboolean int8, Said *said)
{
  const L4GenerateOptions options = {.max_tokens = 30,.temperature = 0.8,.top_p = 1,.seed = 5,.max_tiles = 1,.kv_int8 = int8 };
  g_auto (L4Answer) answer = { 0 };
  g_autoptr (GError) error = NULL;
  L4Message messages[BEFORE + 1];

  make_messages (messages, question);
  begin (session, path, int8);
  g_assert_true (l4_session_ask (session, messages, BEFORE + 1, &options, NULL, &said->yes, &error));
  g_assert_no_error (error);
  begin (session, path, int8);
  g_assert_true (l4_session_answer (session, messages, BEFORE + 1, &options, NULL, NULL, NULL, &answer, &error));
  g_assert_no_error (error);
  said->text = g_steal_pointer (&answer.text);
  said->reused = answer.reused_tokens;
}

static void
test_what_is_loaded_answers_as_what_was_saved (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autoptr (Folder) long_chunks = copy_model ("config.json", "\"attention_chunk_size\": 64", "\"attention_chunk_size\":999");
  const char *const models[] = { NULL, long_chunks };   /* the beginning spans chunks, and lies in one */
  g_autofree char *path = g_build_filename (folder, "a session", NULL);

  for (guint m = 0; m < G_N_ELEMENTS (models); m++)
    for (gboolean int8 = FALSE; int8 <= TRUE; int8++) {
      g_autoptr (L4Model) model = load_model (models[m]);
      g_autoptr (L4Session) one = l4_session_new (model), other = l4_session_new (model);
      Said expected, said;

      prepare (one, int8);
      save (one, path);
      for (guint question = 0; question < G_N_ELEMENTS (question_parts); question++) {
        say (one, NULL, question, int8, &expected);
        say (other, path, question, int8, &said);
        g_assert_cmpuint (said.reused, >, 100);
        g_assert_cmpuint (said.reused, ==, expected.reused);
        assert_same (&said, &expected);
      }
    }
}

static void
test_pictures_of_what_was_loaded_are_not_encoded_again (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autoptr (Folder) long_chunks = copy_model ("config.json", "\"attention_chunk_size\": 64", "\"attention_chunk_size\":999");
  g_autoptr (L4Model) model = load_model (long_chunks);
  g_autoptr (L4Session) one = l4_session_new (model), other = l4_session_new (model);
  g_autofree char *path = g_build_filename (folder, "session", NULL);
  const L4GenerateOptions options = {.max_tokens = 4,.top_p = 1,.max_tiles = 1 };
  g_auto (L4Answer) answer = { 0 };
  g_autoptr (GError) error = NULL;
  L4Message messages[BEFORE + 1];

  prepare (one, FALSE);
  save (one, path);
  load (other, path, FALSE);
  make_messages (messages, 0);
  l4_session_answer (other, messages, BEFORE + 1, &options, NULL, NULL, NULL, &answer, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (answer.reused_pictures, ==, 1);
}

static void
test_saving_again_gives_the_same_file (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autoptr (L4Model) model = load_model (NULL);
  g_autofree char *one_path = g_build_filename (folder, "one", NULL), *other_path = g_build_filename (folder, "other", NULL);

  for (gboolean int8 = FALSE; int8 <= TRUE; int8++) {
    g_autoptr (L4Session) one = l4_session_new (model), other = l4_session_new (model);
    g_autofree char *one_bytes = NULL, *other_bytes = NULL;
    gsize one_length, other_length;

    prepare (one, int8);
    save (one, one_path);
    load (other, one_path, int8);
    prepare (other, int8);      /* nothing is left to do */
    save (other, other_path);
    g_assert_true (g_file_get_contents (one_path, &one_bytes, &one_length, NULL));
    g_assert_true (g_file_get_contents (other_path, &other_bytes, &other_length, NULL));
    g_assert_cmpmem (one_bytes, one_length, other_bytes, other_length);
  }
}

/* Of a session of the engine itself, so that the precision can be chosen. */
static void
save_of (const char *folder, L4Precision precision, const char *from, const char *to, gboolean int8)
{
  const L4LoadOptions load_options = {.model_path = folder,.threads = 2 };
  const L4GenerateOptions options = {.max_tokens = 1,.max_tiles = 1,.kv_int8 = int8 };
  g_autoptr (GError) error = NULL;
  g_autoptr (L4Llama) model = l4_llama_load (&load_options, precision, NULL, NULL, NULL, &error);
  gpointer session;
  L4Message messages[BEFORE + 1];

  g_assert_no_error (error);
  session = l4_llama_session_new (model);
  make_messages (messages, 0);
  if (from != NULL)
    l4_llama_load_session (session, from, int8, &error);
  else
    l4_llama_prepare (session, messages, BEFORE, &options, NULL, &error);
  g_assert_no_error (error);
  l4_llama_save (session, to, &error);
  g_assert_no_error (error);
  l4_llama_session_free (session);
}

/* Machines with bfloat16 keep it two and two, others float32. */
static void
test_what_another_kind_of_machine_saved_is_the_same (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autoptr (Folder) model = copy_model (NULL, NULL, NULL);
  g_autofree char *floats = g_build_filename (folder, "floats", NULL), *halves = g_build_filename (folder, "halves", NULL);
  g_autofree char *back = g_build_filename (folder, "back", NULL), *again = g_build_filename (folder, "again", NULL);

  for (gboolean int8 = FALSE; int8 <= TRUE; int8++) {
    save_of (model, L4_PRECISION_F32, NULL, floats, int8);
    save_of (model, L4_PRECISION_BF16, floats, halves, int8);
    save_of (model, L4_PRECISION_F32, halves, back, int8);
    save_of (model, L4_PRECISION_BF16, back, again, int8);
    assert_same_files (halves, again);
    if (int8)                   /* nothing was rounded */
      assert_same_files (floats, back);
  }
}

static void
test_a_cache_that_grows_forgets_nothing (void)
{
  g_autoptr (L4Model) model = load_model (NULL);

  for (gboolean int8 = FALSE; int8 <= TRUE; int8++) {
    const L4GenerateOptions large = {.max_tokens = 2000,.max_tiles = 1,.top_p = 1,.kv_int8 = int8 };
    g_autoptr (L4Session) session = l4_session_new (model), fresh = l4_session_new (model);
    g_auto (L4Answer) answer = { 0 }, expected = { 0 };
    g_autoptr (GError) error = NULL;
    L4Message messages[BEFORE + 1];

    make_messages (messages, 0);
    prepare (session, int8);
    g_assert_true (l4_session_answer (session, messages, BEFORE + 1, &large, NULL, NULL, NULL, &answer, &error));
    g_assert_true (l4_session_answer (fresh, messages, BEFORE + 1, &large, NULL, NULL, NULL, &expected, &error));
    g_assert_cmpuint (answer.reused_tokens, >, 0);
    g_assert_cmpstr (answer.text, ==, expected.text);
  }
}

/* To the other question after the first few messages. */
static char *
answer_after (L4Session *session, guint n_messages)
{
  const L4GenerateOptions options = {.max_tokens = 20,.temperature = 0.8,.top_p = 1,.seed = 5,.max_tiles = 1 };
  g_auto (L4Answer) answer = { 0 };
  g_autoptr (GError) error = NULL;
  L4Message messages[BEFORE + 1];

  make_messages (messages, 1);
  messages[n_messages] = messages[BEFORE];
  g_assert_true (l4_session_answer (session, messages, n_messages + 1, &options, NULL, NULL, NULL, &answer, &error));
  g_assert_no_error (error);
  return g_steal_pointer (&answer.text);
}

/* A beginning that ends where a chunk does, whose place the question takes. */
static void
test_what_a_later_chunk_took_is_computed_anew (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *path = g_build_filename (folder, "session", NULL), *setting = NULL;
  const L4GenerateOptions options = {.max_tokens = 1,.max_tiles = 1 };
  g_autoptr (L4Model) plain = load_model (NULL), model = NULL;
  g_autoptr (L4Session) measured = l4_session_new (plain), session = NULL, loaded = NULL, fresh = NULL;
  g_autoptr (Folder) chunks = NULL;
  L4Message messages[BEFORE + 1];
  Said expected, said;
  L4Held held;

  make_messages (messages, 0);
  g_assert_true (l4_session_compare (measured, messages, BEFORE, &options, &held, NULL));
  g_assert_cmpuint (held.tokens, >, 99);
  g_assert_cmpuint (held.tokens, <, 1000);
  setting = g_strdup_printf ("\"attention_chunk_size\":%u", held.tokens);
  chunks = copy_model ("config.json", "\"attention_chunk_size\": 64", setting);
  model = load_model (chunks);
  session = l4_session_new (model);
  loaded = l4_session_new (model);
  fresh = l4_session_new (model);
  say (session, NULL, 0, FALSE, &said);
  g_clear_pointer (&said.text, g_free);
  prepare (session, FALSE);
  save (session, path);
  load (loaded, path, FALSE);
  for (guint before = 1; before <= BEFORE; before += 2) {       /* of what comes first, so that it ends elsewhere */
    g_autofree char *one = answer_after (session, before), *two = answer_after (loaded, before), *right = answer_after (fresh, before);

    g_assert_cmpstr (one, ==, right);
    g_assert_cmpstr (two, ==, right);
    prepare (session, FALSE);
    load (loaded, path, FALSE);
  }
  say (session, NULL, 1, FALSE, &said);
  say (fresh, path, 1, FALSE, &expected);
  assert_same (&said, &expected);
}

static guint
mode_of (const char *path)
{
  GStatBuf status;

  g_assert_cmpint (g_stat (path, &status), ==, 0);
  return status.st_mode & 0777;
}

static void
test_who_may_read_it_stays_the_same (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autoptr (L4Model) model = load_model (NULL);
  g_autoptr (L4Session) session = l4_session_new (model);
  g_autofree char *path = g_build_filename (folder, "session", NULL);

  prepare (session, FALSE);
  save (session, path);
  g_assert_cmphex (mode_of (path), ==, 0600);
  g_assert_cmpint (g_chmod (path, 0664), ==, 0);
  save (session, path);
  g_assert_cmphex (mode_of (path), ==, 0664);
}

/* Refusals --------------------------------------------------------------------------------------------------------------- */

static void
assert_refused (L4Session *session, const char *path, gboolean int8, int code, const char *why)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (l4_session_load (session, path, int8, &error));
  g_assert_error (error, L4_ERROR, code);
  g_assert_nonnull (strstr (error->message, path));
  g_assert_nonnull (strstr (error->message, why));
  g_assert_null (strchr (error->message, '\n'));
}

static void
test_what_belongs_to_others_is_refused (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autoptr (Folder) settings = copy_model ("config.json", "\"attn_scale\": 0.1", "\"attn_scale\": 0.2");
  g_autoptr (Folder) weights = copy_model (NULL, NULL, NULL);
  g_autofree char *path = g_build_filename (folder, "session", NULL), *bytes = NULL;
  g_autofree char *data_file = g_build_filename (weights, "model.safetensors", NULL);
  g_autoptr (L4Model) model = load_model (NULL), other_settings = load_model (settings), other_weights = NULL;
  g_autoptr (L4Session) session = l4_session_new (model), settings_session = l4_session_new (other_settings), weights_session = NULL;
  gsize length;

  g_assert_true (g_file_get_contents (data_file, &bytes, &length, NULL));
  bytes[length - 2] ^= 1;       /* in the last tensor */
  g_assert_true (g_file_set_contents (data_file, bytes, (gssize) length, NULL));
  other_weights = load_model (weights);
  weights_session = l4_session_new (other_weights);
  prepare (session, FALSE);
  save (session, path);
  assert_refused (settings_session, path, FALSE, L4_ERROR_INPUT, settings);
  assert_refused (weights_session, path, FALSE, L4_ERROR_INPUT, weights);
  assert_refused (session, path, TRUE, L4_ERROR_INPUT, "int8");
}

static void
test_damage_is_refused_wherever_it_is (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autoptr (L4Model) model = load_model (NULL);
  g_autoptr (L4Session) session = l4_session_new (model), fresh = l4_session_new (model);
  g_autofree char *path = g_build_filename (folder, "session", NULL), *bytes = NULL;
  Said said, expected;
  gsize length, step;

  prepare (session, TRUE);
  save (session, path);
  g_assert_true (g_file_get_contents (path, &bytes, &length, NULL));
  step = length / 150;
  for (gsize at = 0; at < length; at += at < 160 || at > length - 40 ? 1 : step) {
    g_autofree char *damaged = NULL;

    bytes[at] ^= 0x40;
    damaged = folder_write (folder, "session", bytes, (gssize) length);
    assert_refused (session, path, TRUE, at >= 8 && at < 12 ? L4_ERROR_UNSUPPORTED : L4_ERROR_FORMAT, at < 8 ? "not a saved" : "");
    bytes[at] ^= 0x40;
  }
  for (gsize cut = 0; cut < length; cut += cut < 160 ? 7 : length / 20) {
    g_autofree char *ended = folder_write (folder, "session", bytes, (gssize) cut);

    assert_refused (session, path, TRUE, L4_ERROR_FORMAT, "");
  }
  say (session, NULL, 0, TRUE, &said);        /* it holds nothing, and works */
  say (fresh, NULL, 0, TRUE, &expected);
  assert_same (&said, &expected);
}

/* CRC-32C, bit by bit. */
static guint32
check_sum (const char *data, gsize n)
{
  guint32 sum = ~0u;

  for (gsize i = 0; i < n; i++) {
    sum ^= (guint8) data[i];
    for (guint bit = 0; bit < 8; bit++)
      sum = sum >> 1 ^ (sum & 1 ? 0x82f63b78 : 0);
  }
  return ~sum;
}

/* Places in the file (engine/saved.c). */
#define N_TOKENS 24
#define SUM 108

#define FEW_BYTES (1u << 20)    /* too few for a cache of the whole context, enough for that of the conversation */

static void
test_what_a_file_only_says_takes_no_memory (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autoptr (L4Model) plain = load_model (NULL), model = load_model_within (NULL, l4_model_get_info (plain)->memory + FEW_BYTES);
  g_autoptr (L4Session) other = l4_session_new (model), session = l4_session_new (model);
  g_autofree char *path = g_build_filename (folder, "session", NULL), *bytes = NULL;
  const L4GenerateOptions options = {.max_tokens = 1,.max_tiles = 1 };
  const gint64 n_tokens = 4000;
  L4Message messages[BEFORE + 1];
  guint32 sum;
  gsize length;
  L4Held held;

  prepare (other, FALSE);
  save (other, path);
  g_assert_true (g_file_get_contents (path, &bytes, &length, NULL));
  memcpy (bytes + N_TOKENS, &n_tokens, sizeof n_tokens);
  sum = check_sum (bytes, SUM);
  memcpy (bytes + SUM, &sum, sizeof sum);
  g_free (folder_write (folder, "session", bytes, (gssize) length));
  assert_refused (session, path, FALSE, L4_ERROR_FORMAT, "damaged");
  make_messages (messages, 0);
  g_assert_true (l4_session_compare (other, messages, BEFORE, &options, &held, NULL));
  g_assert_cmpuint (held.held_tokens, ==, held.tokens);
}

static void
test_what_memory_is_too_small_for_is_named (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autoptr (L4Model) plain = load_model (NULL), small = load_model_within (NULL, l4_model_get_info (plain)->memory + 65536);
  g_autoptr (L4Session) session = l4_session_new (plain), small_session = l4_session_new (small);
  g_autofree char *path = g_build_filename (folder, "session", NULL);

  prepare (session, FALSE);
  save (session, path);
  assert_refused (small_session, path, FALSE, L4_ERROR_MEMORY, "a context of");
}

static void
test_what_is_no_session_is_refused (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autoptr (L4Model) model = load_model (NULL);
  g_autoptr (L4Session) session = l4_session_new (model);
  g_autofree char *missing = g_build_filename (folder, "missing", NULL), *text = folder_write (folder, "text", "hello, world", 12);
  g_autofree char *nothing = folder_write (folder, "nothing", "", 0), *script = folder_write (folder, "a.script", "{\"text\": \"a\"}\n", 14);
  const L4LoadOptions options = {.model_path = script };
  g_autoptr (L4Model) prepared = l4_model_load (&options, NULL, NULL, NULL, NULL);
  g_autoptr (L4Session) prepared_session = l4_session_new (prepared);

  assert_refused (session, missing, FALSE, L4_ERROR_NOT_FOUND, "");
  assert_refused (session, folder, FALSE, L4_ERROR_IO, "not a regular file");
  assert_refused (session, text, FALSE, L4_ERROR_FORMAT, "not a saved");
  assert_refused (session, nothing, FALSE, L4_ERROR_FORMAT, "not a saved");
  assert_refused (prepared_session, script, FALSE, L4_ERROR_UNSUPPORTED, "prepared answers");
}

static void
test_what_cannot_be_written_leaves_what_was_there (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autoptr (L4Model) model = load_model (NULL);
  g_autoptr (L4Session) empty = l4_session_new (model), session = l4_session_new (model);
  g_autofree char *there = folder_write (folder, "there", "as it was", 9), *nowhere = g_build_filename (folder, "no", "where", NULL);
  g_autofree char *bytes = NULL;
  g_autoptr (GError) nothing = NULL, no_folder = NULL, a_folder = NULL;

  g_assert_false (l4_session_save (empty, there, &nothing));
  g_assert_error (nothing, L4_ERROR, L4_ERROR_INPUT);
  g_assert_true (g_file_get_contents (there, &bytes, NULL, NULL));
  g_assert_cmpstr (bytes, ==, "as it was");
  prepare (session, FALSE);
  g_assert_false (l4_session_save (session, nowhere, &no_folder));
  g_assert_error (no_folder, L4_ERROR, L4_ERROR_IO);
  g_assert_nonnull (strstr (no_folder->message, nowhere));
  g_assert_false (l4_session_save (session, folder, &a_folder));
  g_assert_error (a_folder, L4_ERROR, L4_ERROR_INPUT);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  draw ();
  g_test_add_func ("/saved/what-is-loaded-answers-as-what-was-saved", test_what_is_loaded_answers_as_what_was_saved);
  g_test_add_func ("/saved/pictures-of-what-was-loaded-are-not-encoded-again", test_pictures_of_what_was_loaded_are_not_encoded_again);
  g_test_add_func ("/saved/saving-again-gives-the-same-file", test_saving_again_gives_the_same_file);
  g_test_add_func ("/saved/what-another-kind-of-machine-saved-is-the-same", test_what_another_kind_of_machine_saved_is_the_same);
  g_test_add_func ("/saved/a-cache-that-grows-forgets-nothing", test_a_cache_that_grows_forgets_nothing);
  g_test_add_func ("/saved/what-a-later-chunk-took-is-computed-anew", test_what_a_later_chunk_took_is_computed_anew);
  if (g_strcmp0 (g_getenv ("L4_CPU"), "baseline") != 0)
    return g_test_run ();       /* the others are the same on every instruction set */
  g_test_add_func ("/saved/what-belongs-to-others-is-refused", test_what_belongs_to_others_is_refused);
  g_test_add_func ("/saved/damage-is-refused-wherever-it-is", test_damage_is_refused_wherever_it_is);
  g_test_add_func ("/saved/what-a-file-only-says-takes-no-memory", test_what_a_file_only_says_takes_no_memory);
  g_test_add_func ("/saved/what-memory-is-too-small-for-is-named", test_what_memory_is_too_small_for_is_named);
  g_test_add_func ("/saved/who-may-read-it-stays-the-same", test_who_may_read_it_stays_the_same);
  g_test_add_func ("/saved/what-is-no-session-is-refused", test_what_is_no_session_is_refused);
  g_test_add_func ("/saved/what-cannot-be-written-leaves-what-was-there", test_what_cannot_be_written_leaves_what_was_there);
  return g_test_run ();
}
