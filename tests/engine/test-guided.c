/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Answers with a schema are values of it, whatever the model would say: alone, together, guessed ahead and near the end. */

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "llama4.h"
#include "schema/schema.h"

#define N 6                     /* conversations */

static const char *const schemas[N] = {
  "{\"type\":\"object\",\"properties\":{\"seen\":{\"type\":\"boolean\"},\"n\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":40},"
      "\"what\":{\"type\":\"string\",\"maxLength\":20}},\"required\":[\"seen\",\"n\",\"what\"],\"additionalProperties\":false}",
  "{\"type\":\"array\",\"items\":{\"enum\":[\"up\",\"down\",\"left\"]},\"minItems\":8,\"maxItems\":12}",
  NULL,
  "{\"type\":\"string\",\"pattern\":\"^[a-z]{3}( [a-z]{3}){2,6}$\"}",
  "{\"type\":\"number\",\"minimum\":-1,\"maximum\":1}",
  "{\"$defs\":{\"t\":{\"type\":\"object\",\"properties\":{\"a\":{\"$ref\":\"#/$defs/t\"},\"b\":{\"type\":\"null\"}}}},\"$ref\":\"#/$defs/t\"}",
};

typedef struct
{
  L4Session *session;
  const char *schema;
  guint index;
  guint max_tokens;
  GCancellable *cancellable;
  GString *heard;               /* piece by piece */
  L4Answer answer;
  GError *error;
} Talk;

static void
hear (const char *text, gpointer user_data)
{
  Talk *self = user_data;

  g_string_append (self->heard, text);
}

static gpointer
talk (gpointer data)
{
  Talk *self = data;
  g_autofree char *question = g_strdup_printf ("%u: what is %u?", self->index, self->index * 7);
  const L4Part part = {.text = question };
  const L4Message message = { L4_ROLE_USER, &part, 1 };
  L4GenerateOptions options = L4_GENERATE_OPTIONS_INIT;

  options.max_tokens = self->max_tokens;
  options.temperature = self->index % 2 * 1.5;
  options.seed = self->index;
  options.schema = self->schema;
  self->heard = g_string_new (NULL);
  l4_session_answer (self->session, &message, 1, &options, hear, self, self->cancellable, &self->answer, &self->error);
  return NULL;
}

static void
talk_clear (Talk *self)
{
  g_string_free (self->heard, TRUE);
  l4_answer_clear (&self->answer);
  g_clear_error (&self->error);
}

static L4Model *
load_model (const char *name)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "golden", name, NULL);
  const L4LoadOptions options = {.model_path = path,.threads = 2 };
  g_autoptr (GError) error = NULL;
  L4Model *model = l4_model_load (&options, NULL, NULL, NULL, &error);

  g_assert_no_error (error);
  return model;
}

static void
assert_value (const Talk *self)
{
  g_autoptr (L4Schema) schema = l4_schema_new (self->schema, NULL);
  g_autofree char *value = NULL;

  g_assert_no_error (self->error);
  g_assert_true (self->answer.is_value);
  g_assert_true (l4_schema_accepts (schema, self->answer.text, strlen (self->answer.text)));
  g_assert_cmpstr (self->heard->str, ==, self->answer.text);
  g_assert_cmpuint (self->answer.generated_tokens, <=, self->max_tokens);
  value = l4_answer_get_value (&self->answer);
  g_assert_nonnull (value);
}

/* Of one model with random weights, that would say anything. */
static void
test_answers_are_values_whatever_the_model_says (gconstpointer name)
{
  g_autoptr (L4Model) model = load_model (name);
  g_autoptr (L4Session) session = l4_session_new (model);

  for (guint i = 0; i < 5 * N; i++) {
    Talk one = {.session = session,.schema = schemas[i % N],.index = i,.max_tokens = 80 };

    talk (&one);
    if (one.schema != NULL)
      assert_value (&one);
    else
      g_assert_false (one.answer.is_value);
    talk_clear (&one);
  }
}

static void
test_answers_together_are_those_alone (void)
{
  g_autoptr (L4Model) model = load_model ("frames-tiny");
  Talk alone[N] = { 0 }, together[N] = { 0 };
  GThread *threads[N];

  for (guint i = 0; i < N; i++) {
    alone[i] = together[i] = (Talk) {.schema = schemas[i],.index = i,.max_tokens = 70 };
    alone[i].session = l4_session_new (model);
    talk (&alone[i]);
    together[i].session = l4_session_new (model);
  }
  for (guint i = 0; i < N; i++)
    threads[i] = g_thread_new ("talk", talk, &together[i]);
  for (guint i = 0; i < N; i++) {
    g_thread_join (threads[i]);
    if (schemas[i] != NULL)
      assert_value (&together[i]);
  }
  for (guint i = 0; i < N; i++) {
    g_assert_cmpstr (together[i].answer.text, ==, alone[i].answer.text);
    g_assert_cmpint (together[i].answer.finish, ==, alone[i].answer.finish);
    l4_session_free (alone[i].session);
    l4_session_free (together[i].session);
    talk_clear (&alone[i]);
    talk_clear (&together[i]);
  }
}

/* The second time the answer is known, and guessed several tokens at a time. */
static void
test_what_is_guessed_changes_no_value (void)
{
  g_autoptr (L4Model) model = load_model ("frames-tiny");
  guint guessed = 0;

  for (guint i = 0; i < N; i++) {
    g_autoptr (L4Session) session = l4_session_new (model);
    Talk first = {.session = session,.schema = schemas[i],.index = 2 * i,.max_tokens = 70 }, second = first;

    talk (&first);
    talk (&second);
    g_assert_cmpstr (first.answer.text, ==, second.answer.text);
    guessed += second.answer.guessed_tokens;
    talk_clear (&first);
    talk_clear (&second);
  }
  g_assert_cmpuint (guessed, >, 10);
}

static void
test_few_tokens_make_a_shorter_value_or_an_error_but_no_half_one (void)
{
  g_autoptr (L4Model) model = load_model ("frames-tiny");
  g_autoptr (L4Session) session = l4_session_new (model);
  guint n_refused = 0, n_shorter = 0;

  for (guint i = 0; i < N; i++)
    for (guint tokens = 1; schemas[i] != NULL && tokens < 80; tokens += 3) {
      Talk one = {.session = session,.schema = schemas[i],.index = i,.max_tokens = tokens };

      talk (&one);
      if (one.error != NULL) {
        g_assert_error (one.error, L4_ERROR, L4_ERROR_INPUT);
        g_assert_true (g_str_has_prefix (one.error->message, "schema: the shortest answer takes "));
        g_assert_cmpuint (one.heard->len, ==, 0);
        n_refused++;
      } else {
        assert_value (&one);
        n_shorter += one.answer.finish == L4_FINISH_LENGTH;
      }
      talk_clear (&one);
    }
  g_assert_cmpuint (n_refused, >, 10);
  g_assert_cmpuint (n_shorter, >, 10);
}

static void
test_a_bad_schema_is_an_error_and_the_next_answer_is_as_ever (void)
{
  g_autoptr (L4Model) model = load_model ("frames-tiny");
  g_autoptr (L4Session) session = l4_session_new (model);
  Talk bad = {.session = session,.schema = "{\"type\":\"object\",\"properties\":{\"when\":{\"format\":\"date\"}}}",.max_tokens = 50 };
  Talk broken = {.session = session,.schema = "{\"type\":",.max_tokens = 50 }, good = {.session = session,.schema = schemas[0],.max_tokens = 50 };
  g_autoptr (GError) error = NULL;

  talk (&bad);
  g_assert_error (bad.error, L4_ERROR, L4_ERROR_UNSUPPORTED);
  g_assert_cmpstr (bad.error->message, ==, "schema: #/properties/when/format: this keyword is not supported");
  g_assert_false (l4_schema_check (bad.schema, &error));
  g_assert_cmpstr (error->message, ==, bad.error->message);
  talk (&broken);
  g_assert_error (broken.error, L4_ERROR, L4_ERROR_INPUT);
  talk (&good);
  assert_value (&good);
  g_assert_true (l4_schema_check (good.schema, NULL));
  talk_clear (&bad);
  talk_clear (&broken);
  talk_clear (&good);
}

static void
test_what_was_cancelled_is_no_value (void)
{
  g_autoptr (L4Model) model = load_model ("frames-tiny");
  g_autoptr (L4Session) session = l4_session_new (model);
  g_autoptr (GCancellable) cancelled = g_cancellable_new ();
  Talk one = {.session = session,.schema = schemas[0],.max_tokens = 50,.cancellable = cancelled };
  g_autofree char *value = NULL;

  g_cancellable_cancel (cancelled);
  talk (&one);
  g_assert_no_error (one.error);
  g_assert_cmpint (one.answer.finish, ==, L4_FINISH_CANCELLED);
  g_assert_false (one.answer.is_value);
  value = l4_answer_get_value (&one.answer);
  g_assert_null (value);
  talk_clear (&one);
}

static void
test_prepared_answers_must_be_values_too (void)
{
  static const struct
  {
    const char *text, *wrong;
    guint max_tokens;
  } cases[] = {
    {"\"two words\"", NULL, 10},
    {"\"two words\"", "takes 2 tokens, but only 1", 1},
    {"two words", "is no value of it", 10},
    {"\"two words", "is no value of it", 10},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = g_strdup_printf ("%s/guided-%u-%d.script", g_get_tmp_dir (), i, (int) getpid ());
    g_autofree char *escaped = g_strescape (cases[i].text, NULL), *script = g_strdup_printf ("{\"text\":\"%s\"}", escaped);
    const L4LoadOptions options = {.model_path = path };
    g_autoptr (L4Model) model = NULL;
    g_autoptr (L4Session) session = NULL;
    Talk one = {.schema = "{\"type\":\"string\"}",.max_tokens = cases[i].max_tokens };

    g_assert_true (g_file_set_contents (path, script, -1, NULL));
    model = l4_model_load (&options, NULL, NULL, NULL, NULL);
    g_unlink (path);
    one.session = session = l4_session_new (model);
    talk (&one);
    if (cases[i].wrong != NULL)
      g_assert_nonnull (strstr (one.error->message, cases[i].wrong));
    else
      assert_value (&one);
    talk_clear (&one);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/guided/answers-are-values-whatever-the-model-says/frames-tiny", "frames-tiny", test_answers_are_values_whatever_the_model_says);
  g_test_add_data_func ("/guided/answers-are-values-whatever-the-model-says/maverick-tiny", "maverick-tiny",
      test_answers_are_values_whatever_the_model_says);
  g_test_add_func ("/guided/answers-together-are-those-alone", test_answers_together_are_those_alone);
  g_test_add_func ("/guided/what-is-guessed-changes-no-value", test_what_is_guessed_changes_no_value);
  g_test_add_func ("/guided/few-tokens-make-a-shorter-value-or-an-error-but-no-half-one",
      test_few_tokens_make_a_shorter_value_or_an_error_but_no_half_one);
  g_test_add_func ("/guided/a-bad-schema-is-an-error-and-the-next-answer-is-as-ever", test_a_bad_schema_is_an_error_and_the_next_answer_is_as_ever);
  g_test_add_func ("/guided/what-was-cancelled-is-no-value", test_what_was_cancelled_is_no_value);
  g_test_add_func ("/guided/prepared-answers-must-be-values-too", test_prepared_answers_must_be_values_too);
  return g_test_run ();
}
