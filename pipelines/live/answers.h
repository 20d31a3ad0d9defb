/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is answered to whom. */

#pragma once

#include <libsoup/soup.h>

#include "live/store.h"

G_BEGIN_DECLS

/* Belongs to the thread that serves, but for the store and the count. */
typedef struct _L4LiveAnswers L4LiveAnswers;

/* Adds itself to the server, which must be gone before it is freed. */
L4LiveAnswers *l4_live_answers_new (SoupServer *server, const char *token, const char *const *cameras);
void l4_live_answers_free (L4LiveAnswers *self);

/* Where the server listens. */
void l4_live_answers_set_port (L4LiveAnswers *self, guint port);

/* Borrowed. */
L4LiveStore *l4_live_answers_get_store (L4LiveAnswers *self);

guint l4_live_answers_count_readers (L4LiveAnswers *self);

/* What is new, to all pages that are open; that the server is there, by which those who left are noticed, too. */
void l4_live_answers_tell (L4LiveAnswers *self);
void l4_live_answers_show_life (L4LiveAnswers *self);

G_END_DECLS
