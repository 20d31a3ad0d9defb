/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The numbers of sources in an answer, [1] or [2, 5]: those that exist stay, in one form; the others never come out. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _L4Cites L4Cites;

/* Sources are numbered from 1 to n. */
L4Cites *l4_cites_new (guint n);
void l4_cites_free (L4Cites *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Cites, l4_cites_free)

/* Takes a piece of the answer (valid UTF-8), and adds to text what may be shown of it so far. */
void l4_cites_take (L4Cites *self, const char *piece, GString *text);

/* The answer has ended: adds what was still held back. */
void l4_cites_end (L4Cites *self, GString *text);

/* Whether the answer named source number n. */
gboolean l4_cites_named (const L4Cites *self, guint n);

G_END_DECLS
