/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Answers from a file instead of a model: for tests and demonstrations of pipelines.
 *
 * Every line of the file is a JSON object. {"text": "…", "delay_ms": 200} answers with that text, word by word, after a delay
 * that can be cancelled; with "until": "…" not before the file of that name is there; {"error": "…"} fails. The answers are used in turn, over and over, by each session for itself. Figures
 * that nothing really takes: "forecast_ms" is what the answer is forecast to take (without it, its delay), "prefill_ms" what it says
 * that its prompt took, "limit_ms" the least that the machine allows for it. "expect": ["…"] and "refuse": ["…"] fail the answer when
 * the conversation's text lacks, or has, one of these: so tests see what was asked. With "when": "…" the answer is no longer used in
 * turn but whenever the conversation has that text. "together": 3 makes it wait until it is under way in as many sessions at once. In
 * "text", {prompt} stands for the conversation's last text, and {pictures} for a sum over its pictures. A first line {"load_ms": 500} or
 * {"load_error": "…"} makes loading slow or fail; with {"context": 100} there the model's context has so many tokens, and every word
 * is one (else every part of a prompt). Where there is a schema, "text" must be a value of it, as compact JSON; else the answer fails. "yes": {"person": 0.9} is how
 * likely yes is to questions with that text, after this answer; a text instead of the number makes the question fail. */

#include <string.h>
#include <yyjson.h>

#include "base/error.h"
#include "engine/backend.h"
#include "engine/guided.h"

#define MAX_FILE (16u << 20)    /* bytes */
#define TILE_SIZE 112           /* pixels */
#define MAX_TILES 16
#define STEP_US (5 * 1000)      /* between two looks at the cancellable */

/* What is said to a question that has the text. */
typedef struct
{
  char *text;
  double yes;
  char *error;                  /* NULL: yes */
} Whether;

typedef struct
{
  char *text;
  char *error;
  char *until;                  /* or NULL */
  gint64 delay_us, forecast_us, prefill_us, limit_us;
  char **expect, **refuse;      /* NULL-terminated */
  char *when;                   /* NULL: used in turn */
  guint together;
  GArray *whether;              /* of Whether */
  guint n_waiting, n_met;       /* script's lock: sessions that wait for others, and how often as many were there */
} Line;

typedef struct
{
  GArray *lines;                /* of Line, used in turn */
  GArray *special;              /* of Line, with `when` */
  gint64 load_us;
  char *load_error;
  guint context;                /* tokens; 0: any number */
  char *digest;

  GMutex lock;                  /* of what changes in lines */
} Script;

typedef struct
{
  Script *script;
  guint next;
  const Line *said;             /* the latest answer's; NULL: none yet */
} Session;

static void
line_clear (gpointer data)
{
  Line *line = data;

  g_free (line->text);
  g_free (line->error);
  g_free (line->until);
  g_array_unref (line->whether);
  g_strfreev (line->expect);
  g_strfreev (line->refuse);
  g_free (line->when);
}

static void
script_free (gpointer data)
{
  Script *self = data;

  g_array_unref (self->lines);
  g_array_unref (self->special);
  g_mutex_clear (&self->lock);
  g_free (self->load_error);
  g_free (self->digest);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Script, script_free)

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

static gint64
get_microseconds (yyjson_val *object, const char *key)
{
  yyjson_val *value = yyjson_obj_get (object, key);

  return yyjson_is_uint (value) ? MIN (yyjson_get_uint (value), 1000000) * 1000 : 0;
}

/* (transfer full) */
static char **
get_texts (yyjson_val *object, const char *key)
{
  g_autoptr (GStrvBuilder) texts = g_strv_builder_new ();
  yyjson_val *text;
  size_t i, n;

  yyjson_arr_foreach (yyjson_obj_get (object, key), i, n, text)
    if (yyjson_is_str (text))
      g_strv_builder_add (texts, yyjson_get_str (text));
  return g_strv_builder_end (texts);
}

static void
whether_clear (gpointer data)
{
  Whether *self = data;

  g_free (self->text);
  g_free (self->error);
}

/* (transfer full) */
static GArray *
get_whether (yyjson_val *object)
{
  GArray *all = g_array_new (FALSE, FALSE, sizeof (Whether));
  yyjson_val *key, *value;
  size_t i, n;

  g_array_set_clear_func (all, whether_clear);
  yyjson_obj_foreach (yyjson_obj_get (object, "yes"), i, n, key, value) {
    Whether one = { g_strdup (yyjson_get_str (key)), CLAMP (yyjson_get_num (value), 0, 1), g_strdup (yyjson_get_str (value)) };

    g_array_append_val (all, one);
  }
  return all;
}

static gboolean
parse_line (Script *self, const char *path, guint number, const char *text, GError **error)
{
  yyjson_doc *doc = yyjson_read (text, strlen (text), YYJSON_READ_NOFLAG);
  yyjson_val *root = yyjson_doc_get_root (doc);
  const char *answer = yyjson_get_str (yyjson_obj_get (root, "text"));
  const char *failure = yyjson_get_str (yyjson_obj_get (root, "error"));
  const char *load_failure = yyjson_get_str (yyjson_obj_get (root, "load_error"));
  gboolean setting = number == 1 && (load_failure != NULL || yyjson_obj_get (root, "load_ms") != NULL
      || yyjson_obj_get (root, "context") != NULL);
  Line line = { g_strdup (answer), g_strdup (failure), g_strdup (yyjson_get_str (yyjson_obj_get (root, "until"))),
    get_microseconds (root, "delay_ms"),
    get_microseconds (root, yyjson_obj_get (root, "forecast_ms") != NULL ? "forecast_ms" : "delay_ms"),
    get_microseconds (root, "prefill_ms"), get_microseconds (root, "limit_ms"), get_texts (root, "expect"), get_texts (root, "refuse"),
    g_strdup (yyjson_get_str (yyjson_obj_get (root, "when"))), MIN (yyjson_get_uint (yyjson_obj_get (root, "together")), G_MAXINT32),
    get_whether (root)
  };

  if (setting) {
    self->load_us = get_microseconds (root, "load_ms");
    self->load_error = g_strdup (load_failure);
    self->context = MIN (yyjson_get_uint (yyjson_obj_get (root, "context")), G_MAXINT32);
  }
  yyjson_doc_free (doc);
  if (answer != NULL || failure != NULL) {
    g_array_append_val (line.when != NULL ? self->special : self->lines, line);
    return TRUE;
  }
  line_clear (&line);
  return setting || l4_fail (error, L4_ERROR_FORMAT, _("%s: line %u is not a JSON object with \"text\" or \"error\""), path,
      number);
}

static gboolean
parse_script (Script *self, const char *path, GError **error)
{
  g_autoptr (GError) problem = NULL;
  g_autofree char *contents = NULL;
  g_auto (GStrv) lines = NULL;
  gsize length;

  if (!g_file_get_contents (path, &contents, &length, &problem))
    return l4_fail (error, g_error_matches (problem, G_FILE_ERROR, G_FILE_ERROR_NOENT) ? L4_ERROR_NOT_FOUND : L4_ERROR_IO,
        "%s", problem->message);
  if (length > MAX_FILE)
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: %zu bytes are more than the %u allowed"), path, length,
        MAX_FILE);
  self->digest = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *) contents, length);
  lines = g_strsplit (contents, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    if (*g_strstrip (lines[i]) != '\0' && !parse_line (self, path, i + 1, lines[i], error))
      return FALSE;
  if (self->lines->len == 0 && self->load_error == NULL)
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: holds no answer"), path);
  return TRUE;
}

static gpointer
script_load (const L4LoadOptions *options, L4ModelInfo *info, L4ProgressFunc progress, gpointer user_data,
    GCancellable *cancellable, GError **error)
{
  g_autoptr (Script) self = g_new0 (Script, 1);
  g_autofree char *digest = NULL;

  self->lines = g_array_new (FALSE, FALSE, sizeof (Line));
  g_array_set_clear_func (self->lines, line_clear);
  self->special = g_array_new (FALSE, FALSE, sizeof (Line));
  g_array_set_clear_func (self->special, line_clear);
  g_mutex_init (&self->lock);
  if (!parse_script (self, options->model_path, error))
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
  digest = g_steal_pointer (&self->digest);
  self->digest = g_strconcat ("sha256:", digest, NULL);
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

static guint
count_words (const char *text)
{
  guint n = 0;

  for (text += strspn (text, " \n"); *text != '\0'; text += strspn (text, " \n")) {
    text += strcspn (text, " \n");
    n++;
  }
  return n;
}

static guint
count_pictures (const L4Message *messages, gsize n_messages)
{
  guint n = 0;

  for (gsize m = 0; m < n_messages; m++)
    for (gsize p = 0; p < messages[m].n_parts; p++)
      n += messages[m].parts[p].text == NULL;
  return n;
}

/* As if every part of a prompt were a token, or every word. FALSE: they are more than the context has. */
static gboolean
count_tokens (const Script *self, const L4Message *messages, gsize n_messages, guint *tokens, GError **error)
{
  *tokens = 0;
  for (gsize m = 0; m < n_messages; m++)
    for (gsize p = 0; p < messages[m].n_parts; p++)
      *tokens += self->context > 0 && messages[m].parts[p].text != NULL ? count_words (messages[m].parts[p].text) : 1;
  return self->context == 0 || *tokens < self->context
      || l4_fail (error, L4_ERROR_INPUT, _("the prompt has %u tokens, but the model's context only %u"), *tokens, self->context);
}

static gboolean
has_text (const L4Message *messages, gsize n_messages, const char *text)
{
  for (gsize m = 0; m < n_messages; m++)
    for (gsize p = 0; p < messages[m].n_parts; p++)
      if (messages[m].parts[p].text != NULL && strstr (messages[m].parts[p].text, text) != NULL)
        return TRUE;
  return FALSE;
}

static Line *
find_line (const Session *self, const L4Message *messages, gsize n_messages)
{
  const Script *script = self->script;

  for (guint i = 0; i < script->special->len; i++) {
    Line *line = &g_array_index (script->special, Line, i);

    if (has_text (messages, n_messages, line->when))
      return line;
  }
  return &g_array_index (script->lines, Line, self->next % script->lines->len);
}

/* Waits until the line is under way in as many sessions as it says. FALSE when cancelled meanwhile. */
static gboolean
meet (Script *self, Line *line, GCancellable *cancellable)
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
check_texts (const Line *line, const L4Message *messages, gsize n_messages, GError **error)
{
  for (char **text = line->expect; *text != NULL; text++)
    if (!has_text (messages, n_messages, *text))
      return l4_fail (error, L4_ERROR_INTERNAL, "the conversation lacks \"%s\"", *text);
  for (char **text = line->refuse; *text != NULL; text++)
    if (has_text (messages, n_messages, *text))
      return l4_fail (error, L4_ERROR_INTERNAL, "the conversation has \"%s\"", *text);
  return TRUE;
}

static const char *
last_text (const L4Message *messages, gsize n_messages)
{
  for (gsize m = n_messages; m > 0; m--)
    for (gsize p = messages[m - 1].n_parts; p > 0; p--)
      if (messages[m - 1].parts[p - 1].text != NULL)
        return messages[m - 1].parts[p - 1].text;
  return "";
}

/* (transfer full) */
static char *
sum_pictures (const L4Message *messages, gsize n_messages)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);

  for (gsize m = 0; m < n_messages; m++)
    for (gsize p = 0; p < messages[m].n_parts; p++)
      for (guint y = 0; messages[m].parts[p].text == NULL && y < messages[m].parts[p].picture.height; y++) {
        const L4Picture *picture = &messages[m].parts[p].picture;

        g_checksum_update (sum, picture->pixels + y * picture->stride, picture->width * 3);
      }
  return g_strndup (g_checksum_get_string (sum), 16);
}

/* The line's text with what stands for something filled in. (transfer full) */
static char *
fill_in (const Line *line, const L4Message *messages, gsize n_messages)
{
  g_autoptr (GString) text = g_string_new (line->text);
  g_autofree char *pictures = NULL;

  if (strchr (text->str, '{') == NULL)
    return g_string_free (g_steal_pointer (&text), FALSE);
  pictures = sum_pictures (messages, n_messages);
  g_string_replace (text, "{pictures}", pictures, 0);
  g_string_replace (text, "{prompt}", last_text (messages, n_messages), 1);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static gboolean
script_forecast (gpointer session, const L4Message *messages, gsize n_messages, const L4GenerateOptions *options,
    L4Forecast *forecast, GError **error)
{
  guint pictures = count_pictures (messages, n_messages), tokens;

  if (!count_tokens (((const Session *) session)->script, messages, n_messages, &tokens, error))
    return FALSE;
  *forecast = (L4Forecast) {
    .pictures = pictures,
    .tiles = pictures,
    .prompt_tokens = tokens,
    .generated_tokens = options->max_tokens,
    .seconds = find_line (session, messages, n_messages)->forecast_us / 1e6,
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
  const char *question = last_text (messages, n_messages);

  *yes = 0.5;
  for (guint i = 0; self->said != NULL && i < self->said->whether->len; i++) {
    const Whether *whether = &g_array_index (self->said->whether, Whether, i);

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
  Line *line = find_line (self, messages, n_messages);
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
  .unload = script_free,
  .picture_size = script_picture_size,
  .session_new = script_session_new,
  .session_free = g_free,
  .answer = script_answer,
  .ask = script_ask,
  .forecast = script_forecast,
};
