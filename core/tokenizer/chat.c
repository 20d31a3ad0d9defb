/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The chat prompt: turns of text and pictures to token ids. */

#include "tokenizer/chat.h"

#include <string.h>

/* The tokenizer must not have more tokens than the model, nor fewer than the settings speak of. */
static gboolean
check_size (const L4Tokenizer *tokenizer, const L4Config *config, GError **error)
{
  const char *path = l4_tokenizer_get_path (tokenizer);
  guint size = l4_tokenizer_get_size (tokenizer);

  if (size > config->text.vocab)
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: has %u ids, but the model's vocabulary has %" PRId64 " entries: it belongs to "
            "another model"), path, size, config->text.vocab);
  for (guint i = 0; i < config->n_stop_tokens; i++)
    if (config->stop_tokens[i] >= size)
      return l4_fail (error, L4_ERROR_FORMAT, _("%s: has %u ids, but the model stops at the id %" PRId64 ": it belongs to "
              "another model"), path, size, config->stop_tokens[i]);
  return TRUE;
}

gboolean
l4_chat_tokens_find (const L4Tokenizer *tokenizer, const L4Config *config, L4ChatTokens *tokens, GError **error)
{
  const struct
  {
    const char *name;
    gint32 *id;
    gint64 given;               /* what the settings say, or -1 */
    gboolean needed;
  } wanted[] = {
    {"<|begin_of_text|>", &tokens->begin_of_text, config->bos_token, TRUE},
    {"<|header_start|>", &tokens->header_start, -1, TRUE},
    {"<|header_end|>", &tokens->header_end, -1, TRUE},
    {"<|eot|>", &tokens->eot, -1, TRUE},
    {"<|image_start|>", &tokens->image_start, config->image_start_token, config->has_vision},
    {"<|image_end|>", &tokens->image_end, config->image_end_token, config->has_vision},
    {"<|image|>", &tokens->image, -1, config->has_vision},
    {"<|patch|>", &tokens->patch, config->image_token, config->has_vision},
    {"<|tile_x_separator|>", &tokens->tile_x, -1, config->has_vision},
    {"<|tile_y_separator|>", &tokens->tile_y, -1, config->has_vision},
  };
  const char *path = l4_tokenizer_get_path (tokenizer);

  if (!check_size (tokenizer, config, error))
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (wanted); i++) {
    *wanted[i].id = l4_tokenizer_find_special (tokenizer, wanted[i].name);
    if (*wanted[i].id < 0 && wanted[i].needed)
      return l4_fail (error, L4_ERROR_FORMAT, _("%s: the special token %s is missing"), path, wanted[i].name);
    if (wanted[i].given >= 0 && *wanted[i].id >= 0 && *wanted[i].id != wanted[i].given)
      return l4_fail (error, L4_ERROR_FORMAT, _("%s: %s has the id %d, but the model's settings say %" PRId64 ": it belongs to "
              "another model"), path, wanted[i].name, *wanted[i].id, wanted[i].given);
  }
  return TRUE;
}

/* The prompt so far. Text waits until the next special token, because what stands between two of them is split as one. */
typedef struct
{
  const L4Tokenizer *tokenizer;
  GArray *ids;
  GString *waiting;
} Prompt;

static gboolean
add_special (Prompt *self, gint32 id, GError **error)
{
  if (self->waiting->len > 0 && !l4_tokenizer_encode (self->tokenizer, self->waiting->str, self->waiting->len, self->ids, error))
    return FALSE;
  g_string_truncate (self->waiting, 0);
  g_array_append_val (self->ids, id);
  return TRUE;
}

static void
add_tile (GArray *ids, const L4ChatTokens *tokens, guint tokens_per_tile)
{
  for (guint i = 0; i < tokens_per_tile; i++)
    g_array_append_val (ids, tokens->patch);
}

/* One tile: start image tile end. Several: start, rows of tiles with separators, image and the overview, end. */
static gboolean
add_picture (Prompt *self, const L4ChatTokens *tokens, L4Grid grid, guint tokens_per_tile, GError **error)
{
  if (!add_special (self, tokens->image_start, error))
    return FALSE;
  for (guint row = 0; grid.rows * grid.cols > 1 && row < grid.rows; row++) {
    for (guint col = 0; col < grid.cols; col++) {
      if (col > 0)
        g_array_append_val (self->ids, tokens->tile_x);
      add_tile (self->ids, tokens, tokens_per_tile);
    }
    g_array_append_val (self->ids, tokens->tile_y);
  }
  g_array_append_val (self->ids, tokens->image);
  add_tile (self->ids, tokens, tokens_per_tile);
  return add_special (self, tokens->image_end, error);
}

static gboolean
add_header (Prompt *self, const L4ChatTokens *tokens, const char *role, GError **error)
{
  if (!add_special (self, tokens->header_start, error))
    return FALSE;
  g_string_append (self->waiting, role);
  if (!add_special (self, tokens->header_end, error))
    return FALSE;
  g_string_append (self->waiting, "\n\n");
  return TRUE;
}

/* What the template's language counts as white space. */
static gboolean
is_blank (gunichar character)
{
  return g_unichar_isspace (character) || character == '\v' || character == 0x85 || (character >= 0x1c && character <= 0x1f);
}

/* The text of a system turn, without white space around it. Text that is no UTF-8 stays as it is, and is refused later. */
static gboolean
add_trimmed (Prompt *self, const L4Message *message, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);
  const char *start, *end;

  for (gsize p = 0; p < message->n_parts; p++) {
    if (message->parts[p].text == NULL)
      return l4_fail (error, L4_ERROR_INPUT, _("a system message cannot have a picture"));
    g_string_append (text, message->parts[p].text);
  }
  start = text->str;
  end = text->str + text->len;
  if (g_utf8_validate (text->str, (gssize) text->len, NULL)) {
    while (start < end && is_blank (g_utf8_get_char (start)))
      start = g_utf8_next_char (start);
    while (end > start && is_blank (g_utf8_get_char (g_utf8_prev_char (end))))
      end = g_utf8_prev_char (end);
  }
  g_string_append_len (self->waiting, start, end - start);
  return TRUE;
}

static gboolean
add_message (Prompt *self, const L4ChatTokens *tokens, const L4Message *message, const L4Grid *grids, gsize n_pictures,
    gsize *picture, guint tokens_per_tile, GError **error)
{
  static const char *const roles[] = { "system", "user", "assistant" };

  if ((guint) message->role >= G_N_ELEMENTS (roles))
    return l4_fail (error, L4_ERROR_INPUT, _("there is no role %d"), (int) message->role);
  if (!add_header (self, tokens, roles[message->role], error)
      || (message->role == L4_ROLE_SYSTEM && !add_trimmed (self, message, error)))
    return FALSE;
  for (gsize p = 0; message->role != L4_ROLE_SYSTEM && p < message->n_parts; p++) {
    if (message->parts[p].text != NULL) {
      g_string_append (self->waiting, message->parts[p].text);
      continue;
    }
    if (*picture >= n_pictures)
      return l4_fail (error, L4_ERROR_INPUT, _("the prompt has more pictures than the %zu given"), n_pictures);
    if (!add_picture (self, tokens, grids[(*picture)++], tokens_per_tile, error))
      return FALSE;
  }
  return add_special (self, tokens->eot, error);
}

static GArray *
encode (const L4Tokenizer *tokenizer, const L4ChatTokens *tokens, const L4Message *messages, gsize n_messages, const L4Grid *grids,
    gsize n_pictures, guint tokens_per_tile, gboolean to_be_answered, GError **error)
{
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  g_autoptr (GString) waiting = g_string_new (NULL);
  Prompt prompt = { tokenizer, ids, waiting };
  gsize picture = 0;

  if (!add_special (&prompt, tokens->begin_of_text, error))
    return NULL;
  for (gsize m = 0; m < n_messages; m++)
    if (!add_message (&prompt, tokens, &messages[m], grids, n_pictures, &picture, tokens_per_tile, error))
      return NULL;
  if (picture != n_pictures) {
    l4_fail (error, L4_ERROR_INPUT, _("the prompt has %zu pictures, %zu were given"), picture,
        n_pictures);
    return NULL;
  }
  if (to_be_answered && (!add_header (&prompt, tokens, "assistant", error)
          || !l4_tokenizer_encode (tokenizer, waiting->str, waiting->len, ids, error)))
    return NULL;
  return g_steal_pointer (&ids);
}

GArray *
l4_chat_encode (const L4Tokenizer *tokenizer, const L4ChatTokens *tokens, const L4Message *messages, gsize n_messages,
    const L4Grid *grids, gsize n_pictures, guint tokens_per_tile, GError **error)
{
  return encode (tokenizer, tokens, messages, n_messages, grids, n_pictures, tokens_per_tile, TRUE, error);
}

GArray *
l4_chat_encode_beginning (const L4Tokenizer *tokenizer, const L4ChatTokens *tokens, const L4Message *messages, gsize n_messages,
    const L4Grid *grids, gsize n_pictures, guint tokens_per_tile, GError **error)
{
  return encode (tokenizer, tokens, messages, n_messages, grids, n_pictures, tokens_per_tile, FALSE, error);
}
