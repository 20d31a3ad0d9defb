/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What JSON for other programs says of files. */

#include "run/json.h"

#include <string.h>

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
