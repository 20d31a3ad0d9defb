/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Talk with a model in text: the options that name it, prompts that fit its context, answers. */

#pragma once

#include "llama4.h"
#include "run/progress.h"

G_BEGIN_DECLS

/* The options' entries, for L4Command's `more`. */
const GOptionEntry *l4_talk_entries (void);

/* Whether they are right; an error also when they name no model: the embedded one cannot read. */
gboolean l4_talk_check (GError **error);

/* The language to answer in, by --language; NULL: not said. */
const char *l4_talk_language (void);

/* One conversation partner, who forgets what was asked before. Used by one thread. */
typedef struct _L4Talk L4Talk;

/* Loads the model that the options name, of which progress hears. max_tokens: of an answer, where they do not say. Both others are
 * borrowed; cancellable may be NULL. */
L4Talk *l4_talk_new (guint max_tokens, L4Progress *progress, GCancellable *cancellable, GError **error);
void l4_talk_free (L4Talk *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Talk, l4_talk_free)

const L4ModelInfo *l4_talk_get_info (const L4Talk *self);

/* A prompt with the first n of something. (transfer full) */
typedef char *(*L4TalkFunc) (guint n, gpointer user_data);

/* How many, up to most, may be in a prompt so that an answer fits into the context behind it. 0, with an error: not even one. */
guint l4_talk_fit (L4Talk *self, const char *system, L4TalkFunc make, gpointer user_data, guint most, GError **error);

/* Answers. A cancellation is an error here. on_text may be NULL. */
gboolean l4_talk_answer (L4Talk *self, const char *system, const char *prompt, L4TextFunc on_text, gpointer user_data,
    L4Answer *answer, GError **error);

/* Says so if that answer was cut. */
void l4_talk_tell (const L4Talk *self, const L4Answer *answer);

/* What untrusted text becomes before it stands in a prompt: one line, its square brackets round, so that it forms no number of a note.
 * (transfer full) */
char *l4_talk_quote (const char *text);

G_END_DECLS
