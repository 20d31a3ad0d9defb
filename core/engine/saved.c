/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A conversation in a file: what a session holds, for the same weights on any machine. */

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "engine/session.h"
#include "files/file.h"
#include "files/sum.h"
#include "files/whole.h"

/* The file, little endian: Header; places, [n_tokens] of L4Place; of every layer the parts of its keys and values, as
 * l4_key_values_part() has them for the slots that hold something; a checksum (CRC-32C) of every layer. */
#define MAGIC "L4talk\r\n"
#define VERSION 1
#define SPARE 1024              /* tokens that a loaded cache has room for beside those that it holds */
#define BUFFER (1u << 20)       /* bytes that are turned at once: whole rows */

typedef struct
{
  char magic[8];
  guint32 version;
  guint32 kind;                 /* L4BlockKind */
  guint32 int8;
  guint32 places_sum;
  gint64 n_tokens;
  guint64 bytes;                /* of the file */
  char identity[64];            /* of weights and settings */
  guint32 reserved;             /* 0 */
  guint32 sum;                  /* of all before */
} Header;

G_STATIC_ASSERT (sizeof (Header) == 112 && sizeof (L4Place) == 48);

/* Saving ----------------------------------------------------------------------------------------------------------------- */

/* One layer from *at on, which moves behind it. */
static gboolean
write_layer (const L4Whole *file, const L4Cache *cache, gint64 layer, guint64 *at, guint32 *sum, GError **error)
{
  const L4KeyValues *held = &cache->layers[layer];
  gint64 n = l4_cache_slots (cache->config, layer, cache->n_tokens);

  *sum = 0;
  for (guint i = 0; i < l4_key_values_n_parts (held); i++) {
    L4KeyValuesPart part = l4_key_values_part (held, i, n);

    *sum = l4_sum (*sum, part.data, part.bytes);
    if (!l4_whole_write (file, *at, part.data, part.bytes, error))
      return FALSE;
    *at += part.bytes;
  }
  return TRUE;
}

/* Bytes of such a file; G_MAXUINT64 when they cannot be counted. */
static guint64
file_bytes (const L4TextConfig *config, L4BlockKind kind, gboolean int8, gint64 n_tokens)
{
  guint64 total = sizeof (Header) + n_tokens * sizeof (L4Place) + config->n_layers * sizeof (guint32);

  for (gint64 l = 0; l < config->n_layers; l++)
    if (!g_uint64_checked_add (&total, total, l4_key_values_bytes (kind, int8, config->n_kv_heads, config->head_dim,
                l4_cache_slots (config, l, n_tokens))))
      return G_MAXUINT64;
  return total;
}

static gboolean
write_all (const L4LlamaSession *self, const L4Whole *file, GError **error)
{
  const L4Cache *cache = self->tenant.cache;
  gint64 n_layers = cache->config->n_layers, n = cache->n_tokens;
  gsize places = n * sizeof (L4Place);
  guint64 at = sizeof (Header) + places;
  Header header = {.version = VERSION,.kind = cache->layers[0].kind,.int8 = cache->int8,.n_tokens = n };
  g_autofree guint32 *sums = g_new (guint32, n_layers);
  g_autofree char *identity = l4_llama_identity (self->model);

  memcpy (header.magic, MAGIC, sizeof header.magic);
  memcpy (header.identity, identity, sizeof header.identity);
  header.bytes = file_bytes (cache->config, header.kind, cache->int8, n);
  header.places_sum = l4_sum (0, self->places->data, places);
  header.sum = l4_sum (0, &header, offsetof (Header, sum));
  if (!l4_whole_reserve (file, header.bytes, error) || !l4_whole_write (file, 0, &header, sizeof header, error)
      || !l4_whole_write (file, sizeof header, self->places->data, places, error))
    return FALSE;
  for (gint64 l = 0; l < n_layers; l++)
    if (!write_layer (file, cache, l, &at, &sums[l], error))
      return FALSE;
  return l4_whole_write (file, at, sums, n_layers * sizeof *sums, error);
}

/* Not after an answer that failed where a chunk begins: the last chunk, which is not needed to go on, belongs into the file. */
static gboolean
can_be_saved (const L4LlamaSession *self)
{
  return self->places->len > 0 && l4_cache_holds (self->tenant.cache, self->places->len);
}

gboolean
l4_llama_save (gpointer session, const char *path, GError **error)
{
  L4LlamaSession *self = session;
  g_auto (L4Whole) file = { 0 };
  gboolean good;

  l4_llama_session_enter (self);
  good = (can_be_saved (self) || l4_fail (error, L4_ERROR_INPUT, _("%s: the session holds nothing that could be saved"), path))
      && l4_whole_open (&file, path, 0600, error) && write_all (self, &file, error) && l4_whole_finish (&file, error);
  l4_llama_session_leave (self);
  return good;
}

/* Loading ---------------------------------------------------------------------------------------------------------------- */

typedef struct
{
  int fd;
  const char *path;
  guint64 size;
  Header header;
} File;

static gboolean
refuse_damaged (const File *file, GError **error)
{
  return l4_fail (error, L4_ERROR_FORMAT, _("%s: is damaged: what it holds has not the checksum that it says"), file->path);
}

/* Whether it is such a file, whole, and this model's. */
static gboolean
read_header (File *file, L4Llama *model, gboolean int8, GError **error)
{
  Header *header = &file->header;
  gsize there = MIN (file->size, sizeof *header);
  g_autofree char *identity = l4_llama_identity (model);

  if (!l4_file_read (file->fd, file->path, 0, header, there, error))
    return FALSE;
  if (there < sizeof header->magic || memcmp (header->magic, MAGIC, sizeof header->magic) != 0)
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: is not a saved conversation"), file->path);
  if (there < sizeof *header)
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: is damaged: it ends at byte %zu"), file->path, there);
  if (header->version != VERSION)
    return l4_fail (error, L4_ERROR_UNSUPPORTED, _("%s: is a saved conversation of version %u; only version %d can be read"), file->path,
        header->version, VERSION);
  if (l4_sum (0, header, offsetof (Header, sum)) != header->sum)
    return refuse_damaged (file, error);
  if (memcmp (header->identity, identity, sizeof header->identity) != 0)
    return l4_fail (error, L4_ERROR_INPUT, _("%s: was saved with other weights or settings than those of %s"), file->path, model->path);
  if (!header->int8 != !int8)
    return l4_fail (error, L4_ERROR_INPUT, _("%s: has keys and values as %s, but they are to be kept as %s"), file->path,
        header->int8 ? "int8" : "bf16", int8 ? "int8" : "bf16");
  if (header->n_tokens < 1 || header->n_tokens > model->config->text.context || header->kind >= L4_N_BLOCK_KINDS)
    return refuse_damaged (file, error);
  if (header->bytes != file->size)
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: is damaged: it has %" PRIu64 " bytes instead of %" PRIu64), file->path, file->size,
        header->bytes);
  return file->size == file_bytes (&model->config->text, header->kind, int8, header->n_tokens) || refuse_damaged (file, error);
}

static gboolean
read_places (const File *file, L4LlamaSession *self, GError **error)
{
  gsize n = file->header.n_tokens;

  g_array_set_size (self->places, n);
  if (!l4_file_read (file->fd, file->path, sizeof file->header, self->places->data, n * sizeof (L4Place), error))
    return FALSE;
  return l4_sum (0, self->places->data, n * sizeof (L4Place)) == file->header.places_sum || refuse_damaged (file, error);
}

/* A part whose elements are of the other kind in the file. */
static gboolean
read_turned (const File *file, L4BlockKind kind, gsize own_size, guint64 *at, L4KeyValuesPart *part, guint8 *buffer, guint32 *sum,
    GError **error)
{
  gsize size = l4_key_values_element (file->header.kind, file->header.int8), n = part->bytes / own_size, most = BUFFER / sizeof (float);

  for (gsize done = 0, some; done < n; done += some) {
    some = MIN (most, n - done);
    if (!l4_file_read (file->fd, file->path, *at, buffer, some * size, error))
      return FALSE;
    *sum = l4_sum (*sum, buffer, some * size);
    *at += some * size;
    l4_key_values_turn (file->header.kind, kind, file->header.int8, buffer, some, part->data + done * own_size);
  }
  return TRUE;
}

static gboolean
read_layer (const File *file, L4Cache *cache, gint64 layer, guint64 *at, guint8 *buffer, guint32 *sum, GError **error)
{
  const L4KeyValues *held = &cache->layers[layer];
  gint64 n = l4_cache_slots (cache->config, layer, file->header.n_tokens);

  *sum = 0;
  for (guint i = 0; i < l4_key_values_n_parts (held); i++) {
    L4KeyValuesPart part = l4_key_values_part (held, i, n);

    if (!part.is_scales && held->kind != file->header.kind) {
      if (!read_turned (file, held->kind, l4_key_values_element (held->kind, cache->int8), at, &part, buffer, sum, error))
        return FALSE;
      continue;
    }
    if (!l4_file_read (file->fd, file->path, *at, part.data, part.bytes, error))
      return FALSE;
    *sum = l4_sum (*sum, part.data, part.bytes);
    *at += part.bytes;
  }
  return TRUE;
}

static gboolean
read_cache (const File *file, L4Cache *cache, GError **error)
{
  gint64 n_layers = cache->config->n_layers, n = file->header.n_tokens;
  guint64 at = sizeof file->header + n * sizeof (L4Place);
  g_autofree guint32 *said = g_new (guint32, n_layers);
  g_autofree guint8 *buffer = g_malloc (BUFFER);

  if (!l4_file_read (file->fd, file->path, file->size - n_layers * sizeof *said, said, n_layers * sizeof *said, error))
    return FALSE;
  for (gint64 l = 0; l < n_layers; l++) {
    guint32 sum;

    if (!read_layer (file, cache, l, &at, buffer, &sum, error))
      return FALSE;
    if (sum != said[l])
      return refuse_damaged (file, error);
  }
  cache->n_tokens = n;
  return TRUE;
}

static gboolean
load (L4LlamaSession *self, const File *file, GError **error)
{
  gint64 capacity = MIN (file->header.n_tokens + SPARE, self->model->config->text.context);

  l4_llama_session_forget (self);
  if (!l4_llama_session_take_cache (self, file->header.int8, capacity, NULL, error)) {
    g_prefix_error (error, "%s: ", file->path);
    return FALSE;
  }
  if (read_places (file, self, error)
      && read_cache (file, self->tenant.cache, error))
    return TRUE;
  l4_llama_session_forget (self);
  return FALSE;
}

gboolean
l4_llama_load_session (gpointer session, const char *path, gboolean kv_int8, GError **error)
{
  L4LlamaSession *self = session;
  File file = {.path = path };
  gboolean good;

  file.fd = l4_file_open (path, &file.size, error);
  if (file.fd < 0)
    return FALSE;
  good = read_header (&file, self->model, kv_int8, error);
  if (good) {
    l4_llama_session_enter (self);
    good = load (self, &file, error);
    l4_llama_session_leave (self);
  }
  close (file.fd);
  return good;
}

/* Beginnings ------------------------------------------------------------------------------------------------------------- */

static gboolean
hold (L4LlamaSession *self, const L4Message *messages, gsize n_messages, const L4GenerateOptions *options, GCancellable *cancellable,
    GError **error)
{
  const L4Llama *model = self->model;
  g_auto (L4Prompt) prompt = { 0 };

  return l4_prompt_prepare_beginning (model, self->pictures, messages, n_messages, options, &prompt, error)
      && l4_llama_session_take_cache (self, options->kv_int8, MIN (prompt.ids->len + SPARE, model->config->text.context), cancellable, error)
      && l4_llama_session_hold (self, &prompt, cancellable, error);
}

gboolean
l4_llama_prepare (gpointer session, const L4Message *messages, gsize n_messages, const L4GenerateOptions *options,
    GCancellable *cancellable, GError **error)
{
  gboolean good;

  l4_llama_session_enter (session);
  good = hold (session, messages, n_messages, options, cancellable, error);
  l4_llama_session_leave (session);
  return good;
}

/* Whether what the session holds from the first `same` tokens on is a text with which that of the prompt goes on: its last tokens are others
 * where it does not end. */
static gboolean
goes_on (const L4LlamaSession *self, const L4Prompt *prompt, guint same)
{
  const L4Tokenizer *tokenizer = self->model->tokenizer;
  g_autoptr (GString) held = g_string_new (NULL), text = g_string_new (NULL);
  const L4Place *places = (const L4Place *) self->places->data;
  guint end = self->places->len;

  while (end > same && !places[end - 1].picture && l4_tokenizer_is_special (tokenizer, places[end - 1].id))
    end--;                      /* of the message */
  for (guint t = same; t < end; t++)
    if (places[t].picture)
      return FALSE;
    else
      l4_tokenizer_decode (tokenizer, places[t].id, TRUE, held);
  for (guint t = same; t < prompt->ids->len && text->len < held->len; t++)
    l4_tokenizer_decode (tokenizer, prompt->places[t].id, TRUE, text);
  return text->len >= held->len && memcmp (text->str, held->str, held->len) == 0;
}

gboolean
l4_llama_compare (gpointer session, const L4Message *messages, gsize n_messages, const L4GenerateOptions *options, L4Held *held,
    GError **error)
{
  L4LlamaSession *self = session;
  g_auto (L4Prompt) prompt = { 0 };

  if (!l4_prompt_prepare_beginning (self->model, self->pictures, messages, n_messages, options, &prompt, error))
    return FALSE;
  l4_llama_session_enter (self);
  held->tokens = prompt.ids->len;
  if (self->tenant.cache != NULL && !self->tenant.cache->int8 == !options->kv_int8)
    held->held_tokens = l4_llama_session_common (self, &prompt);
  held->other_tokens = self->places->len - held->held_tokens;
  held->goes_on = goes_on (self, &prompt, held->held_tokens);
  l4_llama_session_leave (self);
  return TRUE;
}
