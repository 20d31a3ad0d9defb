/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Talk with a model in text. */

#include "talk/talk.h"

#include "base/error.h"
#include "command/command.h"

/* Most tokens of prompt and answer together, where the options do not say: reading more takes long on a CPU, and models lose themselves
 * in it. */
#define CONTEXT 16384

/* Least parameters of a model that has learnt to read: those that were published have a thousand times as many. */
#define PARAMETERS 100000000

static struct
{
  char *model, *projector, *load, *language, *memory_limit;
  int max_tokens, context, threads;
  guint64 bytes;                /* of memory_limit */
} given;

static const GOptionEntry entries[] = {
  {"model", 0, 0, G_OPTION_ARG_FILENAME, &given.model, N_("Model that reads and answers: a GGUF file, a Hugging Face folder"), "MODEL"},
  {"projector", 0, 0, G_OPTION_ARG_FILENAME, &given.projector, N_("Vision part of the model (found beside it)"), "FILE"},
  {"load", 0, 0, G_OPTION_ARG_FILENAME, &given.load, N_("Read the weights into memory, map their file, or read experts when they are needed (auto)"), "auto|read|map|stream"},
  {"language", 0, 0, G_OPTION_ARG_FILENAME, &given.language, N_("Language to answer in, such as German"), "NAME"},
  {"max-tokens", 0, 0, G_OPTION_ARG_INT, &given.max_tokens, N_("Longest answer, in tokens"), "N"},
  {"context", 0, 0, G_OPTION_ARG_INT, &given.context, N_("Most tokens of a prompt and its answer (16384, or what the model has)"), "N"},
  {"threads", 0, 0, G_OPTION_ARG_INT, &given.threads, N_("Threads that compute; 0: one for every CPU (0)"), "N"},
  {"memory-limit", 0, 0, G_OPTION_ARG_FILENAME, &given.memory_limit,
      N_("Bytes for weights and caches, K, M or G behind them for more (what is free)"), "BYTES"},
  {NULL}
};

struct _L4Talk
{
  L4Model *model;
  L4Session *session;
  L4Progress *progress;
  GCancellable *cancellable;
  L4GenerateOptions options;
  guint64 context;              /* tokens of prompt and answer */
};

const GOptionEntry *
l4_talk_entries (void)
{
  return entries;
}

const char *
l4_talk_language (void)
{
  return given.language;
}

gboolean
l4_talk_check (GError **error)
{
  if (!l4_command_check_text ("language", given.language, error)
      || !l4_command_check_number ("max-tokens", given.max_tokens, 0, 65536, error)  /* 0: what is usual */
      || !l4_command_check_number ("context", given.context, 0, G_MAXINT32, error)
      || !l4_command_check_number ("threads", given.threads, 0, L4_MAX_THREADS, error)
      || !l4_command_parse_bytes ("memory-limit", given.memory_limit, &given.bytes, error))
    return FALSE;
  return given.model != NULL
      || l4_fail (error, L4_ERROR_INPUT, _("the embedded model cannot read; please name one that can with --model"));
}

static void
on_progress (guint percent, gpointer user_data)
{
  l4_progress_set_loading (user_data, percent);
}

/* The embedded one, named by its path, cannot either; prepared answers (no parameters) stand for one that can. */
static gboolean
check_can_read (L4Model *model, GError **error)
{
  guint64 n = l4_model_get_info (model)->n_parameters;

  return n == 0 || n >= PARAMETERS
      || l4_fail (error, L4_ERROR_INPUT, _("%s: a model of %.1f million parameters cannot read; please name another with --model"),
      given.model, n / 1e6);
}

L4Talk *
l4_talk_new (guint max_tokens, L4Progress *progress, GCancellable *cancellable, GError **error)
{
  const L4LoadOptions load = {
    .model_path = given.model,
    .projector_path = given.projector,
    .memory_limit = given.bytes,
    .load = l4_load_from_string (given.load),
    .threads = given.threads,
    .text_only = TRUE,
  };
  g_autoptr (L4Model) model = l4_model_load (&load, on_progress, progress, cancellable, error);
  L4Talk *self;

  if (model == NULL || !check_can_read (model, error))
    return NULL;
  if (l4_model_get_info (model)->note != NULL)
    l4_progress_say (progress, "%s", l4_model_get_info (model)->note);
  self = g_new0 (L4Talk, 1);
  self->model = g_steal_pointer (&model);
  self->session = l4_session_new (self->model);
  self->progress = progress;
  self->cancellable = cancellable;
  self->options = (L4GenerateOptions) L4_GENERATE_OPTIONS_INIT;
  self->options.max_tokens = given.max_tokens > 0 ? (guint) given.max_tokens : max_tokens;
  self->context = MIN (l4_talk_get_info (self)->context_length, given.context > 0 ? (guint64) given.context : CONTEXT);
  return self;
}

void
l4_talk_free (L4Talk *self)
{
  l4_session_free (self->session);
  l4_model_unref (self->model);
  g_free (self);
}

const L4ModelInfo *
l4_talk_get_info (const L4Talk *self)
{
  return l4_model_get_info (self->model);
}

/* Whether prompt and answer are within the context; why not: one line. */
static gboolean
fits (L4Talk *self, const char *system, const char *prompt, char **why, GError **error)
{
  const L4Part parts[] = { {.text = system}, {.text = prompt} };
  const L4Message messages[] = { {L4_ROLE_SYSTEM, &parts[0], 1}, {L4_ROLE_USER, &parts[1], 1} };
  g_autoptr (GError) problem = NULL;
  L4Forecast forecast;

  *why = NULL;
  if (l4_session_forecast (self->session, messages, G_N_ELEMENTS (messages), &self->options, &forecast, &problem)) {
    if ((guint64) forecast.prompt_tokens + self->options.max_tokens > self->context)
      *why = g_strdup_printf (_("the prompt has %u tokens and the answer up to %u, but the context only %" PRIu64), forecast.prompt_tokens,
          self->options.max_tokens, self->context);
    return TRUE;
  }
  if (g_error_matches (problem, L4_ERROR, L4_ERROR_INPUT))      /* by itself it is too long */
    *why = g_strdup (problem->message);
  return *why != NULL || l4_fail (error, problem->code, "%s", problem->message);
}

guint
l4_talk_fit (L4Talk *self, const char *system, L4TalkFunc make, gpointer user_data, guint most, GError **error)
{
  g_autofree char *why = NULL;
  guint fitting = 0, beyond = most + 1;

  for (guint n = most; fitting + 1 < beyond; n = (fitting + beyond) / 2) {
    g_autofree char *prompt = make (n, user_data);

    g_free (g_steal_pointer (&why));
    if (!fits (self, system, prompt, &why, error))
      return 0;
    if (why == NULL)
      fitting = n;
    else
      beyond = n;
  }
  if (fitting == 0)
    l4_fail (error, L4_ERROR_INPUT, "%s", why);
  return fitting;
}

gboolean
l4_talk_answer (L4Talk *self, const char *system, const char *prompt, L4TextFunc on_text, gpointer user_data, L4Answer *answer,
    GError **error)
{
  const L4Part parts[] = { {.text = system}, {.text = prompt} };
  const L4Message messages[] = { {L4_ROLE_SYSTEM, &parts[0], 1}, {L4_ROLE_USER, &parts[1], 1} };

  if (!l4_session_answer (self->session, messages, G_N_ELEMENTS (messages), &self->options, on_text, user_data, self->cancellable,
          answer, error))
    return FALSE;
  return answer->finish != L4_FINISH_CANCELLED || l4_fail (error, L4_ERROR_CANCELLED, _("the answer was cancelled"));
}

void
l4_talk_tell (const L4Talk *self, const L4Answer *answer)
{
  if (answer->finish == L4_FINISH_LENGTH)
    l4_progress_say (self->progress, _("the answer was cut at its longest, %u tokens; --max-tokens allows more"), answer->generated_tokens);
}

char *
l4_talk_quote (const char *text)
{
  char *line = l4_text_to_line (text, -1);

  for (char *at = line; *at != '\0'; at++)
    *at = *at == '[' ? '(' : *at == ']' ? ')' : *at;
  return line;
}
