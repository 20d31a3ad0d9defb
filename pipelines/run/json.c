/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON for other programs: an object a line on standard output. */

#include "run/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command/command.h"

yyjson_mut_val *
l4_json_begin (yyjson_mut_doc **doc, const char *event)
{
  yyjson_mut_val *object;

  *doc = yyjson_mut_doc_new (NULL);
  object = yyjson_mut_obj (*doc);
  yyjson_mut_doc_set_root (*doc, object);
  if (event != NULL)
    yyjson_mut_obj_add_str (*doc, object, "event", event);
  return object;
}

void
l4_json_end (yyjson_mut_doc *doc)
{
  char *line = yyjson_mut_write (doc, YYJSON_WRITE_NOFLAG, NULL);

  if (line != NULL) {
    puts (line);
    l4_command_flush ();
  }
  free (line);
  yyjson_mut_doc_free (doc);
}

char *
l4_json_to_line (yyjson_mut_doc *doc)
{
  char *line = yyjson_mut_write (doc, YYJSON_WRITE_NOFLAG, NULL), *copy = g_strdup (line != NULL ? line : "{}");

  free (line);
  yyjson_mut_doc_free (doc);
  return copy;
}

void
l4_json_add_file (yyjson_mut_doc *doc, yyjson_mut_val *object, const char *path)
{
  g_autofree char *valid = g_utf8_make_valid (path, -1), *bytes = NULL;

  yyjson_mut_obj_add_strcpy (doc, object, "file", valid);
  if (g_utf8_validate (path, -1, NULL))
    return;
  bytes = g_base64_encode ((const guchar *) path, strlen (path));
  yyjson_mut_obj_add_strcpy (doc, object, "file_base64", bytes);
}
