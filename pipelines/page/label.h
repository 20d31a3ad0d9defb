/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What pages say by themselves, in the user's language. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A label's text; NULL: there is none of that name (length: its bytes). */
const char *l4_page_label (const char *name, gsize length);

/* All of them as one JSON object, for the script, fit for a script element. (transfer full) */
char *l4_page_labels_to_json (void);

/* What the keyboard does, as parts of the dialog. (transfer full) */
char *l4_page_keys (gboolean film);

G_END_DECLS
