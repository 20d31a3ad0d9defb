/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Loads a Llama 4 checkpoint. */

#include "engine/llama.h"

#include <string.h>

#include "base/memory.h"
#include "engine/backend.h"
#include "engine/experts.h"
#include "engine/footprint.h"
#include "engine/machine.h"
#include "vision/picture.h"

/* What loading needs for a while: the matrix of one expert, where the file has its inputs as rows. */
static guint64
loading_memory (const L4Llama *self)
{
  const L4TextConfig *text = &self->config->text;

  return l4_checkpoint_get_gguf (self->checkpoint) == NULL && text->n_experts > 0 ? text->hidden * text->expert_width
      * sizeof (guint16) : 0;
}

static guint64
available_memory (const L4Llama *self)
{
  return self->memory_limit > 0 ? self->memory_limit : l4_memory_available ();
}

/* What streaming may take: others need memory now and then. */
static guint64
limit_of_stream (const L4Llama *self)
{
  guint64 available = available_memory (self);

  return self->memory_limit > 0 ? available : available - available / 20;
}

/* Bytes that must be there to hold the weights in that way. */
static guint64
needed_memory (const L4Llama *self, L4Precision precision, L4Load load)
{
  return l4_footprint_weights (self->checkpoint, self->config, precision, load, self->vision_int8) + loading_memory (self);
}

/* What streaming needs at least: slots, as much as one more for caches, and for reading. */
static guint64
least_left (const L4Llama *self, L4Precision precision)
{
  g_autoptr (L4Stream) stream = l4_stream_new ();

  return l4_stream_bytes (stream, 0) + (L4_STREAM_LEAST_SLOTS + 1) * l4_footprint_expert (self->checkpoint, self->config, precision);
}

/* Whether streaming would do if the folder were another file. */
static gboolean
could_stream_converted (const L4Llama *self, L4Precision precision)
{
  return l4_footprint_is_turned (self->checkpoint) && l4_footprint_expert (self->checkpoint, self->config, precision) == 0;
}

static gboolean
refuse_memory (const L4Llama *self, L4Precision precision, guint64 needed, gboolean streamed, GError **error)
{
  double available = available_memory (self) / 1048576.0;
  const char *way_out = could_stream_converted (self, precision) ? _("; experts in the order of this folder cannot be streamed: llama4 convert "
      "makes a file of it whose experts can, and a smaller one with --type") : "";

  if (streamed && self->memory_limit > 0)
    return l4_fail (error, L4_ERROR_MEMORY, _("%s: needs %.1f MiB of memory even if its experts are streamed, but memory-limit is %.1f MiB"),
        self->path, needed / 1048576.0, available);
  if (streamed)
    return l4_fail (error, L4_ERROR_MEMORY, _("%s: needs %.1f MiB of memory even if its experts are streamed, but only %.1f MiB are free"),
        self->path, needed / 1048576.0, available);
  if (self->memory_limit > 0)
    return l4_fail (error, L4_ERROR_MEMORY, _("%s: needs %.1f MiB of memory, but memory-limit is %.1f MiB%s"), self->path, needed / 1048576.0,
        available, way_out);
  return l4_fail (error, L4_ERROR_MEMORY, _("%s: needs %.1f MiB of memory, but only %.1f MiB are free%s"), self->path, needed / 1048576.0,
      available, way_out);
}

/* Settles where the weights will be, and refuses what does not fit. A model without experts that can stay in their file is read. */
static gboolean
choose_load (L4Llama *self, L4Load wanted, L4Precision precision, GError **error)
{
  gboolean can_stream = l4_footprint_expert (self->checkpoint, self->config, precision) > 0;
  guint64 needed, least, available = available_memory (self);

  self->load = wanted == L4_LOAD_MAP ? L4_LOAD_MAP : L4_LOAD_READ;
  needed = needed_memory (self, precision, self->load);
  if ((wanted == L4_LOAD_STREAM || (wanted == L4_LOAD_AUTO && needed > available)) && can_stream) {
    self->load = L4_LOAD_STREAM;
    needed = needed_memory (self, precision, self->load);
    least = l4_footprint_streamed (self->config, needed, l4_compute_get_threads (self->compute)) + least_left (self, precision);
    if (least > limit_of_stream (self))
      return refuse_memory (self, precision, least, TRUE, error);
  } else if (needed > available) {
    return refuse_memory (self, precision, needed, FALSE, error);
  }
  self->memory = needed - loading_memory (self);
  return TRUE;
}

static guint64
slot_bytes (const L4Llama *self)
{
  return l4_stream_bytes (self->stream, 1) - l4_stream_bytes (self->stream, 0);
}

/* Caches and slots share the memory: what the caches do not take, nor further conversations beside theirs, holds experts. */
static void
share_memory (guint64 bytes, gpointer user_data)
{
  L4Llama *self = user_data;

  l4_stream_allow (self->stream, (gsize) ((self->shared - MIN (bytes, self->shared)) / slot_bytes (self)));
}

/* Slots for as many experts as there is memory for. *cache_bytes: what caches may take of it at most. */
static gboolean
start_stream (L4Llama *self, L4Precision precision, guint64 limit, guint64 *cache_bytes, GError **error)
{
  guint64 taken = l4_footprint_streamed (self->config, self->memory, l4_compute_get_threads (self->compute)) + l4_stream_bytes (self->stream, 0);
  guint64 least = L4_STREAM_LEAST_SLOTS * slot_bytes (self);
  gsize n_slots;

  if (taken + least + slot_bytes (self) > limit)
    return refuse_memory (self, precision, taken + least + slot_bytes (self), TRUE, error);
  self->shared = limit - taken;
  *cache_bytes = self->shared - least;
  n_slots = (gsize) MIN (self->shared / slot_bytes (self), l4_stream_n_experts (self->stream));
  self->memory += l4_stream_bytes (self->stream, n_slots);
  return l4_stream_start (self->stream, n_slots, error);
}

static gboolean
load_tokenizer (L4Llama *self, GError **error)
{
  const L4Gguf *gguf = l4_checkpoint_get_gguf (self->checkpoint);
  const char *kind = NULL;

  if (gguf != NULL && !l4_gguf_get_string (gguf, "tokenizer.ggml.model", &kind, error))
    return FALSE;
  if (kind != NULL && g_str_equal (kind, "none"))       /* enough to measure it */
    return TRUE;
  self->tokenizer = l4_tokenizer_load_for (self->checkpoint, error);
  if (self->tokenizer == NULL || !l4_chat_tokens_find (self->tokenizer, self->config, &self->tokens, error))
    return FALSE;
  if (self->config->image_token < 0)    /* the settings need not say */
    self->config->image_token = self->tokens.patch;
  l4_config_add_stop (self->config, self->tokens.eot);  /* a full list has others */
  return TRUE;
}

static char *
make_digest (const char *folder, const L4Checkpoint *checkpoint)
{
  static const char *const files[] = { "config.json", "generation_config.json", "preprocessor_config.json", "processor_config.json",
    "tokenizer.json", "tokenizer.model"
  };
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree char *tensors = l4_checkpoint_digest (checkpoint), *sample = l4_checkpoint_sample (checkpoint);

  for (guint i = 0; i < G_N_ELEMENTS (files); i++) {
    g_autofree char *path = g_build_filename (folder, files[i], NULL);
    g_autofree char *text = NULL;
    gsize length = 0;

    if (g_file_get_contents (path, &text, &length, NULL))
      g_checksum_update (checksum, (const guchar *) text, length);
  }
  g_checksum_update (checksum, (const guchar *) tensors, -1);
  g_checksum_update (checksum, (const guchar *) sample, -1);
  return g_strconcat ("sha256:", g_checksum_get_string (checksum), NULL);
}

char *
l4_llama_identity (const L4Llama *self)
{
  g_autofree char *text = g_strdup_printf ("%s\n%d", self->digest, self->vision_int8);

  return g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);
}

static gboolean
load_weights (L4Llama *self, L4ProgressFunc progress, gpointer user_data, GCancellable *cancellable, GError **error)
{
  g_autoptr (L4Loader) loader =
      l4_loader_new (self->compute, self->checkpoint, self->load == L4_LOAD_MAP, self->n_parameters, progress, user_data, cancellable);

  l4_loader_set_type (loader, self->vision_int8 ? L4_TYPE_Q8_0 : L4_TYPE_BF16);
  if (self->config->has_vision)
    self->vision = l4_vision_encoder_load (loader, self->config);
  l4_loader_set_type (loader, L4_N_TYPES);
  l4_loader_set_stream (loader, self->stream);
  self->decoder = l4_decoder_load (loader, self->config);
  if (!l4_loader_finish (loader, error) || !l4_checkpoint_check (self->checkpoint, error))
    return FALSE;
  return (self->decoder != NULL && (self->vision != NULL || !self->config->has_vision))
      || l4_fail (error, L4_ERROR_MEMORY, _("%s: no memory for its tables"), self->path);
}

gboolean
l4_llama_can_look (const L4Llama *self, GError **error)
{
  if (self->config->has_vision)
    return TRUE;
  if (self->why_no_vision != NULL)
    return l4_fail (error, L4_ERROR_INPUT, _("%s: cannot look at pictures: %s"), self->path, self->why_no_vision);
  return l4_fail (error, L4_ERROR_INPUT, _("%s: is a text-only model and cannot look at pictures"), self->path);
}

/* What the files have of it counts for the digest all the same: keys and values of a text are those of the whole model. */
static void
leave_out_vision (L4Llama *self)
{
  if (self->config->has_vision)
    self->why_no_vision = g_strdup (_("its vision part was left out"));
  self->config->has_vision = FALSE;
}

L4Llama *
l4_llama_load (const L4LoadOptions *options, L4Precision precision, L4ProgressFunc progress, gpointer user_data,
    GCancellable *cancellable, GError **error)
{
  g_autoptr (L4Llama) self = g_new0 (L4Llama, 1);
  guint64 limit, for_caches = 0;

  self->path = g_strdup (options->model_path);
  self->memory_limit = options->memory_limit;
  self->vision_int8 = options->vision_int8;
  self->checkpoint = l4_checkpoint_open (self->path, options->projector_path, error);
  self->config = self->checkpoint != NULL ? l4_config_load (self->checkpoint, error) : NULL;
  if (self->config == NULL)
    return NULL;
  self->why_no_vision = g_strdup (l4_checkpoint_why_no_vision (self->checkpoint));
  if (options->text_only)
    leave_out_vision (self);
  if (options->for_pictures && !l4_llama_can_look (self, error))
    return NULL;
  self->n_parameters = l4_decoder_n_parameters (&self->config->text);
  if (self->config->has_vision)
    self->n_parameters += l4_vision_encoder_n_parameters (self->config);
  self->compute = l4_compute_new (precision, options->threads, error);
  if (self->compute == NULL)
    return NULL;
  limit = limit_of_stream (self);
  if (!choose_load (self, options->load, precision, error) || !load_tokenizer (self, error))
    return NULL;
  if (self->load == L4_LOAD_STREAM)
    self->stream = l4_stream_new ();
  self->digest = make_digest (self->path, self->checkpoint);
  self->quantization = l4_checkpoint_main_type (self->checkpoint);
  self->pace = l4_pace_new (l4_type_info (l4_type_from_name (self->quantization))->block_elements > 1);
  if (!load_weights (self, progress, user_data, cancellable, error))
    return NULL;
  if (self->stream != NULL && l4_stream_n_experts (self->stream) == 0)  /* tensors of experts in layers that have none */
    g_clear_pointer (&self->stream, l4_stream_free);
  if (self->stream != NULL)
    l4_experts_use (self->stream, self->checkpoint, &self->why_not_repacked);
  self->batch = l4_batch_new (self->decoder, self->compute, &self->config->text);
  self->prefill = l4_prefill_new (self->decoder, self->compute, &self->config->text,
      self->load == L4_LOAD_READ ? L4_PREFILL_TOKENS : L4_FORWARD_BATCH);
  if (self->stream != NULL && !start_stream (self, precision, limit, &for_caches, error))
    return NULL;
  if (self->stream == NULL)
    for_caches = self->memory_limit > 0 ? MAX (self->memory_limit - self->memory, 1) : 0;
  self->room = l4_room_new (self->compute, &self->config->text, for_caches);
  if (self->stream != NULL)
    l4_room_share (self->room, l4_footprint_beside (self->config), share_memory, self);
  if (self->load == L4_LOAD_READ)
    g_clear_pointer (&self->checkpoint, l4_checkpoint_free);
  return g_steal_pointer (&self);
}

void
l4_llama_free (L4Llama *self)
{
  if (self == NULL)
    return;
  l4_room_free (self->room);
  l4_batch_free (self->batch);
  l4_prefill_free (self->prefill);
  l4_decoder_free (self->decoder);
  l4_stream_free (self->stream);
  l4_vision_encoder_free (self->vision);
  l4_compute_free (self->compute);
  l4_vocabulary_free (self->vocabulary);
  l4_tokenizer_free (self->tokenizer);
  l4_config_free (self->config);
  l4_checkpoint_free (self->checkpoint);
  l4_pace_free (self->pace);
  g_free (self->why_no_vision);
  g_free (self->why_not_repacked);
  g_free (self->path);
  g_free (self->digest);
  g_free (self);
}

float *
l4_llama_embed (const L4Llama *self, const gint32 *ids, gint64 n, const float *features, gint64 n_features, GError **error)
{
  gint64 hidden = self->config->text.hidden, row = 0;
  l4_autofree float *h = l4_alloc (n * hidden * sizeof (float), _("embeddings"), error);

  if (h == NULL || !l4_decoder_embed (self->decoder, ids, n, h, error))
    return NULL;
  for (gint64 t = 0; features != NULL && t < n; t++)
    if (ids[t] == self->config->image_token) {
      if (row < n_features)
        memcpy (h + t * hidden, features + row * hidden, hidden * sizeof (float));
      row++;
    }
  if (features != NULL && row != n_features) {
    l4_fail (error, L4_ERROR_INPUT,
        _("the prompt has %" PRId64 " picture slots, but the pictures make %" PRId64 " tokens"), row,
        n_features);
    return NULL;
  }
  return g_steal_pointer (&h);
}

gboolean
l4_llama_forward (const L4Llama *self, L4Cache *cache, float *h, gint64 n, gint64 n_logits, float *logits,
    GCancellable *cancellable, GError **error)
{
  gint64 hidden = self->config->text.hidden, batch = 0;

  for (gint64 at = 0; at < n; at += batch) {
    L4Strands tokens;

    batch = MIN (L4_FORWARD_BATCH, n - at);
    tokens = l4_strands_of (&(L4Strand) { cache, batch });
    if (!l4_decoder_forward (self->decoder, self->compute, &tokens, h + at * hidden, NULL, cancellable, error))
      return FALSE;
  }
  return l4_decoder_logits (self->decoder, self->compute, h + (n - n_logits) * hidden, n_logits, FALSE, logits, error);
}

/* The describer behind the public interface ------------------------------------------------------------------------------ */

static gpointer
llama_load (const L4LoadOptions *options, L4ModelInfo *info, L4ProgressFunc progress, gpointer user_data,
    GCancellable *cancellable, GError **error)
{
  L4Llama *self = l4_llama_load (options, L4_PRECISION_BF16, progress, user_data, cancellable, error);
  L4Speed speed;

  if (self == NULL)
    return NULL;
  if (self->tokenizer == NULL) {
    l4_fail (error, L4_ERROR_UNSUPPORTED, _("%s: has no tokenizer"), self->path);
    l4_llama_free (self);
    return NULL;
  }
  if (l4_machine_recall (self->compute, &speed))
    l4_pace_set_machine (self->pace, &speed, !l4_machine_is_old (self->compute));
  info->digest = self->digest;
  info->quantization = self->quantization;
  info->tile_size = self->config->vision.image_size;
  info->max_tiles = MAX (self->config->vision.max_patches, 1);
  info->tokens_per_tile = self->config->has_vision ? l4_vision_tokens_per_tile (&self->config->vision) : 0;
  info->context_length = self->config->text.context;
  info->n_parameters = self->n_parameters;
  info->memory = self->memory;
  info->note = self->why_not_repacked;
  return self;
}

static void
llama_unload (gpointer model)
{
  l4_llama_free (model);
}

static void
llama_picture_size (gconstpointer model, guint width, guint height, guint max_tiles, guint *out_width, guint *out_height)
{
  const L4Llama *self = model;
  L4Canvas canvas;

  *out_width = width;
  *out_height = height;
  if (!self->config->has_vision)
    return;
  l4_canvas_choose (&self->config->vision, max_tiles, width, height, &canvas);
  *out_width = canvas.width;
  *out_height = canvas.height;
}

static void
llama_measure (gpointer model)
{
  L4Llama *self = model;
  L4Speed speed;

  /* one is enough, and each would take the memory for it */
  if (!g_atomic_int_compare_and_exchange (&self->measuring, FALSE, TRUE))
    return;
  if (!l4_pace_knows_machine (self->pace) && l4_machine_measure (self->compute, &speed, NULL))
    l4_pace_set_machine (self->pace, &speed, TRUE);
  g_atomic_int_set (&self->measuring, FALSE);
}

static gboolean
llama_can_look (gconstpointer model, GError **error)
{
  return l4_llama_can_look (model, error);
}

const L4BackendClass l4_llama_backend = {
  .load = llama_load,
  .unload = llama_unload,
  .can_look = llama_can_look,
  .picture_size = llama_picture_size,
  .session_new = l4_llama_session_new,
  .session_free = l4_llama_session_free,
  .answer = l4_llama_answer,
  .ask = l4_llama_ask,
  .prepare = l4_llama_prepare,
  .compare = l4_llama_compare,
  .save = l4_llama_save,
  .load_session = l4_llama_load_session,
  .forecast = l4_llama_forecast,
  .measure = llama_measure,
};
