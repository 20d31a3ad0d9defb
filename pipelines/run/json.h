/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON for other programs: an object a line on standard output. */

#pragma once

#include <glib.h>
#include <yyjson.h>

G_BEGIN_DECLS

/* An object to be filled. event: its member of that name, static; NULL: it has none. */
yyjson_mut_val *l4_json_begin (yyjson_mut_doc **doc, const char *event);

/* Prints it at once. (transfer full) */
void l4_json_end (yyjson_mut_doc *doc);

/* The same as a line. (doc: transfer full; transfer full) */
char *l4_json_to_line (yyjson_mut_doc *doc);

/* Names of files are bytes: "file" has U+FFFD where they are no UTF-8, and they are in "file_base64" then. */
void l4_json_add_file (yyjson_mut_doc *doc, yyjson_mut_val *object, const char *path);

G_END_DECLS
