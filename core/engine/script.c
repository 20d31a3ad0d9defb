/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Answers from a file instead of a model: for tests and demonstrations of pipelines. */

#include <string.h>

#include "engine/backend.h"
#include "engine/guided.h"
#include "engine/script-file.h"
#include "engine/talk.h"

#define TILE_SIZE 112           /* pixels */
#define MAX_TILES 16
#define STEP_US (5 * 1000)      /* between two looks at the cancellable */

typedef struct
{
  L4Script *script;
  guint next;
  const L4ScriptLine *said;     /* the latest answer's; NULL: none yet */
} Session;

/* FALSE when cancelled meanwhile. */
static gboolean
wait_for (gint64 duration_us, GCancellable *cancellable)
{
  gint64 end = g_get_monotonic_time () + duration_us;

  for (gint64 left = duration_us; left > 0; left = end - g_get_monotonic_time ()) {
    if (g_cancellable_is_cancelled (cancellable))
      return FALSE;
    g_usleep (MIN (left, STEP_US));
  }
  return !g_cancellable_is_cancelled (cancellable);
}

/* Until the file is there. FALSE: cancelled. */
static gboolean
wait_for_file (const char *path, GCancellable *cancellable)
{
  while (!g_file_test (path, G_FILE_TEST_EXISTS))
    if (!wait_for (STEP_US, cancellable))
      return FALSE;
  return !g_cancellable_is_cancelled (cancellable);
}

static gpointer
script_load (const L4LoadOptions *options, L4ModelInfo *info, L4ProgressFunc progress, gpointer user_data,
    GCancellable *cancellable, GError **error)
{
  g_autoptr (L4Script) self = l4_script_read (options->model_path, error);

  if (self == NULL)
    return NULL;
  for (guint percent = 0; percent < 100; percent += 10) {
    if (progress != NULL)
      progress (percent, user_data);
    if (!wait_for (self->load_us / 10, cancellable)) {
      l4_fail (error, L4_ERROR_CANCELLED, _("%s: loading was cancelled"), options->model_path);
      return NULL;
    }
  }
  if (self->load_error != NULL) {
    l4_fail (error, L4_ERROR_FORMAT, "%s: %s", options->model_path, self->load_error);
    return NULL;
  }
  info->digest = self->digest;
  info->quantization = "none";
  info->tile_size = TILE_SIZE;
  info->max_tiles = MAX_TILES;
  info->context_length = self->context > 0 ? self->context : G_MAXINT32;
  return g_steal_pointer (&self);
}

/* As a model of one kind of tile would: nothing larger than its canvas, nothing enlarged. */
static void
script_picture_size (gconstpointer model, guint width, guint height, guint max_tiles, guint *out_width, guint *out_height)
{
  guint side = TILE_SIZE, longer = MAX (width, height);

  while (side * side < max_tiles * TILE_SIZE * TILE_SIZE && side < longer)
    side += TILE_SIZE;
  *out_width = longer > side ? MAX (1, (guint64) width * side / longer) : width;
  *out_height = longer > side ? MAX (1, (guint64) height * side / longer) : height;
}

static gpointer
script_session_new (gpointer model)
{
  Session *self = g_new0 (Session, 1);

  self->script = model;
  return self;
}

/* As if every part of a prompt were a token, or every word. FALSE: they are more than the context has. */
static gboolean
count_tokens (const L4Script *self, const L4Message *messages, gsize n_messages, guint *tokens, GError **error)
{
  *tokens = 0;
  for (gsize m = 0; m < n_messages; m++)
    for (gsize p = 0; p < messages[m].n_parts; p++)
      *tokens += self->context > 0 && messages[m].parts[p].text != NULL ? l4_talk_count_words (messages[m].parts[p].text) : 1;
  return self->context == 0 || *tokens < self->context
      || l4_fail (error, L4_ERROR_INPUT, _("the prompt has %u tokens, but the model's context only %u"), *tokens, self->context);
}

static L4ScriptLine *
find_line (const Session *self, const L4Message *messages, gsize n_messages)
{
  const L4Script *script = self->script;

  for (guint i = 0; i < script->special->len; i++) {
    L4ScriptLine *line = &g_array_index (script->special, L4ScriptLine, i);

    if (l4_talk_has_text (messages, n_messages, line->when))
      return line;
  }
  return &g_array_index (script->lines, L4ScriptLine, self->next % script->lines->len);
}

/* Waits until the line is under way in as many sessions as it says. FALSE when cancelled meanwhile. */
static gboolean
meet (L4Script *self, L4ScriptLine *line, GCancellable *cancellable)
{
  guint before;
  gboolean met;

  if (line->together <= 1)
    return TRUE;
  g_mutex_lock (&self->lock);
  before = line->n_met;
  if (++line->n_waiting >= line->together) {
    line->n_waiting = 0;
    line->n_met++;
  }
  while (!(met = line->n_met != before) && !g_cancellable_is_cancelled (cancellable)) {
    g_mutex_unlock (&self->lock);
    g_usleep (STEP_US);
    g_mutex_lock (&self->lock);
  }
  line->n_waiting -= !met;
  g_mutex_unlock (&self->lock);
  return met;
}

/* For those who write tests only. */
static gboolean
check_texts (const L4ScriptLine *line, const L4Message *messages, gsize n_messages, GError **error)
{
  for (char **text = line->expect; *text != NULL; text++)
    if (!l4_talk_has_text (messages, n_messages, *text))
      return l4_fail (error, L4_ERROR_INTERNAL, "the conversation lacks \"%s\"", *text);
  for (char **text = line->refuse; *text != NULL; text++)
    if (l4_talk_has_text (messages, n_messages, *text))
      return l4_fail (error, L4_ERROR_INTERNAL, "the conversation has \"%s\"", *text);
  return TRUE;
}

/* The line's text with what stands for something filled in. (transfer full) */
static char *
fill_in (const L4ScriptLine *line, const L4Message *messages, gsize n_messages)
{
  g_autoptr (GString) text = g_string_new (line->text);
  g_autofree char *pictures = NULL;

  if (strchr (text->str, '{') == NULL)
    return g_string_free (g_steal_pointer (&text), FALSE);
  pictures = l4_talk_sum_pictures (messages, n_messages);
  g_string_replace (text, "{pictures}", pictures, 0);
  g_string_replace (text, "{prompt}", l4_talk_last_text (messages, n_messages), 1);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static gboolean
script_forecast (gpointer session, const L4Message *messages, gsize n_messages, const L4GenerateOptions *options,
    L4Forecast *forecast, GError **error)
{
  guint pictures = l4_talk_count_pictures (messages, n_messages), tokens, n_questions = 0;
  const L4ScriptLine *line = find_line (session, messages, n_messages);

  while (options->questions != NULL && options->questions[n_questions] != NULL)
    n_questions++;
  if (!count_tokens (((const Session *) session)->script, messages, n_messages, &tokens, error))
    return FALSE;
  *forecast = (L4Forecast) {
    .pictures = pictures,
    .tiles = pictures,
    .prompt_tokens = tokens,
    .generated_tokens = options->max_tokens,
    .seconds = (line->forecast_us + n_questions * line->ask_us) / 1e6,
  };
  return TRUE;
}

/* Nobody makes prepared text follow a schema; so that no reader of values gets anything else, it fails where it does not. */
static gboolean
check_value (const L4GenerateOptions *options, const char *text, guint n_words, GError **error)
{
  g_autoptr (L4Schema) schema = l4_schema_new (options->schema, error);

  if (schema == NULL)
    return FALSE;
  if (!l4_schema_accepts (schema, text, strlen (text)))
    return l4_fail (error, L4_ERROR_INPUT, _("schema: the prepared answer is no value of it, or not written as values are"));
  return n_words <= options->max_tokens || l4_guided_refuse (n_words, options->max_tokens, error);
}

/* By the answer before it; half, where that does not tell. */
static gboolean
script_ask (gpointer session, const L4Message *messages, gsize n_messages, const L4GenerateOptions *options, GCancellable *cancellable,
    double *yes, GError **error)
{
  const Session *self = session;
  const char *question = l4_talk_last_text (messages, n_messages);

  *yes = 0.5;
  for (guint i = 0; self->said != NULL && i < self->said->whether->len; i++) {
    const L4ScriptWhether *whether = &g_array_index (self->said->whether, L4ScriptWhether, i);

    if (strstr (question, whether->text) == NULL)
      continue;
    *yes = whether->yes;
    return whether->error == NULL || l4_fail (error, L4_ERROR_INTERNAL, "%s", whether->error);
  }
  return TRUE;
}

static gboolean
script_answer (gpointer session, const L4Message *messages, gsize n_messages, const L4GenerateOptions *options,
    L4TextFunc on_text, gpointer user_data, GCancellable *cancellable, L4Answer *answer, GError **error)
{
  Session *self = session;
  L4ScriptLine *line = find_line (self, messages, n_messages);
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char *filled = NULL;
  g_auto (GStrv) words = NULL;

  if (!count_tokens (self->script, messages, n_messages, &answer->prompt_tokens, error))
    return FALSE;
  self->next += line->when == NULL;
  self->said = line;
  meet (self->script, line, cancellable);
  if (!check_texts (line, messages, n_messages, error))
    return FALSE;
  if (line->error != NULL && wait_for (line->delay_us, cancellable))
    return l4_fail (error, L4_ERROR_INTERNAL, "%s", line->error);
  filled = fill_in (line, messages, n_messages);
  words = g_strsplit (filled, " ", -1);
  if (options->schema != NULL && !check_value (options, filled, g_strv_length (words), error))
    return FALSE;
  answer->finish = line->until == NULL || wait_for_file (line->until, cancellable) ? L4_FINISH_STOP : L4_FINISH_CANCELLED;
  for (guint i = 0, n = g_strv_length (words); i < n && answer->finish == L4_FINISH_STOP; i++) {
    g_autofree char *piece = g_strconcat (i > 0 ? " " : "", words[i], NULL);

    if (!wait_for (line->delay_us / n, cancellable)) {
      answer->finish = L4_FINISH_CANCELLED;
      break;
    }
    if (answer->generated_tokens == options->max_tokens) {
      answer->finish = L4_FINISH_LENGTH;
      break;
    }
    answer->generated_tokens++;
    g_string_append (text, piece);
    if (on_text != NULL && *piece != '\0')
      on_text (piece, user_data);
  }
  if (g_cancellable_is_cancelled (cancellable))
    answer->finish = L4_FINISH_CANCELLED;
  answer->is_value = options->schema != NULL && answer->finish == L4_FINISH_STOP;
  answer->prefill_us = line->prefill_us;
  answer->decode_us = line->delay_us;
  answer->limit_us = line->limit_us;
  answer->text = g_string_free (g_steal_pointer (&text), FALSE);
  answer->prompt_digest = g_strdup (self->script->digest);
  return TRUE;
}

const L4BackendClass l4_script_backend = {
  .load = script_load,
  .unload = l4_script_free,
  .picture_size = script_picture_size,
  .session_new = script_session_new,
  .session_free = g_free,
  .answer = script_answer,
  .ask = script_ask,
  .forecast = script_forecast,
};
