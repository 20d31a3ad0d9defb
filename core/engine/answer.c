/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Answers a conversation: pictures, prompt, prefill, token by token. */

#include "engine/session.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "engine/yes.h"
#include "output/text.h"
#include "sampling/sampler.h"

static gboolean
is_stop (const L4Config *config, gint32 id)
{
  for (guint i = 0; i < config->n_stop_tokens; i++)
    if (config->stop_tokens[i] == id)
      return TRUE;
  return FALSE;
}

/* Moves what is complete of bytes to the answer and to the listener. */
static void
emit (GString *bytes, gboolean at_end, GString *text, L4TextFunc on_text, gpointer user_data)
{
  gsize before = text->len;

  l4_text_take (bytes, at_end, text);
  if (on_text != NULL && text->len > before)
    on_text (text->str + before, user_data);
}

/* An answer in the making. */
typedef struct
{
  L4LlamaSession *session;
  L4Sampler *sampler;
  L4Guide *guide;               /* NULL: free text */
  gboolean steered;             /* the guide had to end it before the model would have */
  guint max_tokens;
  GString *bytes, *text;
  L4TextFunc on_text;
  gpointer user_data;
  L4Answer *answer;
} Generation;

static gboolean
refuse_weights (const L4Llama *model, GError **error)
{
  return l4_fail (error, L4_ERROR_FORMAT, _("%s: no token has a probability that is a number: the weights are damaged"), model->path);
}

static gint32
choose_guided (Generation *self, float *logits)
{
  const L4Config *config = self->session->model->config;
  const L4StopTokens stops = { config->stop_tokens, config->n_stop_tokens };

  return l4_guide_choose (self->guide, self->sampler, logits, &stops, self->max_tokens - self->answer->generated_tokens - 1, &self->steered);
}

/* Chooses the next token by logits, which may be changed; FALSE without *error when the answer is complete, or the room is used up. */
static gboolean
choose (Generation *self, float *logits, gint32 *id, GError **error)
{
  const L4Llama *model = self->session->model;

  *id = self->guide != NULL ? choose_guided (self, logits) : l4_sampler_choose (self->sampler, logits, model->config->text.vocab);
  if (*id == L4_GUIDE_END)
    return FALSE;
  if (*id < 0)
    return refuse_weights (model, error);
  self->answer->generated_tokens++;
  if (is_stop (model->config, *id)) {
    self->answer->finish = L4_FINISH_STOP;
    return FALSE;
  }
  l4_draft_add (self->session->draft, *id);
  l4_tokenizer_decode (model->tokenizer, *id, FALSE, self->bytes);
  emit (self->bytes, FALSE, self->text, self->on_text, self->user_data);
  if (self->guide != NULL && l4_guide_must_end (self->guide)) {
    self->answer->finish = L4_FINISH_STOP;
    return FALSE;
  }
  return self->answer->generated_tokens < self->max_tokens;
}

/* The token and guesses at those after it go through the decoder together. As long as the choice is what was guessed, its logits are
 * there already; the wrong guesses are taken back. logits: [L4_MAX_DRAFT + 1, vocab], whose first row are the next token's on
 * return. FALSE with *error when that failed, without when the answer is complete. */
static gboolean
advance (Generation *self, gint32 id, float *logits, gint32 *next, GCancellable *cancellable, GError **error)
{
  L4LlamaSession *session = self->session;
  gint64 vocab = session->model->config->text.vocab, room = self->max_tokens - self->answer->generated_tokens;
  gint32 ids[L4_MAX_DRAFT + 1] = { id };
  guint most = CLAMP (MIN (room, l4_cache_rewindable (session->tenant.cache)) - 1, 0, L4_MAX_DRAFT);
  guint guessed = most > 0 ? l4_draft_guess (session->draft, most, ids + 1) : 0, right = 0;
  gboolean more;

  if (!l4_llama_session_step (session, ids, guessed + 1, logits, self->answer, cancellable, error))
    return FALSE;
  while ((more = choose (self, logits + right * vocab, next, error)) && right < guessed && *next == ids[right + 1])
    right++;
  if (right < guessed)
    l4_llama_session_unstep (session, guessed - right);
  l4_draft_learn (session->draft, guessed, right);
  self->answer->guessed_tokens += right;
  return more;
}

/* Chooses token after token until the model ends its turn, the room is used up, or it is cancelled. */
static gboolean
generate (Generation *self, float *logits, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) problem = NULL;
  gint32 id;
  gboolean more;

  self->answer->finish = L4_FINISH_LENGTH;
  l4_batch_join (self->session->model->batch);
  more = !g_cancellable_is_cancelled (cancellable) && choose (self, logits, &id, &problem);
  while (more && !g_cancellable_is_cancelled (cancellable))
    more = advance (self, id, logits, &id, cancellable, &problem);
  l4_batch_leave (self->session->model->batch);
  if (problem == NULL && g_cancellable_is_cancelled (cancellable) && self->answer->finish != L4_FINISH_STOP
      && self->answer->generated_tokens < self->max_tokens)
    self->answer->finish = L4_FINISH_CANCELLED;
  else if (self->steered)
    self->answer->finish = L4_FINISH_LENGTH;
  self->answer->is_value = self->guide != NULL && self->answer->finish != L4_FINISH_CANCELLED && l4_guide_may_end (self->guide);
  emit (self->bytes, TRUE, self->text, self->on_text, self->user_data);
  self->answer->text = g_strdup (self->text->str);
  if (problem == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&problem));
  return FALSE;
}

static gint64
lap (gint64 *since)
{
  gint64 now = g_get_monotonic_time (), passed = now - *since;

  *since = now;
  return passed;
}

/* How many tokens the cache is made for: the prompt's, and the longest answer's. */
static gint64
needed_capacity (const L4Llama *model, const L4Prompt *prompt, guint max_tokens)
{
  return MIN ((gint64) prompt->ids->len + max_tokens, model->config->text.context);
}

/* Bytes of an element of keys and values, as this machine keeps them. */
static guint
kv_size (const L4Llama *model, gboolean int8)
{
  return (guint) l4_key_values_element (l4_key_values_kind (model->compute), int8);
}

/* Learns from what an answer took. */
static void
learn (L4LlamaSession *self, const L4Pictures *pictures, L4Answer *answer)
{
  const L4Task task = { pictures->n_pictures - pictures->n_reused, pictures->n_new_tiles, answer->prompt_tokens,
    answer->reused_tokens, answer->generated_tokens, kv_size (self->model, self->tenant.cache->int8)
  };
  const gint64 took_us[L4_N_STAGES] = { answer->vision_us, answer->prefill_us, answer->decode_us };
  L4Work work[L4_N_STAGES];
  double limit = 0;

  l4_task_work (&task, self->model->config, l4_type_from_name (self->model->quantization), work);
  for (guint stage = 0; stage < L4_N_STAGES; stage++)
    limit += l4_pace_learn (self->model->pace, stage, &work[stage], took_us[stage] / 1e6);
  answer->limit_us = limit * 1e6;
  if (answer->finish != L4_FINISH_CANCELLED)
    self->usual_tokens += (answer->generated_tokens - self->usual_tokens) / (self->usual_tokens > 0 ? 4 : 1);
}

/* The guide for an answer of up to max_tokens; *guide is NULL for free text. */
static gboolean
begin_guide (L4LlamaSession *self, const char *schema, guint max_tokens, L4Guide **guide, GError **error)
{
  guint64 needed;

  *guide = schema != NULL ? l4_guided_prepare (&self->guided, self->model, schema, error) : NULL;
  return schema == NULL || (*guide != NULL && (l4_guide_begin (*guide, max_tokens, &needed) || l4_guided_refuse (needed, max_tokens, error)));
}

/* Pictures and prompt to the logits after it. The cache comes first: only then it is known what the session still holds, whose pictures need
 * not be encoded. Waiting for its memory counts as prefill. */
static gboolean
read_prompt (L4LlamaSession *self, L4Prompt *prompt, gboolean kv_int8, gint64 capacity, float *logits, gint64 *clock, L4Answer *answer,
    GCancellable *cancellable, GError **error)
{
  answer->vision_us = lap (clock);
  if (!l4_llama_session_take_cache (self, kv_int8, capacity, cancellable, error))
    return FALSE;
  answer->prefill_us = lap (clock);
  if (!l4_llama_session_encode (self, prompt, cancellable, error))
    return FALSE;
  answer->reused_pictures = prompt->pictures.n_reused;
  answer->vision_us += lap (clock);

  answer->prompt_tokens = prompt->ids->len;
  answer->pruned_tokens = prompt->pictures.n_dropped;
  answer->prompt_digest = l4_prompt_digest (prompt);
  if (!l4_llama_session_prefill (self, prompt, logits, answer, cancellable, error))
    return FALSE;
  answer->prefill_us += lap (clock);
  return TRUE;
}

static gboolean
answer_conversation (L4LlamaSession *self, const L4Message *messages, gsize n_messages, const L4GenerateOptions *options,
    L4TextFunc on_text, gpointer user_data, GCancellable *cancellable, L4Answer *answer, GError **error)
{
  const L4Llama *model = self->model;
  gint64 clock = g_get_monotonic_time (), capacity;
  g_auto (L4Prompt) prompt = { 0 };
  g_autoptr (GString) bytes = g_string_new (NULL), text = g_string_new (NULL);
  g_autoptr (L4Sampler) sampler = l4_sampler_new (options->temperature, options->top_p, options->seed, error);
  l4_autofree float *logits = NULL;     /* [L4_MAX_DRAFT + 1, vocab] */
  L4Guide *guide;
  Generation generation;

  if (sampler == NULL || !l4_prompt_prepare (model, self->pictures, messages, n_messages, options, &prompt, error))
    return FALSE;
  capacity = needed_capacity (model, &prompt, options->max_tokens);
  if (!begin_guide (self, options->schema, capacity - prompt.ids->len, &guide, error))
    return FALSE;
  logits = l4_alloc ((L4_MAX_DRAFT + 1) * model->config->text.vocab * sizeof (float), _("logits"), error);
  if (logits == NULL || !read_prompt (self, &prompt, options->kv_int8, capacity, logits, &clock, answer, cancellable, error))
    return FALSE;

  l4_draft_begin (self->draft, (const gint32 *) prompt.ids->data, prompt.ids->len);
  generation = (Generation) { self, sampler, guide, FALSE, capacity - prompt.ids->len, bytes, text, on_text, user_data, answer };
  if (!generate (&generation, logits, cancellable, error))
    return FALSE;
  answer->decode_us = lap (&clock);
  learn (self, &prompt.pictures, answer);
  return TRUE;
}

/* The probability of yes after the conversation. */
static gboolean
ask_whether (L4LlamaSession *self, const L4Message *messages, gsize n_messages, const L4GenerateOptions *options, GCancellable *cancellable,
    double *yes, GError **error)
{
  const L4Llama *model = self->model;
  gint64 vocab = model->config->text.vocab, clock = g_get_monotonic_time ();
  g_auto (L4Prompt) prompt = { 0 };
  g_auto (L4Answer) none = { 0 };
  l4_autofree float *logits = l4_alloc (vocab * sizeof (float), _("logits"), error);

  if (logits == NULL || !l4_prompt_prepare (model, self->pictures, messages, n_messages, options, &prompt, error)
      || !read_prompt (self, &prompt, options->kv_int8, needed_capacity (model, &prompt, 1), logits, &clock, &none, cancellable, error))
    return FALSE;
  *yes = l4_yes_share (model->tokenizer, logits, vocab);
  return !isnan (*yes) || refuse_weights (model, error);
}

gboolean
l4_llama_ask (gpointer session, const L4Message *messages, gsize n_messages, const L4GenerateOptions *options,
    GCancellable *cancellable, double *yes, GError **error)
{
  gboolean good;

  l4_llama_session_enter (session);
  good = ask_whether (session, messages, n_messages, options, cancellable, yes, error);
  l4_llama_session_leave (session);
  return good;
}

static gint64
count_tokens (const L4Llama *model, const char *text)
{
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));

  return l4_tokenizer_encode (model->tokenizer, text, -1, ids, NULL) ? ids->len : 0;
}

/* The first of a text's tokens; -1: it has none. */
static gint32
first_token (const L4Llama *model, const char *text)
{
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));

  return l4_tokenizer_encode (model->tokenizer, text, -1, ids, NULL) && ids->len > 0 ? g_array_index (ids, gint32, 0) : -1;
}

/* What a question shares with the conversation ends where the text behind its last picture begins; *around: what stands behind that and is
 * no text of its own. */
static gint64
count_shared (const L4Llama *model, const L4Prompt *prompt, const L4Message *last, gint64 *around)
{
  const gint64 length = prompt->ids->len;
  gint64 pictures = length, shared, texts = 0;
  gint32 first = -1;

  while (pictures > 0 && !prompt->places[pictures - 1].picture)
    pictures--;
  for (gsize i = last->n_parts; i > 0 && last->parts[i - 1].text != NULL; i--) {
    texts += count_tokens (model, last->parts[i - 1].text);
    first = first_token (model, last->parts[i - 1].text);
  }
  for (shared = pictures; shared < length && g_array_index (prompt->ids, gint32, shared) != first;)
    shared++;
  if (shared == length)
    shared = pictures;
  *around = MAX (length - shared - texts, 0);
  return shared;
}

/* A pass each over what the conversation and the question do not share. */
static void
add_questions (const L4Llama *model, const L4Prompt *prompt, const L4Message *last, const L4GenerateOptions *options, L4Work *prefill)
{
  const L4Type type = l4_type_from_name (model->quantization);
  gint64 around, shared = count_shared (model, prompt, last, &around);

  for (const char *const *question = options->questions; question != NULL && *question != NULL; question++) {
    L4Work work = { 0 };

    l4_budget_tokens (model->config, type, kv_size (model, options->kv_int8), shared, MAX (around + count_tokens (model, *question), 1), &work);
    prefill->operations += work.operations;
    prefill->weight_bytes += work.weight_bytes;
    prefill->cache_bytes += work.cache_bytes;
  }
}

gboolean
l4_llama_forecast (gpointer session, const L4Message *messages, gsize n_messages, const L4GenerateOptions *options,
    L4Forecast *forecast, GError **error)
{
  L4LlamaSession *self = session;
  const L4Llama *model = self->model;
  g_auto (L4Prompt) prompt = { 0 };
  L4Work work[L4_N_STAGES];
  gint64 capacity, kept;
  L4Task task;

  if (!l4_prompt_prepare (model, self->pictures, messages, n_messages, options, &prompt, error))
    return FALSE;
  capacity = needed_capacity (model, &prompt, options->max_tokens);
  l4_llama_session_enter (self);
  kept = l4_llama_session_kept (self, options->kv_int8, &prompt);
  task = (L4Task) {
    .pictures = prompt.pictures.n_pictures - prompt.pictures.n_reused,
    .tiles = prompt.pictures.n_new_tiles,
    .prompt = prompt.ids->len,
    .kept = kept,
    .generated = MIN (capacity - prompt.ids->len, self->usual_tokens > 0 ? self->usual_tokens + 0.5 : options->max_tokens),
    .kv_size = kv_size (model, options->kv_int8),
  };
  l4_llama_session_leave (self);
  l4_task_work (&task, model->config, l4_type_from_name (model->quantization), work);
  if (n_messages > 0)
    add_questions (model, &prompt, &messages[n_messages - 1], options, &work[L4_STAGE_PREFILL]);
  *forecast = (L4Forecast) { prompt.pictures.n_pictures, task.tiles, task.prompt, task.kept, task.generated };
  for (guint i = 0; i < L4_N_STAGES; i++) {
    forecast->operations += work[i].operations;
    forecast->bytes += work[i].weight_bytes + work[i].cache_bytes;
  }
  forecast->seconds = l4_pace_forecast (model->pace, work);
  return TRUE;
}

gboolean
l4_llama_answer (gpointer session, const L4Message *messages, gsize n_messages, const L4GenerateOptions *options,
    L4TextFunc on_text, gpointer user_data, GCancellable *cancellable, L4Answer *answer, GError **error)
{
  g_autoptr (GError) problem = NULL;
  gboolean answered;

  l4_llama_session_enter (session);
  answered = answer_conversation (session, messages, n_messages, options, on_text, user_data, cancellable, answer, &problem);
  l4_llama_session_leave (session);
  if (answered)
    return TRUE;
  if (!g_error_matches (problem, L4_ERROR, L4_ERROR_CANCELLED)) {
    g_propagate_error (error, g_steal_pointer (&problem));
    return FALSE;
  }
  answer->finish = L4_FINISH_CANCELLED;
  answer->is_value = FALSE;
  if (answer->text == NULL)
    answer->text = g_strdup ("");
  if (answer->prompt_digest == NULL)
    answer->prompt_digest = g_strdup ("");
  return TRUE;
}
