/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The public interface on a tiny random checkpoint: answering, cancelling, and refusing what cannot be answered. */

#include "checkpoint.h"

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
ask_unless (GCancellable *cancellable, L4Session *session, guint8 first, guint8 second, const char *question, double temperature,
    L4Answer *answer)
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
  g_assert_true (l4_session_answer (session, &message, 1, &options, NULL, NULL, cancellable, answer, &error));
  g_assert_no_error (error);
}

static void
ask (L4Session *session, guint8 first, guint8 second, const char *question, double temperature, L4Answer *answer)
{
  ask_unless (NULL, session, first, second, question, temperature, answer);
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

#define MANY 33                 /* pictures of a tile each: of one more than a session keeps the tokens */

/* All of them, of one colour each, then the question. */
static void
ask_of_many (L4Session *session, const char *question, L4Answer *answer, L4Forecast *forecast)
{
  enum { SIDE = 56 };
  static guint8 colours[MANY][SIDE * SIDE * 3];
  L4Part parts[MANY + 2] = { {.text = "See these pictures and say what there is to say about them."} };
  const L4Message message = { L4_ROLE_USER, parts, G_N_ELEMENTS (parts) };
  const L4GenerateOptions options = {.max_tokens = 20,.top_p = 1,.max_tiles = 1 };
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < MANY; i++) {
    memset (colours[i], (int) (7 * i), sizeof colours[i]);
    parts[1 + i].picture = (L4Picture) { colours[i], SIDE, SIDE, SIDE * 3 };
  }
  parts[MANY + 1].text = question;
  l4_session_forecast (session, &message, 1, &options, forecast, &error);
  g_assert_no_error (error);
  l4_session_answer (session, &message, 1, &options, NULL, NULL, NULL, answer, &error);
  g_assert_no_error (error);
}

/* Where the keys and values of more pictures are held than their tokens. */
static void
test_pictures_that_are_held_are_not_encoded_again (Fixture *self, gconstpointer data)
{
  static const char *const questions[] = { "What is it that we see here, and what else is there?",
    "Which of them is the brighter one? Answer in one word, please."
  };
  g_autoptr (L4Model) model = NULL;
  g_autoptr (L4Session) session = NULL;

  edit (self, "config.json", "\"attention_chunk_size\": 64", "\"attention_chunk_size\": 8192");
  model = load (self->folder, NULL);
  session = l4_session_new (model);
  for (guint i = 0; i < 2; i++) {
    g_autoptr (L4Session) fresh = l4_session_new (model);
    g_auto (L4Answer) answer = { 0 }, expected = { 0 };
    L4Forecast forecast, other;

    ask_of_many (session, questions[i], &answer, &forecast);
    ask_of_many (fresh, questions[i], &expected, &other);
    g_assert_cmpstr (answer.text, ==, expected.text);
    g_assert_cmpuint (answer.reused_pictures, ==, i == 0 ? 0 : MANY);
    g_assert_cmpuint (forecast.tiles, ==, i == 0 ? MANY : 0);
    g_assert_cmpuint (expected.reused_pictures, ==, 0);
    g_assert_cmpuint (other.tiles, ==, MANY);
  }
}

static void
test_a_cancelled_answer_leaves_what_was_held (Fixture *self, gconstpointer data)
{
  static const char question[] = "Which of them is the brighter one? Answer in one word, please.";
  g_autoptr (GCancellable) cancelled = g_cancellable_new ();
  g_autoptr (L4Model) model = NULL;
  g_autoptr (L4Session) session = NULL, fresh = NULL;
  g_auto (L4Answer) first = { 0 }, none = { 0 }, answer = { 0 }, expected = { 0 };

  edit (self, "config.json", "\"attention_chunk_size\": 64", "\"attention_chunk_size\": 8192");
  model = load (self->folder, NULL);
  session = l4_session_new (model);
  fresh = l4_session_new (model);
  g_cancellable_cancel (cancelled);
  ask (session, 10, 200, "What is it that we see here, and what else is there?", 0, &first);
  ask_unless (cancelled, session, 10, 200, question, 0, &none);
  g_assert_cmpint (none.finish, ==, L4_FINISH_CANCELLED);
  ask (session, 10, 200, question, 0, &answer);
  ask (fresh, 10, 200, question, 0, &expected);
  g_assert_cmpuint (answer.reused_tokens, >, 0);
  g_assert_cmpuint (answer.reused_pictures, ==, 2);
  g_assert_cmpstr (answer.text, ==, expected.text);
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

int
main (int argc, char **argv)
{
  static const Test tests[] = {
    {"answer-streams-what-it-returns", test_answer_streams_what_it_returns},
    {"what-is-reused-changes-no-answer", test_what_is_reused_changes_no_answer},
    {"pictures-that-are-held-are-not-encoded-again", test_pictures_that_are_held_are_not_encoded_again},
    {"a-cancelled-answer-leaves-what-was-held", test_a_cancelled_answer_leaves_what_was_held},
    {"same-seed-same-text", test_same_seed_same_text},
    {"cancelling-stops-between-tokens", test_cancelling_stops_between_tokens},
    {"unusable-options-are-refused", test_unusable_options_are_refused},
    {"prompt-longer-than-context-is-refused", test_prompt_longer_than_context_is_refused},
    {"extreme-pictures-are-described", test_extreme_pictures_are_described},
    {"picture-without-pixels-is-refused", test_picture_without_pixels_is_refused},
    {"settings-need-not-name-the-token-of-pictures", test_settings_need_not_name_the_token_of_pictures},
    {"weights-that-are-no-numbers-end-in-an-error", test_weights_that_are_no_numbers_end_in_an_error},
  };

  g_test_init (&argc, &argv, NULL);
  add_tests ("engine", tests, G_N_ELEMENTS (tests));
  return g_test_run ();
}
