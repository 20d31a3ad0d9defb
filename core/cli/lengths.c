/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers of tokens that are given as a list. */

#include "cli/lengths.h"

#include <inttypes.h>

#include "base/error.h"

static gboolean
add_length (GArray *lengths, const char *item, gint64 most, GError **error)
{
  gint64 length;

  if (!g_ascii_string_to_signed (item, 10, 0, most, &length, NULL))
    return l4_fail (error, L4_ERROR_INPUT, _("\"%s\" is no number of tokens from 0 to %" PRId64), item, most);
  g_array_append_val (lengths, length);
  return TRUE;
}

GArray *
l4_lengths_parse (const char *given, gint64 usual, gint64 most, GError **error)
{
  g_autoptr (GArray) lengths = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_auto (GStrv) items = g_strsplit (given != NULL ? given : "", ",", -1);
  gint64 alone = MIN (usual, most);
  gboolean good = TRUE;

  if (given == NULL)
    g_array_append_val (lengths, alone);
  else if (*items == NULL)      /* "" has none */
    good = add_length (lengths, given, most, error);
  for (guint i = 0; good && items[i] != NULL; i++)
    good = add_length (lengths, items[i], most, error);
  return good ? g_steal_pointer (&lengths) : NULL;
}

gint64
l4_lengths_longest (const GArray *lengths)
{
  gint64 longest = 0;

  for (guint i = 0; i < lengths->len; i++)
    longest = MAX (longest, g_array_index (lengths, gint64, i));
  return longest;
}
