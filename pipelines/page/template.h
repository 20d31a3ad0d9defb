/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts that pages consist of, and the files beside them, as they stand in this folder. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What stands in a part for a name. */
typedef struct
{
  const char *name;
  const char *value;            /* bytes */
} L4PageValue;

/* Adds a part of page.html, filled in. The part says how each value is escaped: {name} as HTML, {name:json} as JSON, {name:url} as a
 * path; {name:part} is what this function made before. {_name} is a label (label.h). values end with a NULL name; NULL: none. */
void l4_page_add_part (GString *page, const char *part, const L4PageValue *values);

/* The same as a text of its own, to be a value. (transfer full) */
char *l4_page_part (const char *part, const L4PageValue *values);

/* A file of this folder: the style sheet, or a part of the script. Borrowed. */
const char *l4_page_file (const char *name, gsize *length);

G_END_DECLS
