/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What JSON for other programs says of files. */

#pragma once

#include <glib.h>
#include <yyjson.h>

G_BEGIN_DECLS

/* Names of files are bytes: "file" has U+FFFD where they are no UTF-8, and they are in "file_base64" then. */
void l4_json_add_file (yyjson_mut_doc *doc, yyjson_mut_val *object, const char *path);

G_END_DECLS
