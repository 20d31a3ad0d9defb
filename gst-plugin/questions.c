/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Questions about every window that are answered by yes or no. */

#include "questions.h"

#include "prompt.h"

#define HOW " Answer yes or no."

char **
gst_llama4_questions_split (const char *text)
{
  g_autoptr (GStrvBuilder) questions = g_strv_builder_new ();
  g_auto (GStrv) parts = g_strsplit_set (text != NULL ? text : "", ";\n", -1);

  for (char **part = parts; *part != NULL; part++)
    if (*g_strstrip (*part) != '\0')
      g_strv_builder_add (questions, *part);
  return g_strv_builder_end (questions);
}

char **
gst_llama4_questions_spell (const char *text)
{
  char **questions = gst_llama4_questions_split (text);

  for (guint n = g_strv_length (questions); n > GST_LLAMA4_MOST_QUESTIONS; n--) /* no more are asked */
    g_clear_pointer (&questions[n - 1], g_free);
  for (char **question = questions; *question != NULL; question++) {
    char *spelled = g_strconcat (*question, HOW, NULL);

    g_free (*question);
    *question = spelled;
  }
  return questions;
}

static void
likelihood_clear (gpointer data)
{
  g_free ((char *) ((L4Likelihood *) data)->question);
}

GArray *
gst_llama4_likelihoods_new (void)
{
  GArray *likelihoods = g_array_new (FALSE, FALSE, sizeof (L4Likelihood));

  g_array_set_clear_func (likelihoods, likelihood_clear);
  return likelihoods;
}

/* The pictures stand before the question, as they did in the prompt: the session holds them. */
static gboolean
ask_one (const char *spelled, const GstLlama4Window * window, const char *system, L4Session * session,
    const L4GenerateOptions * options, GCancellable * cancellable, double *yes, GError ** error)
{
  g_auto (GstLlama4Prompt) prompt = { 0 };
  const L4Part part = {.text = system };
  L4Message messages[2];
  gsize n = 0;

  gst_llama4_prompt_init (&prompt, window, spelled, NULL, NULL, NULL);
  if (system != NULL && *system != '\0')
    messages[n++] = (L4Message) { L4_ROLE_SYSTEM, &part, 1 };
  messages[n++] = (L4Message) { L4_ROLE_USER, (const L4Part *) prompt.parts->data, prompt.parts->len };
  return l4_session_ask (session, messages, n, options, cancellable, yes, error);
}

gboolean
gst_llama4_questions_ask (const char *text, const GstLlama4Window * window, const char *system, L4Session * session,
    const L4GenerateOptions * options, GCancellable * cancellable, GArray * likelihoods, GError ** error)
{
  g_auto (GStrv) questions = gst_llama4_questions_split (text), spelled = gst_llama4_questions_spell (text);

  for (guint i = 0; questions[i] != NULL && i < GST_LLAMA4_MOST_QUESTIONS; i++) {
    L4Likelihood likelihood = { 0 };

    if (!ask_one (spelled[i], window, system, session, options, cancellable, &likelihood.yes, error))
      return FALSE;
    likelihood.question = g_strdup (questions[i]);
    g_array_append_val (likelihoods, likelihood);
  }
  return TRUE;
}
