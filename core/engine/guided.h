/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Answers that are values of a schema: what a session keeps for them. */

#pragma once

#include "engine/llama.h"
#include "schema/guide.h"

typedef struct
{
  char *text;                   /* of the schema; NULL: none yet */
  L4Schema *schema;
  L4Guide *guide;
} L4Guided;

/* The guide for a schema's text; the one of before when it is the same text. NULL only with an error. Borrowed. */
L4Guide *l4_guided_prepare (L4Guided *self, L4Llama *model, const char *text, GError **error);
void l4_guided_clear (L4Guided *self);

/* "schema: the shortest answer takes …": returns FALSE. */
gboolean l4_guided_refuse (guint64 needed, guint most, GError **error);
