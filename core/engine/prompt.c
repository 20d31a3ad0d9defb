/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A conversation as the model will see it: token ids, with pictures in some of the places. */

#include "engine/prompt.h"

#include <string.h>

static guint
tokens_per_tile (const L4Llama *model)
{
  return model->vision != NULL ? l4_vision_tokens_per_tile (&model->config->vision) : 0;
}

/* [ids->len] */
static L4Place *
make_places (const L4Llama *model, const GArray *ids, const L4Pictures *pictures)
{
  L4Place *places = g_new0 (L4Place, ids->len);
  gint64 tokens = tokens_per_tile (model), row = 0;
  gsize picture = 0;

  for (guint t = 0; t < ids->len; t++) {
    places[t].id = g_array_index (ids, gint32, t);
    if (pictures->n_pictures == 0 || places[t].id != model->config->image_token)
      continue;
    while (pictures->dropped[row])
      row++;
    while (picture + 1 < pictures->n_pictures && row >= pictures->first_tile[picture + 1] * tokens)
      picture++;
    places[t].picture = TRUE;
    places[t].row = row++ - pictures->first_tile[picture] * tokens;
    memcpy (places[t].digest, pictures->digests[picture], L4_PICTURE_DIGEST);
  }
  return places;
}

/* Takes the pictures' tokens out that are not shown. */
static void
leave_out (GArray *ids, gint32 image_token, const L4Pictures *pictures)
{
  gint32 *all = (gint32 *) ids->data;
  gint64 row = 0;
  guint n = 0;

  if (pictures->n_dropped == 0)
    return;
  for (guint t = 0; t < ids->len; t++)
    if (all[t] != image_token || !pictures->dropped[row++])
      all[n++] = all[t];
  g_array_set_size (ids, n);
}

typedef GArray *(*Encode) (const L4Tokenizer *tokenizer, const L4ChatTokens *tokens, const L4Message *messages, gsize n_messages,
    const L4Grid *grids, gsize n_pictures, guint tokens_per_tile, GError **error);

static gboolean
prepare (const L4Llama *model, L4PictureCache *cache, const L4Message *messages, gsize n_messages, const L4GenerateOptions *options, Encode encode,
    L4Prompt *prompt, GError **error)
{
  const L4Pictures *pictures = &prompt->pictures;

  if (!l4_pictures_find (model, cache, messages, n_messages, options->max_tiles, options->prune, &prompt->pictures, error))
    return FALSE;
  prompt->ids = encode (model->tokenizer, &model->tokens, messages, n_messages, pictures->grids, pictures->n_pictures,
      tokens_per_tile (model), error);
  if (prompt->ids == NULL)
    return FALSE;
  leave_out (prompt->ids, model->config->image_token, pictures);
  if (prompt->ids->len >= model->config->text.context)
    return l4_fail (error, L4_ERROR_INPUT,
        _("the prompt has %u tokens, but the model's context only %" PRId64), prompt->ids->len, model->config->text.context);
  prompt->places = make_places (model, prompt->ids, pictures);
  return TRUE;
}

gboolean
l4_prompt_prepare (const L4Llama *model, L4PictureCache *cache, const L4Message *messages, gsize n_messages,
    const L4GenerateOptions *options, L4Prompt *prompt, GError **error)
{
  return prepare (model, cache, messages, n_messages, options, l4_chat_encode, prompt, error);
}

gboolean
l4_prompt_prepare_beginning (const L4Llama *model, L4PictureCache *cache, const L4Message *messages, gsize n_messages,
    const L4GenerateOptions *options, L4Prompt *prompt, GError **error)
{
  return prepare (model, cache, messages, n_messages, options, l4_chat_encode_beginning, prompt, error);
}

void
l4_prompt_clear (L4Prompt *self)
{
  l4_pictures_clear (&self->pictures);
  g_clear_pointer (&self->ids, g_array_unref);
  g_clear_pointer (&self->places, g_free);
}

char *
l4_prompt_digest (const L4Prompt *self)
{
  g_autofree char *sum = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *) self->ids->data,
      self->ids->len * sizeof (gint32));

  return g_strconcat ("sha256:", sum, NULL);
}
