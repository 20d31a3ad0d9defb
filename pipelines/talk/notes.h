/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Notes of what was seen in a film, and what a model that reads them makes of it. */

#pragma once

#include "talk/outline.h"
#include "talk/talk.h"

G_BEGIN_DECLS

typedef struct _L4Notes L4Notes;

/* name: of the film, as the model is told; length: nanoseconds. */
L4Notes *l4_notes_new (const char *name, guint64 length);
void l4_notes_free (L4Notes *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Notes, l4_notes_free)

/* In order. text: any; what was seen from start on, nanoseconds. */
void l4_notes_add (L4Notes *self, guint64 start, const char *text);

/* Title, summary and chapters of at least one note. Of more notes than one prompt holds parts are read first, of which progress hears,
 * and then what was read of these, as often as need be. What the model did not give is not in the outline. */
gboolean l4_notes_read (L4Notes *self, L4Talk *talk, L4Progress *progress, L4Outline *outline, GError **error);

G_END_DECLS
