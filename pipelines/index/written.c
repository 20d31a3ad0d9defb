/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The contents of files that were written beside films. */

#include "index/index-private.h"

typedef struct
{
  const char *digest;
  gboolean found;
} Written;

static void
row_found (const L4Value *columns, gpointer data)
{
  ((Written *) data)->found = TRUE;
}

static gboolean
find (L4Database *database, gpointer work, GError **error)
{
  Written *written = work;

  written->found = FALSE;
  return l4_database_query (database, row_found, written, error, "SELECT 1 FROM written WHERE digest = $1", "t", written->digest);
}

gboolean
l4_index_has_written (L4Index *self, const char *digest, gboolean *has, GError **error)
{
  Written written = { digest };
  gboolean right = l4_database_transact (self->database, FALSE, find, &written, error);

  *has = written.found;
  return right;
}

static gboolean
put (L4Database *database, gpointer digest, GError **error)
{
  return l4_database_query (database, NULL, NULL, error, "INSERT INTO written (digest) VALUES ($1) ON CONFLICT DO NOTHING", "t", digest);
}

gboolean
l4_index_put_written (L4Index *self, const char *digest, GError **error)
{
  return l4_index_check_text (self, digest, "digest", error) && l4_database_transact (self->database, TRUE, put, (gpointer) digest, error);
}
