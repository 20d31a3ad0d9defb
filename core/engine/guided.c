/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Answers that are values of a schema: the vocabulary of a model, and a guide for a session. */

#include "engine/guided.h"

#include <inttypes.h>
#include <string.h>

static void
token_bytes (gpointer user_data, guint32 token, GString *bytes)
{
  l4_tokenizer_decode (user_data, (gint32) token, FALSE, bytes);
}

/* The first session that needs it sorts the vocabulary, for all others. */
static const L4Vocabulary *
get_vocabulary (L4Llama *model)
{
  if (g_once_init_enter (&model->vocabulary))
    g_once_init_leave (&model->vocabulary, l4_vocabulary_new ((guint) model->config->text.vocab, token_bytes, model->tokenizer));
  return model->vocabulary;
}

L4Guide *
l4_guided_prepare (L4Guided *self, L4Llama *model, const char *text, GError **error)
{
  if (self->text != NULL && strcmp (self->text, text) == 0)
    return self->guide;
  l4_guided_clear (self);
  self->schema = l4_schema_new (text, error);
  if (self->schema == NULL)
    return NULL;
  self->text = g_strdup (text);
  self->guide = l4_guide_new (self->schema, get_vocabulary (model));
  return self->guide;
}

void
l4_guided_clear (L4Guided *self)
{
  l4_guide_free (self->guide);
  l4_schema_free (self->schema);
  g_free (self->text);
  *self = (L4Guided) { NULL };
}

gboolean
l4_guided_refuse (guint64 needed, guint most, GError **error)
{
  return l4_fail (error, L4_ERROR_INPUT, _("schema: the shortest answer takes %" PRIu64 " tokens, but only %u are allowed"), needed, most);
}

gboolean
l4_schema_check (const char *text, GError **error)
{
  g_autoptr (L4Schema) schema = l4_schema_new (text, error);

  return schema != NULL;
}
