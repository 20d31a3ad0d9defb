/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What must hold of every tokenizer that a file gives. */

#pragma once

#include <string.h>

#include "fuzz/fuzz.h"
#include "tokenizer/tokenizer-private.h"

/* Text becomes ids in range that are not special, and those become the text again. */
static inline void
fuzz_round_trip (const L4Tokenizer *tokenizer, const char *text, gsize length)
{
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  g_autoptr (GString) back = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  gboolean good = l4_tokenizer_encode (tokenizer, text, (gssize) length, ids, &error);

  g_assert (good == (error == NULL));
  for (guint i = 0; good && i < ids->len; i++) {
    gint32 id = g_array_index (ids, gint32, i);

    g_assert (id >= 0 && (guint) id < l4_tokenizer_get_size (tokenizer) && !l4_tokenizer_is_special (tokenizer, id));
    l4_tokenizer_decode (tokenizer, id, FALSE, back);
  }
  g_assert (!good || (back->len == length && memcmp (back->str, text, length) == 0));
}

/* (tokenizer transfer full, or NULL; error (transfer full), or NULL): exactly one of them is there. */
static inline int
fuzz_use (L4Tokenizer *tokenizer, GError *error, const guint8 *data, gsize size)
{
  static const char text[] = "The Last\tbus isn't  here\r\n\n in 1999?//<|eot|> zw\303\266lf \346\227\245\346\234\254 e\314\201 \0 aaaaaaaaa";

  g_assert ((tokenizer == NULL) == (error != NULL));
  g_clear_error (&error);
  if (tokenizer == NULL)
    return 0;
  fuzz_round_trip (tokenizer, text, sizeof text);
  fuzz_round_trip (tokenizer, (const char *) data, MIN (size, 512));
  for (gint32 id = -1; id <= (gint32) l4_tokenizer_get_size (tokenizer); id++) {
    g_autoptr (GString) name = g_string_new (NULL);

    l4_tokenizer_decode (tokenizer, id, TRUE, name);
    g_assert (!l4_tokenizer_is_special (tokenizer, id) || l4_tokenizer_find_special (tokenizer, name->str) == id);
  }
  l4_tokenizer_free (tokenizer);
  return 0;
}
