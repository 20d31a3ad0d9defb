/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Answers a conversation: pictures, prompt, prefill, token by token. */

#include "engine/llama.h"

#include "base/memory.h"
#include "output/text.h"
#include "sampling/sampler.h"
#include "vision/picture.h"

typedef struct
{
  L4Llama *model;
  L4Cache *cache;               /* NULL until the first answer; grows */
} Session;

/* The pictures of a conversation, prepared. */
typedef struct
{
  gsize n_pictures;
  L4Grid *grids;                /* [n_pictures] */
  gint64 n_tiles;
  float *features;              /* [n_tiles * tokens_per_tile, hidden]; NULL without pictures */
} Pictures;

gpointer
l4_llama_session_new (gpointer model)
{
  Session *self = g_new0 (Session, 1);

  self->model = model;
  return self;
}

void
l4_llama_session_free (gpointer session)
{
  Session *self = session;

  l4_cache_free (self->cache);
  g_free (self);
}

static void
pictures_clear (Pictures *self)
{
  g_free (self->grids);
  l4_free (self->features);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Pictures, pictures_clear)

static gboolean
encode_picture (const L4Llama *model, const L4Picture *picture, const L4Canvas *canvas, float *features,
    GCancellable *cancellable, GError **error)
{
  const L4VisionConfig *config = &model->config->vision;
  gsize tile_size = config->channels * config->image_size * config->image_size;
  l4_autofree float *tiles = l4_alloc (canvas->n_tiles * tile_size * sizeof (float), _("picture"), error);

  return tiles != NULL && l4_picture_prepare (config, canvas, picture, tiles, error)
      && l4_vision_encoder_forward (model->vision, model->compute, tiles, canvas->n_tiles, features, cancellable, error);
}

/* Chooses the canvas of every picture, then encodes one after the other. */
static gboolean
encode_pictures (const L4Llama *model, const L4Message *messages, gsize n_messages, guint max_tiles, Pictures *pictures,
    GCancellable *cancellable, GError **error)
{
  const L4VisionConfig *config = &model->config->vision;
  g_autoptr (GArray) canvases = g_array_new (FALSE, FALSE, sizeof (L4Canvas));
  g_autoptr (GPtrArray) shown = g_ptr_array_new ();
  gint64 row, at = 0;

  for (gsize m = 0; m < n_messages; m++)
    for (gsize p = 0; p < messages[m].n_parts; p++)
      if (messages[m].parts[p].text == NULL)
        g_ptr_array_add (shown, (gpointer) & messages[m].parts[p].picture);
  if (shown->len == 0)
    return TRUE;
  if (model->vision == NULL)
    return l4_fail (error, L4_ERROR_INPUT, _("%s: is a text-only model and cannot look at pictures"), model->path);

  row = l4_vision_tokens_per_tile (config) * model->config->text.hidden;
  pictures->n_pictures = shown->len;
  pictures->grids = g_new (L4Grid, shown->len);
  for (guint i = 0; i < shown->len; i++) {
    const L4Picture *picture = g_ptr_array_index (shown, i);
    L4Canvas canvas;

    l4_canvas_choose (config, max_tiles > 0 ? MIN (max_tiles, config->max_patches) : config->max_patches, picture->width,
        picture->height, &canvas);
    g_array_append_val (canvases, canvas);
    pictures->grids[i] = canvas.grid;
    pictures->n_tiles += canvas.n_tiles;
  }
  pictures->features = l4_alloc (pictures->n_tiles * row * sizeof (float), _("pictures"), error);
  for (guint i = 0; pictures->features != NULL && i < shown->len; i++) {
    const L4Canvas *canvas = &g_array_index (canvases, L4Canvas, i);

    if (!encode_picture (model, g_ptr_array_index (shown, i), canvas, pictures->features + at * row, cancellable, error))
      return FALSE;
    at += canvas->n_tiles;
  }
  return pictures->features != NULL;
}

/* A cache with room for capacity tokens, empty. */
static gboolean
prepare_cache (Session *self, gint64 capacity, GError **error)
{
  const L4TextConfig *config = &self->model->config->text;
  guint64 needed = l4_cache_bytes (self->model->compute, config, capacity);
  guint64 available;

  if (self->cache != NULL && self->cache->capacity >= capacity) {
    l4_cache_clear (self->cache);
    return TRUE;
  }
  g_clear_pointer (&self->cache, l4_cache_free);
  available = l4_memory_available ();
  if (self->model->memory_limit > 0)
    available = MIN (available, self->model->memory_limit - MIN (self->model->memory, self->model->memory_limit));
  if (needed > available)
    return l4_fail (error, L4_ERROR_MEMORY,
        _("a context of %" PRId64 " tokens needs %.1f MiB of memory, but only %.1f MiB are left"), capacity,
        needed / 1048576.0, available / 1048576.0);
  self->cache = l4_cache_new (self->model->compute, config, capacity, error);
  return self->cache != NULL;
}

/* Sends the prompt through the decoder; logits [vocab] of its last token. */
static gboolean
prefill (Session *self, const gint32 *ids, gint64 n, const Pictures *pictures, float *logits, GCancellable *cancellable,
    GError **error)
{
  const L4Llama *model = self->model;
  gint64 n_features = model->vision != NULL ? pictures->n_tiles * l4_vision_tokens_per_tile (&model->config->vision) : 0;
  l4_autofree float *h = l4_llama_embed (model, ids, n, pictures->features, n_features, error);

  return h != NULL && l4_llama_forward (model, self->cache, h, n, logits, cancellable, error);
}

/* Sends one token through the decoder; logits [vocab] of the next. */
static gboolean
step (Session *self, gint32 id, float *logits, GCancellable *cancellable, GError **error)
{
  l4_autofree float *h = l4_llama_embed (self->model, &id, 1, NULL, 0, error);

  return h != NULL && l4_llama_forward (self->model, self->cache, h, 1, logits, cancellable, error);
}

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

/* Chooses token after token until the model ends its turn, the room is used up, or it is cancelled. */
static gboolean
generate (Session *self, L4Sampler *sampler, guint max_tokens, float *logits, L4TextFunc on_text, gpointer user_data,
    GCancellable *cancellable, L4Answer *answer, GError **error)
{
  const L4Llama *model = self->model;
  g_autoptr (GString) bytes = g_string_new (NULL);
  g_autoptr (GString) text = g_string_new (NULL);
  gboolean good = TRUE;

  answer->finish = L4_FINISH_LENGTH;
  while (good && answer->generated_tokens < max_tokens) {
    gint32 id;

    if (g_cancellable_is_cancelled (cancellable)) {
      answer->finish = L4_FINISH_CANCELLED;
      break;
    }
    id = l4_sampler_choose (sampler, logits, model->config->text.vocab);
    answer->generated_tokens++;
    if (is_stop (model->config, id)) {
      answer->finish = L4_FINISH_STOP;
      break;
    }
    l4_tokenizer_decode (model->tokenizer, id, FALSE, bytes);
    emit (bytes, FALSE, text, on_text, user_data);
    if (answer->generated_tokens < max_tokens)
      good = step (self, id, logits, cancellable, error);
  }
  emit (bytes, TRUE, text, on_text, user_data);
  answer->text = g_string_free (g_steal_pointer (&text), FALSE);
  return good;
}

static char *
digest_ids (const GArray *ids)
{
  g_autofree char *sum = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *) ids->data,
      ids->len * sizeof (gint32));

  return g_strconcat ("sha256:", sum, NULL);
}

static gint64
lap (gint64 *since)
{
  gint64 now = g_get_monotonic_time (), passed = now - *since;

  *since = now;
  return passed;
}

static gboolean
answer_conversation (Session *self, const L4Message *messages, gsize n_messages, const L4GenerateOptions *options,
    L4TextFunc on_text, gpointer user_data, GCancellable *cancellable, L4Answer *answer, GError **error)
{
  const L4Llama *model = self->model;
  gint64 context = model->config->text.context, capacity, clock = g_get_monotonic_time ();
  g_auto (Pictures) pictures = { 0 };
  g_autoptr (L4Sampler) sampler = l4_sampler_new (options->temperature, options->top_p, options->seed, error);
  g_autoptr (GArray) ids = NULL;
  l4_autofree float *logits = NULL;     /* [vocab] */

  if (sampler == NULL
      || !encode_pictures (model, messages, n_messages, options->max_tiles, &pictures, cancellable, error))
    return FALSE;
  answer->vision_us = lap (&clock);

  ids = l4_chat_encode (model->tokenizer, &model->tokens, messages, n_messages, pictures.grids, pictures.n_pictures,
      model->vision != NULL ? l4_vision_tokens_per_tile (&model->config->vision) : 0, error);
  if (ids == NULL)
    return FALSE;
  if (ids->len >= context)
    return l4_fail (error, L4_ERROR_INPUT,
        _("the prompt has %u tokens, but the model's context only %" PRId64), ids->len, context);
  answer->prompt_tokens = ids->len;
  answer->prompt_digest = digest_ids (ids);
  capacity = MIN ((gint64) ids->len + options->max_tokens, context);
  logits = l4_alloc (model->config->text.vocab * sizeof (float), _("logits"), error);
  if (logits == NULL || !prepare_cache (self, capacity, error)
      || !prefill (self, (const gint32 *) ids->data, ids->len, &pictures, logits, cancellable, error))
    return FALSE;
  answer->prefill_us = lap (&clock);

  if (!generate (self, sampler, capacity - ids->len, logits, on_text, user_data, cancellable, answer, error))
    return FALSE;
  answer->decode_us = lap (&clock);
  return TRUE;
}

gboolean
l4_llama_answer (gpointer session, const L4Message *messages, gsize n_messages, const L4GenerateOptions *options,
    L4TextFunc on_text, gpointer user_data, GCancellable *cancellable, L4Answer *answer, GError **error)
{
  g_autoptr (GError) problem = NULL;

  if (answer_conversation (session, messages, n_messages, options, on_text, user_data, cancellable, answer, &problem))
    return TRUE;
  if (!g_error_matches (problem, L4_ERROR, L4_ERROR_CANCELLED)) {
    g_propagate_error (error, g_steal_pointer (&problem));
    return FALSE;
  }
  answer->finish = L4_FINISH_CANCELLED;
  if (answer->text == NULL)
    answer->text = g_strdup ("");
  if (answer->prompt_digest == NULL)
    answer->prompt_digest = g_strdup ("");
  return TRUE;
}
