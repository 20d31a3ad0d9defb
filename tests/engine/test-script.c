/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Prepared answers prove what was asked, and end where a model's context would. */

#include <gio/gio.h>
#include <glib/gstdio.h>

#include "llama4.h"

static L4Session *
make_session (const char *script, const L4ModelInfo **info)
{
  g_autofree char *path = NULL;
  g_autoptr (L4Model) model = NULL;
  L4LoadOptions options = { 0 };
  GError *error = NULL;
  int file = g_file_open_tmp ("answers-XXXXXX.script", &path, &error);

  g_assert_no_error (error);
  g_assert_true (g_close (file, NULL) && g_file_set_contents (path, script, -1, NULL));
  options.model_path = path;
  model = l4_model_load (&options, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  g_unlink (path);
  *info = l4_model_get_info (model);
  return l4_session_new (model);
}

static gboolean
ask (L4Session *session, const char *system, const char *user, L4Answer *answer, GError **error)
{
  const L4Part parts[] = { {.text = system}, {.text = user} };
  const L4Message messages[] = { {L4_ROLE_SYSTEM, &parts[0], 1}, {L4_ROLE_USER, &parts[1], 1} };
  const L4GenerateOptions options = L4_GENERATE_OPTIONS_INIT;
  L4Forecast forecast;

  return l4_session_forecast (session, messages, 2, &options, &forecast, error)
      && l4_session_answer (session, messages, 2, &options, NULL, NULL, NULL, answer, error);
}

static void
test_an_answer_fails_when_the_conversation_is_not_what_it_expects (void)
{
  static const struct
  {
    const char *system, *user, *wrong;
  } cases[] = {
    {"be brief", "a red circle", NULL},
    {"be brief", "a blue circle", "lacks \"red\""},
    {"be long", "a red circle", "lacks \"brief\""},
    {"be brief", "a red circle, green", "has \"green\""},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    const L4ModelInfo *info;
    g_autoptr (L4Session) session = make_session ("{\"text\":\"yes\",\"expect\":[\"red\",\"brief\"],\"refuse\":[\"green\"]}", &info);
    g_auto (L4Answer) answer = { 0 };
    g_autoptr (GError) error = NULL;

    g_assert_cmpint (ask (session, cases[i].system, cases[i].user, &answer, &error), ==, cases[i].wrong == NULL);
    if (cases[i].wrong != NULL)
      g_assert_nonnull (strstr (error->message, cases[i].wrong));
    else
      g_assert_cmpstr (answer.text, ==, "yes");
  }
}

static void
test_an_answer_for_certain_conversations_is_not_used_in_turn (void)
{
  static const char *const users[] = { "a circle", "a square", "a circle", "a circle" };
  static const char *const wanted[] = { "first", "square", "second", "first" };
  const L4ModelInfo *info;
  g_autoptr (L4Session) session = make_session ("{\"text\":\"first\"}\n{\"when\":\"square\",\"text\":\"square\"}\n"
      "{\"text\":\"second\"}", &info);

  for (guint i = 0; i < G_N_ELEMENTS (users); i++) {
    g_auto (L4Answer) answer = { 0 };

    g_assert_true (ask (session, "be brief", users[i], &answer, NULL));
    g_assert_cmpstr (answer.text, ==, wanted[i]);
  }
}

static void
test_a_prompt_beyond_the_context_is_refused (void)
{
  const L4ModelInfo *info;
  g_autoptr (L4Session) session = make_session ("{\"context\":6}\n{\"text\":\"yes\"}", &info);
  g_auto (L4Answer) answer = { 0 }, none = { 0 };
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (info->context_length, ==, 6);
  g_assert_true (ask (session, "one two", "three\nfour  five", &answer, NULL));
  g_assert_cmpuint (answer.prompt_tokens, ==, 5);
  g_assert_false (ask (session, "one two", "three four five six", &none, &error));
  g_assert_error (error, L4_ERROR, L4_ERROR_INPUT);
  g_assert_nonnull (strstr (error->message, "6"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/script/an-answer-fails-when-the-conversation-is-not-what-it-expects",
      test_an_answer_fails_when_the_conversation_is_not_what_it_expects);
  g_test_add_func ("/script/an-answer-for-certain-conversations-is-not-used-in-turn",
      test_an_answer_for_certain_conversations_is_not_used_in_turn);
  g_test_add_func ("/script/a-prompt-beyond-the-context-is-refused", test_a_prompt_beyond_the_context_is_refused);
  return g_test_run ();
}
