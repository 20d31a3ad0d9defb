/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the model is asked about a window. */

#pragma once

#include "window.h"

G_BEGIN_DECLS

/* The parts of the user's turn: every frame after its time in seconds, then the question. Owns its strings, borrows the
 * window's pictures. */
typedef struct
{
  GArray *parts;                /* of L4Part */
  GPtrArray *strings;
} GstLlama4Prompt;

/* text may hold {start} {end} {timestamps} {frames} {schema}; schema may be NULL; language NULL or empty; before, which stands before text,
 * NULL. */
void gst_llama4_prompt_init (GstLlama4Prompt * self, const GstLlama4Window * window, const char *text, const char *schema,
    const char *language, const char *before);
void gst_llama4_prompt_clear (GstLlama4Prompt * self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (GstLlama4Prompt, gst_llama4_prompt_clear)

/* Seconds with one decimal and a point, whatever the locale. (transfer full) */
char *gst_llama4_prompt_seconds (GstClockTime time);

G_END_DECLS
