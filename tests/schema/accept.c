/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Says of texts whether schemas allow them: each line of standard input is {"schema":…} or {"value":…} of the schema before it; the
 * answer is a line "schema", "refused: WHY", "yes" or "no". */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#include "schema/schema.h"

static void
answer (const char *line, gsize length, L4Schema **schema)
{
  yyjson_doc *doc = yyjson_read (line, length, YYJSON_READ_NOFLAG);
  yyjson_val *root = yyjson_doc_get_root (doc), *given = yyjson_obj_get (root, "schema"), *value = yyjson_obj_get (root, "value");
  g_autoptr (GError) error = NULL;
  size_t written = 0;
  char *text = yyjson_val_write (given != NULL ? given : value, YYJSON_WRITE_NOFLAG, &written);

  if (given != NULL) {
    l4_schema_free (*schema);
    *schema = l4_schema_new (text, &error);
    if (*schema != NULL)
      puts ("schema");
    else
      printf ("refused: %s\n", error->message);
  } else {
    puts (*schema != NULL && l4_schema_accepts (*schema, text, written) ? "yes" : "no");
  }
  fflush (stdout);
  free (text);
  yyjson_doc_free (doc);
}

int
main (int argc, char **argv)
{
  L4Schema *schema = NULL;
  char *line = NULL;
  size_t room = 0;
  ssize_t length;

  while ((length = getline (&line, &room, stdin)) > 0)
    answer (line, (gsize) length, &schema);
  l4_schema_free (schema);
  free (line);
  return 0;
}
