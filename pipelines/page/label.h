/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What pages say by themselves, in the user's language. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A label's text; NULL: there is none of that name (length: its bytes). */
const char *l4_page_label (const char *name, gsize length);

/* All of them as one JSON object, for the script, fit for a script element. (transfer full) */
char *l4_page_labels_to_json (void);

typedef enum
{
  L4_PAGE_LIST = 1 << 0,
  L4_PAGE_FILM = 1 << 1,
  L4_PAGE_LIVE = 1 << 2
} L4PageKind;

/* What the keyboard does on such a page, as parts of the dialog. (transfer full) */
char *l4_page_keys (L4PageKind kind);

G_END_DECLS
