/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Questions about every window that are answered by yes or no. */

#pragma once

#include "window.h"

G_BEGIN_DECLS

#define GST_LLAMA4_MOST_QUESTIONS 32

/* Those of a text, one a line or between semicolons. (transfer full) */
char **gst_llama4_questions_split (const char *text);

/* As the model is asked them. (transfer full) */
char **gst_llama4_questions_spell (const char *text);

/* What they are answered with: an array of L4Likelihood that owns its questions. (transfer full) */
GArray *gst_llama4_likelihoods_new (void);

/* Asks each question of text about the window, and appends how likely yes is. system may be NULL. FALSE: one failed, or was cancelled. */
gboolean gst_llama4_questions_ask (const char *text, const GstLlama4Window * window, const char *system, L4Session * session,
    const L4GenerateOptions * options, GCancellable * cancellable, GArray * likelihoods, GError ** error);

G_END_DECLS
